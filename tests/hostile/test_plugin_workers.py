"""T-PLG-1 to T-PLG-4 and T-PLG-6 for plugins in processes: whatever becomes of a worker costs the requests that it had, no other.

A new worker serves soon afterwards, and nothing that a worker started, printed or wrote outlives it or its gateway.
"""

import itertools
import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx
import pytest

from hostile.attacks import assert_refused, assert_served, assert_told, attacked, config, in_flight
from support.gateway import Gateway
from support.plugins import HOSTILE, memory, plugin, route, written
from support.processes import alive, children, guards, marked, variables, workers, zombies
from support.wait import until

# What the gateways do is measured by the clock, and they are started once.
pytestmark = pytest.mark.xdist_group("plugin-workers")
PRINTS = ["print_flood", "print_huge"]
# Seconds: of the plugin's answer, and to another worker, of which a machine under load may need some.
DEADLINE, SOON = 3, 6
STARTS = ["fork", "start", "detach", "daemon"]
LEAVES = [*STARTS, "thread", "threads"]
# Stacks count as memory: those of fifty threads a hook are more than a worker usually has, and the attack would be a failure.
ROOMY = {"memory": "1GiB"}
# Errors where the worker has an event loop that all its calls share.
ASYNC = """
import asyncio, os, sys, time
from tidegate import Plugin, reply

async def forever():
    while True:
        pass

async def leave():
    raise SystemExit(3)

class One(Plugin):
    def configure(self, config):
        self.attack = config["do"]

    async def transform_request(self, ctx, headers, body):
        if "attack" in ctx.request_id:
            await getattr(self, self.attack)()
        return reply(200, json={"pid": os.getpid()})

    async def loop(self):
        while True:
            pass

    async def sleep(self):
        time.sleep(1_000_000)

    async def wait(self):
        await asyncio.sleep(1_000_000)

    async def yielding(self):
        while True:
            await asyncio.sleep(0)

    async def uncancelled(self):
        while True:
            try:
                await asyncio.sleep(1_000_000)
            except asyncio.CancelledError:
                pass

    async def exit(self):
        sys.exit(3)

    async def interrupt(self):
        raise KeyboardInterrupt

    async def cancelled(self):
        raise asyncio.CancelledError

    async def stop_loop(self):
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0)
        raise RuntimeError("on demand")

    async def close_loop(self):
        asyncio.get_running_loop().close()

    async def die(self):
        os._exit(3)

    async def task_that_leaves(self):
        asyncio.ensure_future(leave())
        await asyncio.sleep(0.1)
        raise RuntimeError("on demand")

    async def task_that_loops(self):
        asyncio.ensure_future(forever())
        await asyncio.sleep(0.1)
"""
ASYNC_ATTACKS = {
    **dict.fromkeys(["loop", "sleep", "wait", "yielding", "uncancelled", "task_that_loops"], "deadline"),
    **dict.fromkeys(["exit", "interrupt", "cancelled", "stop_loop", "close_loop", "task_that_leaves"], "failed"),
    "die": "trapped",
}


def hostile(runtime: str = "python", **keys) -> dict:
    return plugin(HOSTILE[runtime], **keys)


@pytest.fixture(params=["python", "native"])
def runtime(request) -> str:
    """One supervisor and one protocol serve both."""
    return request.param


def quick(gateway: Gateway, name: str) -> int | None:
    """The id of the process that answered, or `None` where it was a failure."""
    answer = attacked(gateway, name)
    if answer.status_code == 200:
        return answer.json()["pid"]
    assert_refused(gateway, answer)
    return None


def assert_tidy(gateway: Gateway):
    until(lambda: not zombies(gateway), "every child waited for")


@pytest.fixture(scope="module")
def gateway():
    attacks = [*PRINTS, "close_output", "exit_at_once", "loop", "memory"]
    routes = [
        route(f"{attack}.{on_error}", "hostile", {"do": attack}, on_error=on_error, timeout="1s" if attack == "loop" else "30s")
        for attack, on_error in itertools.product(attacks, ("deny", "allow"))
    ]
    routes.append(route("many", "hostile", {"do": "loop"}, timeout="2s"))
    routes.append(route("poison", "hostile", {"do": "exit_at_once", "always": False}, timeout="20s"))
    with Gateway(config({"hostile": hostile()}, routes), patience=60) as gateway:
        yield gateway
        assert_tidy(gateway)


# -- what a hook does to its own process -----------------------------------------------------------------------------


@pytest.mark.parametrize("attack", PRINTS)
def test_t_plg_4_what_is_printed_fills_no_log(gateway, attack):
    """100 lines a stream of a worker in ten seconds, 1 KiB each; nobody waits for the rest of them to be read."""
    before, held = len(gateway.log), memory(gateway)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(attacked, gateway, f"{attack}.deny")
        assert_served(gateway, "open", f"{attack}.deny")
        assert running.result().status_code == 200
    assert_served(gateway, "open", f"{attack}.deny")
    lines = gateway.log[before:]
    # Two workers with two streams each, and the lines that tell what was left out.
    assert len(lines) < 4 * 102 and all(len(line) < 8192 and line.startswith("{") for line in lines)
    assert memory(gateway) < held + 64


def test_t_plg_4_a_worker_without_output_serves_on(gateway):
    for _ in range(3):
        assert attacked(gateway, "close_output.deny").status_code == 200
    assert_served(gateway, "close_output.deny")


def test_t_plg_1_more_loops_than_workers_hold_up_no_other_plugin(gateway):
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(attacked, gateway, "many") for _ in range(6)]
        in_flight(gateway, 6)
        assert_served(gateway, "open", "exit_at_once.deny")
        assert not all(one.done() for one in running), "others were served only after them"
        for one in running:
            assert_refused(gateway, one.result(), "deadline")
    until(lambda: gateway.chat("many").status_code == 200, "the plugin's next try", 20)


def test_t_plg_2_t_plg_3_repeated_deaths_leave_nothing_behind(gateway, count):
    """Neither memory nor descriptors of the gateway, nor processes."""
    def once():
        for attack, status in (("exit_at_once", 503), ("memory", 503)):
            assert attacked(gateway, f"{attack}.deny").status_code == status
            until(lambda: gateway.chat(f"{attack}.deny").status_code == 200, "the plugin's next try", 30)

    once()
    held, files, processes = memory(gateway), descriptors(gateway), len(children(gateway))
    for _ in range(count(3, 8)):
        once()
    until(lambda: memory(gateway) < held + 64, f"less than {held} + 64 MiB", 20)
    until(lambda: descriptors(gateway) <= files + 8, f"no more than {files} descriptors", 20)
    until(lambda: len(children(gateway)) <= processes, f"no more than {processes} children", 20)


def test_t_plg_3_a_request_that_ends_its_worker_keeps_nobody_else_waiting(gateway):
    """However often it comes: a worker that has served is no worker that cannot be started."""
    for _ in range(10):
        assert attacked(gateway, "poison").status_code == 503
        peaceful = gateway.chat("poison")
        assert peaceful.status_code == 200 and peaceful.elapsed.total_seconds() < 4


def descriptors(gateway: Gateway) -> int:
    return len(os.listdir(f"/proc/{gateway.process.pid}/fd"))


# -- one event loop for all calls ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def looping(tmp_path_factory):
    """A gateway whose plugin has hooks that are asynchronous."""
    package = written(tmp_path_factory.mktemp("async") / "async", ASYNC, ["transform_request"], runtime="python")
    routes = [
        route(f"{attack}.{on_error}", "async", {"do": attack}, on_error=on_error, timeout="1s")
        for attack, on_error in itertools.product(ASYNC_ATTACKS, ("deny", "allow"))
    ]
    with Gateway(config({"async": plugin(package)}, routes), patience=60) as gateway:
        yield gateway
        assert_tidy(gateway)


@pytest.mark.parametrize(("attack", "kind"), ASYNC_ATTACKS.items())
def test_t_plg_1_t_plg_3_in_an_event_loop(looping, attack, kind):
    with ThreadPoolExecutor() as pool:
        running = pool.submit(attacked, looping, f"{attack}.deny")
        assert_served(looping, "open")
        assert_refused(looping, running.result(), kind)
    served_again(looping, f"{attack}.deny")
    forgiven = attacked(looping, f"{attack}.allow")
    assert forgiven.status_code == 200
    assert_told(looping, forgiven, kind)
    served_again(looping, f"{attack}.allow")


def served_again(gateway: Gateway, name: str):
    """By the plugin, and not in passing by."""
    until(lambda: "pid" in gateway.chat(name).text, "the plugin's next try", 20)


def test_t_plg_1_a_worker_that_is_ended_gets_no_further_call(looping):
    """Others than those that it has are not lost with it."""
    for _ in range(8):
        served_again(looping, "loop.deny")
        assert_refused(looping, attacked(looping, "loop.deny"), "deadline")
        assert_served(looping, "loop.deny")


def test_t_plg_1_calls_go_to_the_worker_that_has_fewer(looping):
    """So that one which hangs takes none with it that an idle one could have served."""
    served_again(looping, "sleep.deny")
    with ThreadPoolExecutor() as pool:
        running = pool.submit(attacked, looping, "sleep.deny")
        in_flight(looping, 1)
        for _ in range(4):
            assert_served(looping, "sleep.deny")
        assert not running.done(), "others were served only after it"


@pytest.mark.parametrize("attack", ["wait", "yielding"])
def test_t_plg_1_a_call_that_waits_holds_up_no_other_of_its_worker(looping, attack):
    with ThreadPoolExecutor() as pool:
        running = pool.submit(attacked, looping, f"{attack}.deny")
        in_flight(looping, 1)
        for _ in range(4):
            assert_served(looping, f"{attack}.deny")
        assert not running.done(), "others were served only after it"
        assert_refused(looping, running.result(), "deadline")


# -- signals from outside --------------------------------------------------------------------------------------------


@dataclass
class Trickle:
    """What became of requests that came all the time: when each ended, and who answered."""

    answers: list[tuple[float, int | None]] = field(default_factory=list)

    def failed(self) -> int:
        return sum(pid is None for _, pid in list(self.answers))

    def newcomer(self, known: set[int], since: float) -> float | None:
        """Seconds until somebody answered who had not been there before."""
        times = [ended - since for ended, pid in list(self.answers) if pid is not None and pid not in known and ended > since]
        return min(times, default=None)


@contextmanager
def trickle(gateway: Gateway, name: str, clients: int = 3):
    """Some clients that ask one after the other, all of them together 50 to 100 times a second."""
    told, over = Trickle(), threading.Event()

    def ask():
        while not over.wait(0.02):
            pid = quick(gateway, name)
            told.answers.append((time.monotonic(), pid))

    with ThreadPoolExecutor() as pool:
        clients = [pool.submit(ask) for _ in range(clients)]
        try:
            until(lambda: len(told.answers) > 20, "a trickle of requests")
            yield told
        finally:
            over.set()
        for client in clients:
            client.result()


@pytest.fixture
def steady(runtime):
    """One plugin with two workers, which tell their ids. A gateway for each test: deaths in a row make pauses longer."""
    routes = [route("steady", "steady", {"do": "pid"}, timeout=f"{DEADLINE}s")]
    with Gateway(config({"steady": hostile(runtime, workers=2)}, routes), patience=60) as gateway:
        yield gateway
        assert_tidy(gateway)


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSTOP", "SIGTERM", "SIGSEGV"])
def test_t_plg_6_a_signal_fails_what_its_worker_had(steady, count, name):
    """Of one worker that is one request; a new one serves soon, after a worker that hangs once its deadline is over."""
    for _ in range(count(2, 4)):
        known = settled(steady)
        with trickle(steady, "steady") as told:
            victim, since = min(known), time.monotonic()
            os.kill(victim, getattr(signal, name))
            if name == "SIGSEGV" and alive(victim):
                # Rust looks at the first one, finds no stack behind it, and goes on.
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGSEGV)
            served = until(lambda: told.newcomer(known, since), "a new worker", 15)
            assert served < (DEADLINE if name == "SIGSTOP" else 0) + SOON, served
            time.sleep(0.3)
        assert told.failed() <= 1, Counter(pid for _, pid in told.answers)
        assert not alive(victim)
        assert_tidy(steady)


def test_t_plg_6_an_interrupt_from_outside_costs_one_request_at_most(steady):
    """As from a keyboard, which sends it to all processes of a terminal; the gateway decides when its workers end."""
    known = settled(steady)
    with trickle(steady, "steady") as told:
        for worker in known:
            os.kill(worker, signal.SIGINT)
        time.sleep(1)
    assert told.failed() <= len(known), Counter(pid for _, pid in told.answers)


def test_t_plg_6_a_signal_for_all_workers_fails_what_they_had(steady):
    known = settled(steady)
    with trickle(steady, "steady") as told:
        since = time.monotonic()
        for worker in known:
            os.kill(worker, signal.SIGKILL)
        served = until(lambda: told.newcomer(known, since), "a new worker", 15)
        assert served < SOON, served
        time.sleep(0.3)
    assert told.failed() <= len(known), Counter(pid for _, pid in told.answers)


def settled(gateway: Gateway) -> set[int]:
    """The workers, once all are there and answer."""
    until(lambda: len(workers(gateway)) == 2, "two workers", 20)
    known = workers(gateway)
    answered = set()
    with ThreadPoolExecutor(8) as pool:
        # Together: one after the other could meet the same worker each time.
        asked = lambda: answered.update(pool.map(lambda _: quick(gateway, "steady"), range(8)))  # noqa: E731
        until(lambda: asked() or known <= answered, "an answer of each", 20)
    return known


# -- the end ---------------------------------------------------------------------------------------------------------


@contextmanager
def busy(tmp_path, *attacks: str, timeout: str = "60s", runtime: str = "python", **keys):
    """A gateway whose plugin, with these keys, did that to it, with a folder for temporary files of its own."""
    routes = [route(attack, "hostile", {"do": attack}, timeout=timeout) for attack in attacks]
    environment = {"TMPDIR": str(tmp_path)}
    plugins = {"hostile": hostile(runtime, **keys)}
    with Gateway(config(plugins, routes), env=environment, patience=60) as gateway, ThreadPoolExecutor() as pool:
        until(lambda: len(workers(gateway)) == 2 * len(attacks), "all workers")
        known = workers(gateway)
        try:
            asked = [pool.submit(attempt, gateway, attack) for attack in attacks]
            until(lambda: sum(one.done() for one in asked) + gateway.metric("tidegate_requests_in_flight") >= len(attacks), "the attacks")
            yield gateway
        finally:
            for process in alive(*known):
                os.kill(process.pid, signal.SIGKILL)


def attempt(gateway: Gateway, name: str):
    """A request that may end with its gateway."""
    with suppress(httpx.HTTPError):
        attacked(gateway, name)


@pytest.mark.parametrize("attack", LEAVES)
def test_t_plg_3_what_a_plugin_leaves_running_keeps_no_worker_from_serving(tmp_path, attack, runtime):
    with busy(tmp_path, attack, runtime=runtime, limits=ROOMY) as gateway:
        for _ in range(5):
            assert_served(gateway, attack, "open")
        assert not [line for line in gateway.log if "filter failed" in line], "what is left running is not all of the attack"


def test_t_plg_6_a_gateway_that_is_killed_leaves_no_worker(tmp_path, runtime):
    with busy(tmp_path, "pid", "sleep", "deaf", "loop", "stopped", runtime=runtime) as gateway:
        left = workers(gateway)
        gateway.kill()
        until(lambda: not alive(*left), "the end of every worker")


@pytest.mark.parametrize("attack", STARTS)
def test_t_plg_6_a_gateway_that_is_killed_leaves_nothing_that_its_workers_started(tmp_path, attack, runtime):
    """Nor the process that sees to that."""
    with busy(tmp_path, attack, runtime=runtime) as gateway:
        guard = guards(gateway)
        assert len(guard) == 1
        until(lambda: len(marked(tmp_path)) > 2, "a child of a worker")
        gateway.kill()
        until(lambda: not marked(tmp_path), "the end of every worker and its children")
        until(lambda: not alive(*guard), "the end of the guard")


@pytest.mark.parametrize("attacks", [["pid", "close_output"], STARTS, ["thread", "threads"]], ids="-".join)
def test_t_plg_6_a_clean_stop_leaves_nothing(tmp_path, attacks, runtime):
    """And waits for nobody."""
    with busy(tmp_path, *attacks, runtime=runtime) as gateway:
        guard, began = guards(gateway), time.monotonic()
        assert runtime != "python" or list(tmp_path.glob("tidegate-python-*"))
        assert gateway.stop() == 0
        # Fifty threads that compute let their worker answer late.
        assert "threads" in attacks or time.monotonic() - began < SOON
        until(lambda: not marked(tmp_path), "the end of every worker and its children")
        until(lambda: not alive(*guard), "the end of the guard")
        assert not list(tmp_path.iterdir())


def test_t_plg_6_what_a_worker_left_behind_ends_with_it_and_not_with_another(tmp_path, runtime):
    """It is the gateway's child by then, and no zombie afterwards."""
    with busy(tmp_path, "daemon", runtime=runtime) as gateway:
        first, second = [pid for pid in workers(gateway) if alive(pid)]
        # Each hook of a request leaves one.
        for victim in (first, second):
            until(lambda: len(belonging(tmp_path, victim)) > 2 or attempt(gateway, "daemon"), "an orphan of each")
        for victim, other in ((first, second), (second, first)):
            gone, kept = belonging(tmp_path, victim), belonging(tmp_path, other)
            os.kill(victim, signal.SIGKILL)
            until(lambda: not gone & marked(tmp_path), "the end of its orphans")
            assert victim == second or kept <= marked(tmp_path)
        assert_tidy(gateway)


def belonging(folder, worker: int) -> set[int]:
    """A worker, and what it started."""
    mark = variables(worker).get("TIDEGATE_WORKER")
    return {pid for pid in marked(folder) if mark and variables(pid).get("TIDEGATE_WORKER") == mark}


def test_t_plg_6_a_guard_that_is_killed_is_replaced(tmp_path, runtime):
    with busy(tmp_path, "detach", runtime=runtime) as gateway:
        (guard,) = guards(gateway)
        os.kill(guard, signal.SIGKILL)
        assert_tidy(gateway)
        # The next worker needs one.
        for pid in workers(gateway):
            os.kill(pid, signal.SIGKILL)
        until(lambda: guards(gateway) - {guard} and len(workers(gateway)) == 2, "new ones")
        attempt(gateway, "detach")
        gateway.kill()
        until(lambda: not marked(tmp_path), "the end of every worker and its children")


def test_t_plg_6_a_gateway_without_workers_has_no_guard():
    with Gateway(config({}, [])) as gateway:
        assert_served(gateway, "open")
        assert not children(gateway)


def test_t_plg_6_a_stop_waits_for_no_worker_that_hangs(tmp_path, runtime):
    """No longer than for requests."""
    with busy(tmp_path, "deaf", runtime=runtime) as gateway:
        left = workers(gateway)
        gateway.stop(60)
        until(lambda: not alive(*left), "the end of every worker")
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("attack", ["pid", *STARTS, "thread", "threads", "stopped"])
def test_t_plg_6_a_plugin_that_is_taken_away_leaves_nothing(tmp_path, attack, runtime):
    """The others stay as they are."""
    with busy(tmp_path, attack, timeout="2s", runtime=runtime) as gateway:
        left = workers(gateway)
        gateway.write(config({}, []))
        until(lambda: not alive(*left), "the end of every worker", 30)
        until(lambda: not workers(gateway), "the end of what they left behind")
        until(lambda: not list(tmp_path.glob("tidegate-python-*")), "the end of its files")
        assert_served(gateway, "open")
        assert_tidy(gateway)
