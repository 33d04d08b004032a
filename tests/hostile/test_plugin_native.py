"""T-PLG-3 for native plugins in the gateway's own process, which is trusted: an error, a panic and a slow call cost one request."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from hostile.attacks import assert_refused, assert_served, attacked, config
from support.gateway import Gateway
from support.plugins import HOSTILE, plugin, route
from support.wait import until

ATTACKS = {"fail": "failed", "fail_loudly": "failed", "panic": "trapped", "divide": "trapped", "state_flood": "failed", "nap": "deadline"}
VERDICTS = {"huge_output": "output", "bad_headers": "invalid", "bad_pointer": "invalid", "bad_status": "invalid"}


@pytest.fixture(scope="module", params=["inline", "blocking"])
def gateway(request):
    keys = {"isolation": "in_process", "blocking": request.param == "blocking"}
    attacks = [*ATTACKS, *VERDICTS, "log_flood"]
    routes = [
        route(f"{attack}.{on_error}", "hostile", {"do": attack}, on_error=on_error, timeout="200ms" if attack == "nap" else "30s")
        for attack in attacks
        for on_error in ("deny", "allow")
    ]
    with Gateway(config({"hostile": plugin(HOSTILE["native"], **keys)}, routes)) as gateway:
        yield gateway


@pytest.mark.parametrize(("attack", "kind"), [*ATTACKS.items(), *VERDICTS.items()])
def test_t_plg_3_a_failure_costs_one_request(gateway, attack, kind):
    refused = attacked(gateway, f"{attack}.deny")
    assert_refused(gateway, refused, None if attack in VERDICTS else kind)
    assert_served(gateway, "open")
    # Threads with slow calls are waited for first.
    until(lambda: gateway.chat(f"{attack}.deny").status_code == 200, "the plugin's next try")
    assert attacked(gateway, f"{attack}.allow").status_code == 200
    until(lambda: gateway.chat(f"{attack}.allow").status_code == 200, "the plugin's next try")
    until(lambda: gateway.chat(f"{attack}.deny").status_code == 200, "the plugin's next try")


def test_t_plg_4_a_flood_of_lines_fills_no_log(gateway):
    answer = attacked(gateway, "log_flood.deny")
    assert answer.status_code == 200
    lines = [line for line in list(gateway.log) if answer.headers["x-request-id"] in line]
    assert len(lines) <= 64 + 7


def test_t_plg_1_calls_that_never_end_lose_their_threads_and_then_nobody_calls():
    """On threads of their own; and a gateway with lost threads ends as any other."""
    keys = {"isolation": "in_process", "blocking": True}
    routes = [route("stuck", "hostile", {"do": "sleep"}, timeout="300ms")]
    gateway = Gateway(config({"hostile": plugin(HOSTILE["native"], **keys)}, routes))
    with gateway:
        for _ in range(2):
            assert_refused(gateway, attacked(gateway, "stuck"), "deadline")
            assert_served(gateway, "open")
        started = time.monotonic()
        refused = attacked(gateway, "stuck")
        assert_refused(gateway, refused, "failed")
        assert time.monotonic() - started < 0.25
        assert "never ended and hold a thread each" in "".join(gateway.log)
        assert_served(gateway, "open")
        assert gateway.stop(20) == 0


def test_t_plg_1_a_slow_call_on_a_thread_of_its_own_delays_nobody():
    keys = {"isolation": "in_process", "blocking": True}
    routes = [route("slow", "hostile", {"do": "nap"}, timeout="30s")]
    with Gateway(config({"hostile": plugin(HOSTILE["native"], **keys)}, routes)) as gateway, ThreadPoolExecutor(8) as pool:
        running = [pool.submit(attacked, gateway, "slow") for _ in range(8)]
        until(lambda: gateway.metric("tidegate_requests_in_flight") >= 8, "8 requests in flight")
        started = time.monotonic()
        assert_served(gateway, "open")
        assert time.monotonic() - started < 0.5
        assert not any(one.done() for one in running)
        assert [one.result().status_code for one in running] == [200] * 8
