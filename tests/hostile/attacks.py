"""Attacks of plugins on their gateway, the routes on which they happen, and what must be true after each.

`plugins/` has the same hostile plugin for each runtime. Its configuration names the attack, which it carries out in every hook
of a request whose id contains "attack". A route `NAME.deny` or `NAME.allow` has it with `"do": NAME` and that `on_error`.
"""

import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from support.gateway import Gateway, proxy_config
from support.plugins import CONFORMANCE, HOSTILE, REFUSAL, assert_sentence, failures, plugin, route
from support.wait import until
from support.wire import request

SECRET = "canary-of-a-plugin"
# Attacks by runtime, each with the word by which log and metrics call its failure; `None` where it may end well.
LOOPS = {
    "lua": dict.fromkeys(["loop", "loop_calling", "loop_pcall", "loop_coroutine", "loop_pattern"], "deadline"),
    "wasm": dict.fromkeys(["loop", "loop_calling"], "deadline"),
    "python": {
        **dict.fromkeys(["loop", "loop_calling", "loop_caught", "loop_in_c"], "deadline"),
        **dict.fromkeys(["sleep", "deaf", "stopped", "memory_caught"], "deadline"),
    },
    "native": dict.fromkeys(["loop", "loop_calling", "sleep", "deaf", "stopped"], "deadline"),
}
BOMBS = {
    "lua": dict.fromkeys(["memory", "memory_slowly", "memory_pcall"], "memory"),
    "wasm": dict.fromkeys(["memory", "memory_slowly"], "memory"),
    # A MemoryError is an error like others.
    "python": dict.fromkeys(["memory", "memory_slowly", "memory_at_once"], "failed") | {"share": "trapped"},
    "native": dict.fromkeys(["memory", "memory_slowly"], "trapped"),
}
STOPS = {
    "lua": {
        "recurse": "trapped",
        **dict.fromkeys(["trap", "panic", "out_of_bounds"], "failed"),
        **dict.fromkeys(["fail", "fail_loudly", "fail_in_bytes", "fail_in_lines", "fail_with_secret"], "failed"),
    },
    "wasm": {
        **dict.fromkeys(["recurse", "trap", "panic", "divide", "out_of_bounds"], "trapped"),
        **dict.fromkeys(["fail", "fail_loudly"], "failed"),
    },
    "python": {
        **dict.fromkeys(["recurse", "trap", "system_exit", "interrupt", "generator_exit", "leave"], "failed"),
        **dict.fromkeys(["fail", "fail_loudly", "fail_in_bytes", "fail_in_lines", "fail_with_secret"], "failed"),
        **dict.fromkeys(["fail_nameless", "fail_in_a_group"], "failed"),
        **dict.fromkeys(["recurse_in_c", "exit_at_once", "abort", "segfault", "kill_group"], "trapped"),
        **dict.fromkeys(["close_socket", "garbage", "silence"], "trapped"), "lying_length": "output",
    },
    # A panic is caught before it leaves the library; its process ends nevertheless.
    "native": {
        **dict.fromkeys(["panic", "divide", "fail", "fail_loudly"], "failed"),
        **dict.fromkeys(["recurse", "trap", "out_of_bounds", "exit_at_once", "kill_group"], "trapped"),
        **dict.fromkeys(["close_socket", "garbage", "silence"], "trapped"), "lying_length": "output",
    },
}
FLOODS = {
    "lua": {"state_flood": "failed"},
    "wasm": {"state_flood": "failed", "service_flood": "trapped"},
    "python": {"state_flood": "failed"},
    "native": {"state_flood": "failed", "service_flood": "trapped"},
}
LOGS = dict.fromkeys(HOSTILE, dict.fromkeys(["log_flood", "log_huge", "log_fields"]))
# Of `transform_request` only. The plugin in Rust fails in other hooks, too, since they have no such attack.
VERDICTS = {
    "lua": {
        "huge_output": "output",
        "many_edits": None,
        **dict.fromkeys(["bad_headers", "split_header", "own_header", "bad_bytes", "bad_pointer"], "invalid"),
        **dict.fromkeys(["bad_status", "large_status", "informational_status", "no_verdict"], "invalid"),
    },
    "wasm": {"huge_output": "output", "bad_headers": "invalid", "bad_pointer": "invalid", "bad_status": "invalid", "many_edits": None},
    # What its package checks where the author writes it fails there; a frame far beyond the limit is not read to its end.
    "python": {
        "huge_output": "output",
        **dict.fromkeys(["many_edits", "many_headers", "many_reply_headers"]),
        **dict.fromkeys(["bad_headers", "split_header", "own_header"], "invalid"),
        **dict.fromkeys(["bad_bytes", "bad_pointer", "bad_status", "large_status", "no_json", "deep_json", "no_verdict"], "failed"),
    },
    "native": {
        "huge_output": "output",
        **dict.fromkeys(["many_edits", "many_headers"]),
        **dict.fromkeys(["bad_headers", "bad_pointer", "bad_status"], "invalid"),
    },
}
# A plugin that obeys but for one hook, in which it never ends; a route of the name of the hook has it.
SPINS = {
    "admit": {"admit": {"spin": True}},
    "transform_event": {"transform_event": {"spin": True}},
    "moderate_output": {"moderate_output": {"spin": True}},
    "settle": {"admit": {"answer": {"admitted": "ticket"}}, "settle": {"spin": True}},
    "completed": {"completed": {"spin": True}},
}
TABLES = (LOOPS, BOMBS, STOPS, FLOODS, LOGS, VERDICTS)
# A loop lasts as long as it may: long enough for others to be served meanwhile, or short where every hook has one.
LASTS = {"deny": "3s", "allow": "100ms"}
numbers = itertools.count()


def each(table: dict) -> pytest.MarkDecorator:
    cases = [(runtime, attack, kind) for runtime in HOSTILE for attack, kind in table[runtime].items()]
    return pytest.mark.parametrize(("runtime", "attack", "kind"), cases, ids=[f"{case[0]}-{case[1]}" for case in cases])


def routes(runtime: str) -> list[dict]:
    lasting = [*LOOPS[runtime], "log_flood"]
    attacks = itertools.chain.from_iterable(table[runtime] for table in TABLES)
    for attack, on_error in itertools.product(attacks, LASTS):
        timeout = LASTS[on_error] if attack in lasting else "30s"
        yield route(f"{attack}.{on_error}", "hostile", {"do": attack}, on_error=on_error, timeout=timeout)
    yield route("crowd", "hostile", {"do": "loop"}, timeout="3s")
    for hook, hooks in SPINS.items():
        yield route(hook, "spinner", {"hooks": hooks}, timeout="100s" if hook == "admit" else "1s")


def config(plugins: dict, routes: list[dict]) -> dict:
    """One more route has no filter."""
    routes = [*routes, {"name": "open", "backends": [{"cluster": "local"}]}]
    return proxy_config({"local": {"provider": "mock", "echo": True}}, routes=routes, plugins=plugins, workers=2)


@contextmanager
def all_gateways():
    """A gateway for each runtime, with a route for each attack. A hook that spins takes one worker, and others have to be left."""
    with ExitStack() as stack:
        started = {}
        for runtime in HOSTILE:
            plugins = {"hostile": plugin(HOSTILE[runtime], SECRET), "spinner": plugin(CONFORMANCE[runtime], workers=6)}
            started[runtime] = stack.enter_context(Gateway(config(plugins, [*routes(runtime)]), patience=60))
        yield started


def attacked(gateway: Gateway, name: str, **body):
    """The answer to a request that its plugin attacks; its id stands in `x-request-id`."""
    return gateway.chat(name, headers={"x-request-id": f"attack-{next(numbers)}"}, **body)


def assert_served(gateway: Gateway, *names: str):
    for name in names:
        answer = gateway.chat(name, headers={"x-request-id": "peace"})
        assert answer.status_code == 200, (name, answer.text, gateway.log[-8:])


def assert_refused(gateway: Gateway, answer, kind: str | None = None):
    """With nothing of the inside in the answer, and with its cause in the log."""
    assert (answer.status_code, answer.json()) == (503, REFUSAL)
    assert_told(gateway, answer, kind)


def assert_told(gateway: Gateway, answer, kind: str | None):
    """The log has a failure of this kind on the request, in bounds."""
    number = answer.headers["x-request-id"]

    def found():
        return [line for line in failures(gateway, number) if kind in (None, line["kind"])]

    told = until(found, f'a failure "{kind}" in the log of {number}')
    assert all(len(line["error"]) < 2000 for line in told)


def assert_survived(gateway: Gateway, attack: str, kind: str | None):
    """The request fails as its entry says, others are served beside it, and the same plugin serves the next one."""
    deny, allow = f"{attack}.deny", f"{attack}.allow"
    before, sent = completed(gateway), 3
    with ThreadPoolExecutor() as pool:
        running = pool.submit(attacked, gateway, deny)
        # On a machine that is busy it may be over before anyone looks.
        tries = 3 if kind == "deadline" else 0
        while tries and not is_seen(gateway, running):
            running, tries, sent = pool.submit(attacked, gateway, deny), tries - 1, sent + 1
        assert_served(gateway, "open", deny)
        assert not (kind == "deadline" and running.done()), "others were served only after it"
        if kind:
            assert_refused(gateway, running.result())
            assert kind != "deadline" or running.result().elapsed.total_seconds() < 6
    forgiven = attacked(gateway, allow)
    assert forgiven.status_code == 200 and SECRET not in forgiven.text
    if kind:
        assert_told(gateway, forgiven, kind)
        # The hook off the path attacks, too, and takes a call down that waits behind it in the same process.
        at_rest(gateway, before + sent)
    assert_served(gateway, "open", deny, allow)


def completed(gateway: Gateway) -> float:
    """Exchanges whose last hook is over, however it ended."""
    return gateway.metric("tidegate_plugin_calls_total", plugin="hostile", hook="completed")


def at_rest(gateway: Gateway, count: float):
    """Waits for the last hooks, which are off the path: as many of them as there are workers leave none for a moment."""
    until(lambda: completed(gateway) >= count, f"the last hook of {count} exchanges", 20)


def is_seen(gateway: Gateway, running) -> bool:
    """Whether a request is in flight while this one runs."""
    while not running.done():
        if gateway.metric("tidegate_requests_in_flight") >= 1:
            return True
        time.sleep(0.01)
    return False


def in_flight(gateway: Gateway, count: int):
    until(lambda: gateway.metric("tidegate_requests_in_flight") >= count, f"{count} request(s) in flight")


def leave(gateway: Gateway, name: str, begun):
    """Sends a request and goes away as soon as it has begun."""
    body = json.dumps({"model": name, "messages": [{"role": "user", "content": "hello"}]}).encode()
    with gateway.wire() as wire:
        wire.send(request("POST", "/v1/chat/completions", body, content_type="application/json", x_request_id="attack"))
        until(begun, "the request")


def assert_not_loaded(gateway: Gateway, entry: dict, deny: str, allow: str):
    assert entry["state"] == "failed"
    assert_sentence(entry["error"])
    answer = gateway.chat(deny)
    assert (answer.status_code, answer.json()) == (503, REFUSAL)
    assert_served(gateway, "open", allow)
