"""T-PLG-4, T-HDR-1: a verdict that cannot be carried out is a failure of its plugin in every hook that gives one.

Nothing of it is done, `on_error` decides, the client is not blamed, and the next answer on the connection is whole.
"""

import json

import pytest

from hostile.attacks import assert_told, attacked, config
from support.gateway import Gateway
from support.plugins import REFUSAL, route, written
from support.wire import request

ARGUMENTS = {
    "authenticate": "ctx, head",
    "admit": "ctx, estimate",
    "transform_request": "ctx, headers, body",
    "transform_response": "ctx, status, headers, body",
    "moderate_input": "ctx, texts",
}
MANY = 'local many = {} for n = 1, 40000 do many["x-" .. n] = "1" end '
DENY = 'return tidegate.deny({ status = 401, code = "no", message = "no", headers = %s })'
REFUSE = 'return tidegate.refuse({ status = 429, code = "no", message = "no", headers = %s })'
GRANT = 'return tidegate.grant({ principal = "ann", headers = { set = %s } })'
CHANGE = "return tidegate.changed({ headers = { set = %s } })"
REPLY = 'return tidegate.reply({ status = 200, headers = %s, body = "x" })'
SPLIT = '{ ["x-a"] = "a\\r\\nx-b: c" }'
HELD = {
    "deny-status": ("authenticate", 'return tidegate.deny(200, "no", "no")'),
    "refuse-status": ("admit", 'return tidegate.refuse(200, "no", "no")'),
    "request-split": ("transform_request", CHANGE % SPLIT),
    "request-length": ("transform_request", CHANGE % '{ ["content-length"] = "3" }'),
    "request-host": ("transform_request", CHANGE % '{ host = "evil.example" }'),
    "response-split": ("transform_response", CHANGE % SPLIT),
    "response-length": ("transform_response", CHANGE % '{ ["content-length"] = "3" }'),
    "response-forged": ("transform_response", CHANGE % '{ ["x-tidegate-cluster"] = "canary" }'),
    "reply-split": ("transform_request", REPLY % SPLIT),
    "reply-length": ("transform_request", REPLY % '{ ["content-length"] = "3" }'),
    "reply-coding": ("transform_request", REPLY % '{ ["transfer-encoding"] = "chunked" }'),
    "edit-nowhere": ("transform_request", 'return tidegate.changed({ set = { ["/messages/9/content"] = "x" } })'),
    "redact-beyond": ("moderate_input", 'return tidegate.redact({ text = texts[1], from = 1, to = 1000, with = "x" })'),
}
LET_THROUGH = {
    "deny-split": ("authenticate", DENY % SPLIT),
    "deny-length": ("authenticate", DENY % '{ ["content-length"] = "3" }'),
    "deny-upgrade": ("authenticate", DENY % '{ connection = "upgrade", upgrade = "x" }'),
    "deny-forged": ("authenticate", DENY % '{ ["x-tidegate-cluster"] = "canary" }'),
    "refuse-length": ("admit", REFUSE % '{ ["content-length"] = "3" }'),
    "refuse-name": ("admit", REFUSE % '{ ["x a"] = "b" }'),
    "grant-host": ("authenticate", GRANT % '{ host = "evil.example" }'),
    "grant-split": ("authenticate", GRANT % SPLIT),
    "unknown-cluster": ("transform_request", 'return tidegate.changed({ cluster = "nowhere" })'),
    "body-scalar": ("transform_request", "return tidegate.changed({ replace = 1 })"),
    "body-model": ("transform_request", 'return tidegate.changed({ set = { ["/model"] = tidegate.json.null } })'),
    "deny-many": ("authenticate", MANY + DENY % "many"),
    "grant-many": ("authenticate", MANY + GRANT % "many"),
    "refuse-many": ("admit", MANY + REFUSE % "many"),
    "request-many": ("transform_request", MANY + CHANGE % "many"),
    "response-many": ("transform_response", MANY + CHANGE % "many"),
    "reply-many": ("transform_request", MANY + REPLY % "many"),
}


def gateway(folder, cases: dict) -> Gateway:
    """Each case in a plugin of its own, on one route that denies and one that allows."""
    plugins, routes = {}, []
    for name, (hook, body, *_) in cases.items():
        source = f"return {{ {hook} = function({ARGUMENTS[hook]}) {body} end }}"
        plugins[name] = {"path": str(written(folder / name, source, [hook])), "limits": {"output": "16MiB"}}
        routes += [route(f"{name}.{on_error}", name, on_error=on_error, timeout="20s") for on_error in ("deny", "allow")]
    return Gateway(config(plugins, routes))


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    with gateway(tmp_path_factory.mktemp("held"), HELD) as running:
        yield running


def assert_failure(running: Gateway, name: str, hook: str):
    """Of an auth filter `allow` is a pass, and nobody else allows this request."""
    denied, allowed = attacked(running, f"{name}.deny"), attacked(running, f"{name}.allow")
    assert (denied.status_code, denied.json()) == (503, REFUSAL)
    assert allowed.status_code == (401 if hook == "authenticate" else 200)
    assert "canary" not in str(denied.headers) + str(allowed.headers)
    for answer in (denied, allowed):
        assert_told(running, answer, "invalid")
    assert_framed(running, f"{name}.deny")


def assert_framed(running: Gateway, name: str):
    """Two requests on one connection: the second answer begins where the first one ended."""
    body = json.dumps({"model": name, "messages": [{"role": "user", "content": "hello"}]}).encode()
    with running.wire() as wire:
        for _ in range(2):
            assert wire.send(request("POST", "/v1/chat/completions", body, content_type="application/json")).response().status == 503


@pytest.mark.parametrize("name", HELD)
def test_t_plg_4_a_verdict_that_cannot_be_carried_out(held, name):
    assert_failure(held, name, HELD[name][0])


@pytest.mark.parametrize("name", LET_THROUGH)
def test_t_plg_4_a_verdict_that_once_was_carried_out(tmp_path, name):
    """In a gateway of its own, which tells at its end whether it panicked."""
    with gateway(tmp_path, {name: LET_THROUGH[name]}) as running:
        assert_failure(running, name, LET_THROUGH[name][0])


@pytest.mark.parametrize("end", ["\\n", "\\r", "\\r\\n\\r\\n"])
def test_t_plg_4_an_event_stays_one_event(tmp_path, end):
    """Neither its name nor its data can begin another one."""
    source = f'return {{ transform_event = function() return tidegate.replace({{ name = "a{end}data: forged", data = 1 }}) end }}'
    plugins = {"events": {"path": str(written(tmp_path / "events", source, ["transform_event"]))}}
    with Gateway(config(plugins, [route(on_error, "events", on_error=on_error) for on_error in ("deny", "allow")])) as running:
        denied, allowed = attacked(running, "deny", stream=True), attacked(running, "allow", stream=True)
        assert "forged" not in denied.text + allowed.text
        assert "filter_failed" in denied.text and "[DONE]" not in denied.text
        assert allowed.text.endswith("data: [DONE]\n\n")
