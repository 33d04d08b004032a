"""T-PLG-2 to T-PLG-4: a plugin that stops, fills memory, or answers nonsense costs one request, and nobody else."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from hostile.attacks import BOMBS, FLOODS, LASTS, LOGS, SECRET, STOPS, VERDICTS, assert_not_loaded, assert_refused, assert_served
from hostile.attacks import assert_survived, assert_told, at_rest, attacked, all_gateways, completed, config, each, leave
from support.gateway import Gateway
from support.plugins import CONFORMANCE, HOSTILE, copied, failures, memory, plugin, route, shown
from support.upstream import Upstream
from support.wait import until

pytestmark = pytest.mark.xdist_group("plugin-limits")
# What the conformance plugin imports, with this machine for a host.
ASKS = {"http": ["127.0.0.1"], "kv": True, "secrets": ["token"], "metrics": True, "models": ["judge"]}


@pytest.fixture(scope="module")
def gateways():
    with all_gateways() as gateways:
        yield gateways


@each(BOMBS)
def test_t_plg_2_a_memory_bomb_is_stopped_at_the_limit(gateways, runtime, attack, kind):
    assert_survived(gateways[runtime], attack, kind)


@pytest.mark.parametrize("runtime", HOSTILE)
def test_t_plg_2_repeated_bombs_leave_no_memory_behind(gateways, runtime):
    gateway = gateways[runtime]
    assert_refused(gateway, attacked(gateway, "memory.deny"), BOMBS[runtime]["memory"])
    before = memory(gateway)
    for _ in range(10):
        assert_refused(gateway, attacked(gateway, "memory.deny"), BOMBS[runtime]["memory"])
        assert_served(gateway, "memory.deny")
    until(lambda: memory(gateway) < before + 200, f"less than {before} + 200 MiB", 20)


@each(STOPS)
def test_t_plg_3_what_stops_a_plugin_stops_one_request(gateways, runtime, attack, kind):
    assert_survived(gateways[runtime], attack, kind)


def test_t_plg_3_log_and_metrics_name_the_plugin(gateways):
    gateway = gateways["lua"]
    answer = attacked(gateway, "fail.deny")
    assert_told(gateway, answer, "failed")
    assert {line["filter"] for line in failures(gateway, answer.headers["x-request-id"])} == {"hostile"}
    assert gateway.metric("tidegate_plugin_calls_total", plugin="hostile", verdict="error") > 0


@pytest.mark.parametrize("runtime", HOSTILE)
def test_t_plg_3_a_plugin_that_fails_again_and_again_is_left_alone_for_a_moment(gateways, runtime):
    gateway = gateways[runtime]
    for _ in range(20):
        assert_refused(gateway, attacked(gateway, "trap.deny"))
    rested = attacked(gateway, "trap.deny")
    assert_refused(gateway, rested, "breaker")
    assert_served(gateway, "open", "fail.deny")
    until(lambda: gateway.chat("trap.deny").status_code == 200, "the plugin's next try", 20)
    assert_served(gateway, "trap.deny")


@each(FLOODS)
def test_t_plg_4_a_flood_of_calls_is_bounded(gateways, runtime, attack, kind):
    assert_survived(gateways[runtime], attack, kind)


@each(LOGS)
def test_t_plg_4_the_log_stays_small_and_others_are_served(gateways, runtime, attack, kind):
    gateway = gateways[runtime]
    before = completed(gateway)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(attacked, gateway, f"{attack}.deny")
        assert_served(gateway, "open", f"{attack}.deny")
        answer = running.result()
    assert answer.status_code in (200, 503)
    # The hooks off the path flood, too.
    at_rest(gateway, before + 2)
    assert_served(gateway, "open", f"{attack}.deny")
    lines = [line for line in list(gateway.log) if answer.headers["x-request-id"] in line]
    # 64 lines of the plugin, and one for each hook that failed.
    assert len(lines) <= 64 + 7 and all(len(line) < 4096 for line in lines)


@each(VERDICTS)
def test_t_plg_4_a_verdict_that_cannot_be_carried_out_is_a_failure(gateways, runtime, attack, kind):
    assert_survived(gateways[runtime], attack, kind)


def test_t_plg_4_forty_thousand_headers_of_a_component_are_a_failure():
    """In a gateway of its own, which tells at its end of a panic."""
    entry = route("many", "hostile", {"do": "many_headers"}, on_error="allow", timeout="30s")
    roomy = plugin(HOSTILE["wasm"], limits={"output": "16MiB"})
    with Gateway(config({"hostile": roomy}, [entry]), patience=60) as gateway:
        assert attacked(gateway, "many").status_code == 200
        assert_served(gateway, "open", "many")


@pytest.mark.parametrize("runtime", HOSTILE)
def test_t_plg_4_a_call_whose_client_left_is_cancelled(runtime, tmp_path):
    """Long before its deadline; and the only instance is free again."""
    left = []
    folder = copied(CONFORMANCE[runtime], tmp_path / "talker", ASKS)
    with Upstream(lambda seen, reply: left.append(reply.gone(20))) as upstream:
        calls = {"hooks": {"admit": {"calls": [{"http": [{"url": upstream.url, "timeout_ms": 30000}]}]}}}
        entry = route("waits", "talker", calls, timeout="60s")
        with Gateway(config({"talker": plugin(folder, max_instances=1, workers=1)}, [entry]), patience=60) as gateway:
            for number in range(1, 4):
                leave(gateway, "waits", lambda: len(upstream.requests) == number)
                until(lambda: left == [True] * number, "the end of the plugin's request")
            assert_served(gateway, "open")


CONFIGURES = [(runtime, attack) for runtime in HOSTILE for attack in (*BOMBS[runtime], *STOPS[runtime], "state_flood")]


@pytest.fixture(scope="module")
def refused():
    """A gateway whose plugins do something in `configure`, one each."""
    plugins = {f"{runtime}-{attack}": plugin(HOSTILE[runtime], SECRET) for runtime, attack in CONFIGURES}
    entries = [
        route(f"{runtime}-{attack}.{on_error}", f"{runtime}-{attack}", {"configure": attack}, on_error=on_error)
        for (runtime, attack), on_error in itertools.product(CONFIGURES, LASTS)
    ]
    with Gateway(config(plugins, entries), patience=60) as gateway:
        yield gateway


@pytest.mark.parametrize(("runtime", "attack"), CONFIGURES)
def test_t_plg_3_what_stops_configure_is_told_in_a_sentence(refused, runtime, attack):
    name = f"{runtime}-{attack}"
    assert_not_loaded(refused, shown(refused)[name], f"{name}.deny", f"{name}.allow")
