"""Requests that a server decides about over gRPC, in the words of Envoy's external authorization."""

import re
import socket

import grpc
import pytest

from support.clients import user
from support.ext_authz import ExtAuthz, field, no, yes
from support.guarded import Guarded, fields, guarded_config, refusal
from support.protobuf import decoded, encoded
from support.tls import Authority
from support.upstream import Upstream
from support.wait import until

PATH = "/v1/chat/completions"
ALICE = field("x-auth-user", "alice")


@pytest.fixture
def server():
    with ExtAuthz() as server:
        yield server


# Who notices first that the time is up: the chain, or the client of the server.
LATE = r"no verdict within 300 ms|no answer in time"


def failed(gateway, answer, cause: str):
    """A 503, and a line in the log that says why."""
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "filter_failed"), answer.text
    until(lambda: any(re.search(cause, line) for line in list(gateway.log)), f"a line with {cause!r}")


def test_the_server_sees_the_head_and_nothing_of_the_body(guarded, server):
    own = {"headers": ["authorization", "x-team"], "set_headers": {"x-key": "canary-key"}}
    gateway = guarded(server.settings(grpc={"context": {"gateway": "eu"}}, **own))
    body = {"model": "echo", "messages": user("canary-prompt")}
    sent = [("authorization", "Bearer t"), ("x-team", "a"), ("x-team", "b"), ("x-other", "c"), ("x-request-id", "req-17")]
    answer = gateway.post(f"{PATH}?a=%20b", body, headers=sent)
    assert answer.status_code == 200, answer.text
    [asked] = server.questions
    assert asked.headers == {"authorization": "Bearer t", "x-team": "a,b"}
    assert (asked.metadata["x-key"], "canary-prompt" in str(asked)) == ("canary-key", False)
    assert asked.text(1, 1, 1, 2) == "127.0.0.1"
    assert asked.text(10, 1) == "gateway" and asked.text(10, 2) == "eu"
    of_http = {"id": 1, "method": 2, "path": 4, "host": 5, "scheme": 6}
    assert {name: asked.text(4, 2, number) for name, number in of_http.items()} == {
        "id": "req-17",
        "method": "POST",
        "path": f"{PATH}?a=%20b",
        "host": "%s:%d" % gateway.address,
        "scheme": "http",
    }
    assert decoded(asked.http)[9] == [int(answer.request.headers["content-length"])]
    assert not {11, 12} & set(decoded(asked.http))
    assert "canary-key" not in gateway.written()


def test_t_hdr_1_only_allowed_fields_go_on(guarded, server):
    gateway = guarded(server.settings(allowed_headers=["x-role", "x-team", "x-both"], tenant_header="tenant"))
    headers = [ALICE, field("X-Role", "reader"), field("x-both", "added", append=True), field("x-secret", "canary")]
    server.answer = lambda call: yes(headers, remove=["x-plan", "host"], metadata={"tenant": "acme"})
    sent = {"x-role": "admin", "x-team": "forged", "x-both": "own", "x-plan": "gold", "x-kept": "1"}
    seen = fields(gateway.ask(headers=sent))
    assert (seen["x-role"], seen["x-kept"]) == ("reader", "1")
    assert seen["x-both"] == ["own", "added"]
    assert not {"x-team", "x-secret", "x-plan"} & set(seen)
    line = gateway.access_of(PATH)[0]
    assert (line["principal"], line["tenant"]) == ("alice", "acme")


def test_a_no_is_told_with_its_status_fields_and_words(guarded, server):
    gateway = guarded(server.settings())
    headers = [field("retry-after", "7"), field("content-type", "text/html"), field("x-tidegate-route", "forged")]
    server.answer = lambda call: no(7, 402, headers, "your plan has ended")
    answer = gateway.ask()
    assert (answer.status_code, answer.headers["retry-after"]) == (402, "7")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers.get("x-tidegate-route") != "forged"
    assert answer.json()["error"]["message"] == "your plan has ended"
    told = gateway.post("/v1/messages", {"model": "echo", "max_tokens": 9, "messages": user("hello")})
    assert (told.status_code, told.json()["type"], told.json()["error"]["message"]) == (402, "error", "your plan has ended")
    server.answer = lambda call: no(16, 401)
    assert refusal(gateway.ask(), "unauthorized")
    server.answer = lambda call: encoded([(1, [(1, 7)])])
    answer = gateway.ask()
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


NO_VERDICT = {
    "nothing": (b"", "does not say who"),
    "nobody": (yes([field("x-other", "alice")]), "does not say who"),
    "an empty name": (yes([field("x-auth-user", "")]), "does not say who"),
    "two names": (yes([ALICE, field("x-auth-user", "bob")]), "does not say who"),
    "garbage": (b"\xff\xff garbage", "gRPC status Internal"),
    "a huge message": (yes([ALICE, field("x-long", "a" * (2 << 20))]), "gRPC status OutOfRange"),
    "a failure": (encoded([(1, []), (5, [(3, "canary")])]), "it says that it failed"),
    "yes and no": (encoded([(1, []), (2, [])]), "it says yes by its status, and no in its response"),
}


@pytest.mark.parametrize("what", NO_VERDICT)
def test_t_auth_2_an_answer_that_says_nothing_lets_nobody_in(guarded, server, what):
    said, cause = NO_VERDICT[what]
    server.answer = lambda call: said
    gateway = guarded(server.settings())
    failed(gateway, gateway.ask(headers={"x-auth-user": "forged"}), cause)
    assert "canary" not in gateway.written()
    server.answer = lambda call: yes([ALICE])
    assert gateway.ask().status_code == 200


@pytest.mark.parametrize("code", ["UNAVAILABLE", "PERMISSION_DENIED", "UNAUTHENTICATED", "CANCELLED", "DEADLINE_EXCEEDED"])
def test_t_auth_2_a_call_that_fails_is_a_failure_and_no_verdict(guarded, server, code):
    server.answer = lambda call: call.abort(grpc.StatusCode[code], "canary-cause")
    gateway = guarded(server.settings())
    failed(gateway, gateway.ask(), "gives no answer")
    refusal(guarded(server.settings(), {"on_error": "allow"}).ask())


def test_a_server_that_hangs_is_left_at_the_entry_s_time(guarded, server):
    server.answer = server.hang
    gateway = guarded(server.settings(), {"timeout": "300ms"})
    failed(gateway, gateway.ask(), LATE)
    assert 0 < server.questions[0].remaining <= 0.3
    refusal(guarded(server.settings(), {"timeout": "300ms", "on_error": "allow"}).ask())
    server.answer = lambda call: yes([ALICE])
    assert gateway.ask().status_code == 200


def test_a_port_that_says_nothing_is_left_at_the_entry_s_time(guarded):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = "http://127.0.0.1:%d" % silent.getsockname()[1]
        gateway = guarded({"external": {"grpc": {"url": url}, "principal_header": "x-auth-user"}}, {"timeout": "300ms"})
        failed(gateway, gateway.ask(), LATE)


def test_a_server_that_speaks_no_grpc_lets_nobody_in(guarded):
    with Upstream(lambda seen, reply: reply.send(200, b"{}", x_auth_user="alice")) as other:
        gateway = guarded({"external": {"grpc": {"url": other.url}, "principal_header": "x-auth-user"}})
        failed(gateway, gateway.ask(), "gives no answer")


def test_one_connection_serves_all_and_comes_back_with_the_server(guarded, server):
    gateway = guarded(server.settings())
    assert [gateway.ask().status_code for _ in range(5)] == [200] * 5
    assert len({asked.peer for asked in server.questions}) == 1
    server.stop()
    failed(gateway, gateway.ask(), r"gRPC status|no verdict within|no answer in time")
    server.start()
    until(lambda: gateway.ask().status_code == 200, "a yes of the server that is back")


def test_over_tls_the_certificate_must_be_trusted(guarded, tmp_path):
    authority = Authority(tmp_path)
    with ExtAuthz(authority) as server:
        config = guarded_config(server.settings())
        with Guarded(config, env={"SSL_CERT_FILE": str(authority.ca_file)}) as trusting:
            assert trusting.ask().status_code == 200
        wary = guarded(server.settings())
        failed(wary, wary.ask(), "certificate")
        assert len(server.questions) == 1


def test_what_others_know_is_not_asked(guarded, server):
    keys = {"api_keys": {"keys": [{"key": "demo", "principal": "by-key"}]}}
    gateway = guarded({**server.settings(), **keys})
    assert gateway.bearer("demo").status_code == 200
    assert not server.questions
    assert gateway.ask().status_code == 200
    assert [line["principal"] for line in gateway.access_of(PATH, 2)] == ["by-key", "alice"]
