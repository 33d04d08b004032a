"""Callers with tokens that only their issuer can tell."""

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest

from support.guarded import fields, refusal
from support.upstream import Upstream
from support.wait import until


class Knowing(Upstream):
    """An introspection server (RFC 7662) that knows these tokens."""

    def __init__(self):
        super().__init__(answer=self.tell)
        self.tokens: dict[str, dict] = {}
        self.status = 200
        self.pause = 0

    def tell(self, seen, reply):
        time.sleep(self.pause)
        token = parse_qs(seen.body.decode())["token"][0]
        said = self.tokens.get(token)
        reply.json({"active": said is not None, **(said or {})}, self.status)

    def settings(self, **more) -> dict:
        return {"url": self.url, "client_id": "gateway", "client_secret": "canary-secret", **more}


@pytest.fixture
def server():
    with Knowing() as server:
        yield server


def test_the_server_is_asked_with_the_credentials_of_the_gateway(guarded, server):
    server.tokens["opaque"] = {"sub": "alice", "username": "Alice"}
    gateway = guarded({"introspection": server.settings(claims={"headers": {"x-user": "username"}})})
    seen = fields(gateway.bearer("opaque", headers={"x-user": "forged"}))
    assert seen["x-user"] == "Alice" and "authorization" not in seen
    assert gateway.access_of("/v1/chat/completions")[0]["principal"] == "alice"
    asked = server.requests[0]
    assert (asked.method, asked.get("content-type")) == ("POST", "application/x-www-form-urlencoded")
    assert base64.b64decode(asked.get("authorization").removeprefix("Basic ")) == b"gateway:canary%2Dsecret"
    assert parse_qs(asked.body.decode()) == {"token": ["opaque"], "token_type_hint": ["access_token"]}


def test_an_answer_is_kept_for_its_time(guarded, server):
    gateway = guarded({"introspection": server.settings(cache="1s")})
    server.tokens["opaque"] = {"sub": "alice"}
    for _ in range(3):
        assert gateway.bearer("opaque").status_code == 200
    del server.tokens["opaque"]
    until(lambda: gateway.bearer("opaque").status_code == 401, "the end of the answer")
    server.tokens["short"] = {"sub": "alice", "exp": int(time.time()) + 2}
    long = guarded({"introspection": server.settings(cache="1h")})
    assert long.bearer("short").status_code == 200
    until(lambda: long.bearer("short").status_code == 401, "the end of the token")


def test_who_comes_while_the_server_is_asked_waits_for_its_answer(guarded, server):
    gateway = guarded({"introspection": server.settings()})
    server.tokens["opaque"] = {"sub": "alice"}
    server.pause = 0.2
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(gateway.bearer, ["opaque"] * 16))
    assert {answer.status_code for answer in answers} == {200}
    assert len(server.requests) == 1


def test_t_auth_3_tokens_with_a_common_beginning_are_told_apart(guarded, server):
    gateway = guarded({"introspection": server.settings()})
    start = "a" * 2000
    server.tokens |= {f"{start}1": {"sub": "alice"}, f"{start}2": {"sub": "bob"}}
    for _ in range(2):
        for end, status in (("1", 200), ("2", 200), ("3", 401), ("", 401)):
            assert gateway.bearer(start + end).status_code == status
    principals = [line.get("principal") for line in gateway.access_of("/v1/chat/completions", 8)]
    assert principals == ["alice", "bob", None, None] * 2
    assert len(server.requests) == 4


def test_t_auth_1_tokens_are_data(guarded, server):
    gateway = guarded({"introspection": server.settings()})
    server.tokens["x"] = {"sub": "alice"}
    for token in ["y&token=x", "' OR '1'='1", "x%00", "x;y", "token=x", "x\ty"]:
        refusal(gateway.bearer(token), "invalid_token")
    assert {parse_qs(seen.body.decode(), strict_parsing=True)["token_type_hint"][0] for seen in server.requests} == {"access_token"}


def test_a_server_without_an_answer_lets_nobody_in(guarded, server):
    server.tokens["opaque"] = {"sub": "alice"}
    server.status = 500
    gateway = guarded({"introspection": server.settings()})
    answer = gateway.bearer("opaque")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "filter_failed")
    gateway.log_has("the introspection server answers with status 500")
    open_gateway = guarded({"introspection": server.settings()}, {"on_error": "allow"})
    refusal(open_gateway.bearer("opaque"))
    server.status = 200
    assert gateway.bearer("opaque").status_code == 200


def test_a_known_api_key_is_not_shown_to_the_server(guarded, server):
    keys = {"keys": [{"key": "sk-demo", "principal": "by-key"}]}
    gateway = guarded({"introspection": server.settings(), "api_keys": keys})
    server.tokens["opaque"] = {"sub": "alice"}
    assert gateway.bearer("sk-demo").status_code == 200
    assert not server.requests
    assert gateway.bearer("opaque").status_code == 200
    refusal(gateway.bearer("neither"), "invalid_token")
    refusal(gateway.ask(headers={"x-api-key": "opaque"}), "invalid_api_key")


def test_neither_secret_nor_tokens_are_written_down(guarded, server):
    gateway = guarded({"introspection": server.settings()})
    server.tokens["canary-token"] = {"sub": "alice"}
    for token in ["canary-token", "canary-wrong"]:
        gateway.bearer(token, headers={"x-tidegate-trace": "1"})
    server.status = 500
    gateway.bearer("canary-third")
    gateway.access_of("/v1/chat/completions", 3)
    assert "canary" not in gateway.written()
