"""T-PLG-1: a plugin that never ends, wherever it loops, is stopped, and delays nobody until then."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from hostile.attacks import LASTS, LOOPS, assert_not_loaded, assert_refused, assert_served, assert_survived, assert_told
from hostile.attacks import attacked, all_gateways, config, each, in_flight, leave
from support.gateway import Gateway
from support.plugins import HOSTILE, RUNTIMES, cpu_seconds, failures, plugin, route, shown
from support.wait import until

# What the gateways do is measured by the clock, and they are started once.
pytestmark = pytest.mark.xdist_group("plugin-loops")


@pytest.fixture(scope="module")
def gateways():
    with all_gateways() as gateways:
        yield gateways


@each(LOOPS)
def test_t_plg_1_an_endless_loop_is_stopped_while_others_are_served(gateways, runtime, attack, kind):
    assert_survived(gateways[runtime], attack, kind)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_t_plg_1_more_loops_than_threads_hold_up_nobody(gateways, runtime):
    gateway = gateways[runtime]
    with crowd(gateway) as running:
        assert_served(gateway, "open", "crowd")
        assert not any(one.done() for one in running), "others were served only after them"
        for one in running:
            assert_refused(gateway, one.result(), "deadline")
    assert_served(gateway, "open", "crowd")


def test_t_plg_1_more_loops_than_threads_slow_nobody_down(gateways):
    """An answer takes some milliseconds in peace; 200 of them are allowed for here."""
    served = 0
    with crowd(gateways["wasm"]) as running:
        while not any(one.done() for one in running):
            assert_served(gateways["wasm"], "open")
            served += 1
    assert served >= 15


@contextmanager
def crowd(gateway: Gateway):
    """Four loops in a gateway with two threads, for three seconds."""
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(attacked, gateway, "crowd") for _ in range(4)]
        in_flight(gateway, 4)
        yield running


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_t_plg_1_a_loop_whose_client_left_is_ended(gateways, runtime):
    """Long before its deadline: the gateway rests. In a process of its own it may go on until then."""
    gateway = gateways[runtime]
    for _ in range(3):
        leave(gateway, "admit", lambda: gateway.metric("tidegate_requests_in_flight") == 1)
    until(lambda: busy(gateway) < 0.2, "a gateway that rests", 20)
    assert_served(gateway, "open", "loop.deny")


def busy(gateway: Gateway) -> float:
    """The part of a core that the gateway takes."""
    before = cpu_seconds(gateway)
    time.sleep(0.5)
    return (cpu_seconds(gateway) - before) / 0.5


@pytest.mark.parametrize("runtime", HOSTILE)
@pytest.mark.parametrize("hook", ["transform_event", "moderate_output"])
def test_t_plg_1_a_loop_in_a_stream_never_lets_it_look_complete(gateways, runtime, hook):
    """The head of the stream has left; none of its text does."""
    gateway = gateways[runtime]
    with ThreadPoolExecutor() as pool:
        running = pool.submit(attacked, gateway, hook, stream=True)
        in_flight(gateway, 1)
        assert_served(gateway, "open")
        assert not running.done(), "others were served only after it"
        answer = running.result()
    assert answer.status_code == 200
    assert "filter_failed" in answer.text and "[DONE]" not in answer.text and "content\":\"" not in answer.text.replace('"content":""', "")
    assert_told(gateway, answer, "deadline")


@pytest.mark.parametrize("runtime", HOSTILE)
@pytest.mark.parametrize("hook", ["settle", "completed"])
def test_t_plg_1_a_loop_after_the_answer_delays_nobody(gateways, runtime, hook):
    gateway = gateways[runtime]
    answers = [attacked(gateway, hook) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert not failures(gateway, answers[-1].headers["x-request-id"]), "its answer came only after the loop"
    for answer in answers:
        assert_told(gateway, answer, "deadline")


CONFIGURE_LOOPS = [("lua", "loop"), ("lua", "loop_pcall"), ("wasm", "loop"), ("python", "loop"), ("python", "deaf"), ("native", "loop")]


def test_t_plg_1_a_loop_in_configure_is_a_plugin_that_is_not_loaded():
    """It takes 5 s to be given up, in which all that is live serves on; so the cases run side by side."""
    with ExitStack() as stack:
        gateways = [Gateway(config({}, [])) for _ in CONFIGURE_LOOPS]
        for gateway in gateways:
            stack.enter_context(gateway)
        for gateway, (runtime, attack) in zip(gateways, CONFIGURE_LOOPS, strict=True):
            entries = [route(on_error, "stuck", {"configure": attack}, on_error=on_error) for on_error in LASTS]
            gateway.write(config({"stuck": plugin(HOSTILE[runtime])}, entries))
        for gateway in gateways:
            assert_served(gateway, "open")
            assert "stuck" not in shown(gateway), "others were served only after it"
        for gateway in gateways:
            stuck = until(lambda: shown(gateway).get("stuck"), "the end of configure", 30)
            assert_not_loaded(gateway, stuck, "deny", "allow")
