"""Requests that a server decides about."""

import pytest

from support.clients import user
from support.guarded import fields, refusal
from support.upstream import Upstream


class Deciding(Upstream):
    """A server that says yes in these words, or no."""

    def __init__(self):
        super().__init__(answer=self.decide)
        self.status, self.fields, self.body = 200, {"x_auth_user": "alice"}, b""

    def decide(self, seen, reply):
        reply.send(self.status, self.body, **self.fields)

    def settings(self, **more) -> dict:
        return {"external": {"url": f"{self.url}/check", "principal_header": "x-auth-user", **more}}


@pytest.fixture
def server():
    with Deciding() as server:
        yield server


def test_the_server_sees_the_head_of_the_request(guarded, server):
    gateway = guarded(server.settings(method="POST", headers=["authorization", "x-team"], set_headers={"x-key": "canary-key"}))
    sent = {"x-team": "a", "x-other": "b", "x-forwarded-uri": "/open", "x-forwarded-for": "203.0.113.1", "cookie": "a=b"}
    body = {"model": "echo", "messages": user("hello")}
    answer = gateway.post("/v1/chat/completions?a=%20b", body, headers={"authorization": "Bearer t", **sent})
    assert answer.status_code == 200, answer.text
    [seen] = server.requests
    assert (seen.method, seen.target, seen.body) == ("POST", "/check", b"")
    shown = {name: value for name, value in seen.headers if name not in ("host", "content-length")}
    assert shown == {
        "authorization": "Bearer t",
        "x-team": "a",
        "x-key": "canary-key",
        "x-forwarded-method": "POST",
        "x-forwarded-proto": "http",
        "x-forwarded-host": "%s:%d" % gateway.address,
        "x-forwarded-uri": "/v1/chat/completions?a=%20b",
        "x-forwarded-for": "127.0.0.1",
    }
    assert "canary" not in gateway.written()


def test_t_hdr_1_only_allowed_fields_go_on(guarded, server):
    gateway = guarded(server.settings(allowed_headers=["x-role", "x-team"], tenant_header="x-tenant"))
    server.fields |= {"x_role": "reader", "x_secret": "canary", "x_tenant": "acme"}
    seen = fields(gateway.ask(headers={"x-role": "admin", "x-team": "forged", "x-auth-user": "forged"}))
    assert seen["x-role"] == "reader"
    assert not {"x-team", "x-secret"} & set(seen)
    line = gateway.access_of("/v1/chat/completions")[0]
    assert (line["principal"], line["tenant"]) == ("alice", "acme")


def test_a_no_is_told_in_the_gateway_s_words(guarded, server):
    gateway = guarded(server.settings())
    server.body, server.fields["set_cookie"] = b"canary: the user is locked", "a=b"
    server.status = 401
    answer = gateway.ask()
    assert refusal(answer, "unauthorized") and "canary" not in answer.text and "set-cookie" not in answer.headers
    server.status = 403
    answer = gateway.ask()
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert "canary" not in answer.text + gateway.written()


@pytest.mark.parametrize("status", [302, 404, 500, 503])
def test_t_auth_2_what_is_no_answer_lets_nobody_in(guarded, server, status):
    server.status = status
    answer = guarded(server.settings()).ask(headers={"x-auth-user": "forged"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "filter_failed")


@pytest.mark.parametrize("said", [{}, {"x_auth_user": ""}, {"x_auth_user": "a" * 300}], ids=["nobody", "empty", "endless"])
def test_t_auth_2_a_yes_without_a_name_lets_nobody_in(guarded, server, said):
    server.fields = said
    answer = guarded(server.settings()).ask(headers={"x-auth-user": "forged"})
    assert answer.status_code == 503


def test_a_server_that_hangs_is_left_at_the_entry_s_time(guarded):
    with Upstream(lambda seen, reply: reply.gone(30)) as hanging:
        settings = {"external": {"url": hanging.url, "principal_header": "x-user"}}
        gateway = guarded(settings, {"timeout": "200ms"})
        assert gateway.ask().status_code == 503
        assert gateway.access_of("/v1/chat/completions")[0]["status"] == 503
        refusal(guarded(settings, {"timeout": "200ms", "on_error": "allow"}).ask())


def test_what_others_know_is_not_asked(guarded, server):
    keys = {"api_keys": {"keys": [{"key": "demo", "principal": "by-key"}]}}
    gateway = guarded({**server.settings(), **keys})
    assert gateway.bearer("demo").status_code == 200
    refusal(gateway.bearer("other"), "invalid_api_key")
    assert not server.requests
    assert gateway.ask().status_code == 200
    assert [line.get("principal") for line in gateway.access_of("/v1/chat/completions", 3)] == ["by-key", None, "alice"]
