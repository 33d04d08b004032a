"""Requests signed with a shared key (RFC 9421), checked by the gateway itself in the format of the plugin hmac-auth."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.clients import user
from support.guarded import fields, refusal
from support.signing import signed

SECRET = "canary secret of some length"
CHAT = "/v1/chat/completions"
BODY = json.dumps({"model": "echo", "messages": user("grün 🌲")}).encode()


@pytest.fixture
def gateway(guarded):
    keys = {"keys": [{"id": "orders", "secret": SECRET, "principal": "order-service", "tenant": "acme"}]}
    return guarded({"hmac": keys, "api_keys": {"keys": [{"key": "demo", "principal": "demo"}]}})


def post(gateway, headers: dict, body: bytes = BODY, path: str = CHAT):
    return gateway.post(path, body, headers={"content-type": "application/json", **headers})


def test_a_signed_request_is_let_in_and_its_signature_ends_here(gateway):
    seen = fields(post(gateway, signed(SECRET, "orders", "POST", CHAT, BODY)))
    assert not {"signature", "signature-input", "content-digest"} & set(seen)
    line = gateway.access_of(CHAT)[0]
    assert (line["principal"], line["tenant"]) == ("order-service", "acme")
    headers = signed(SECRET, "orders", "GET", "/v1/models", query="a=%20b")
    assert gateway.get("/v1/models?a=%20b", headers=headers).status_code == 200


def test_t_auth_2_what_is_signed_cannot_be_changed(gateway):
    headers = signed(SECRET, "orders", "POST", CHAT, BODY)
    for changed in [
        post(gateway, headers, BODY + b" "),
        post(gateway, headers, path=f"{CHAT}?a=1"),
        post(gateway, {name: value for name, value in headers.items() if name != "content-digest"}),
        post(gateway, {name: value for name, value in headers.items() if name != "signature"}),
        post(gateway, signed(SECRET, "orders", "POST", CHAT, BODY, created=int(time.time()) - 400)),
        post(gateway, signed("another secret", "orders", "POST", CHAT, BODY)),
    ]:
        refusal(changed, "invalid_signature")


def test_a_bad_signature_is_not_outdone_by_a_good_key(gateway):
    bad = signed("another secret", "orders", "POST", CHAT, BODY)
    refusal(post(gateway, {**bad, "authorization": "Bearer demo"}), "invalid_signature")
    assert post(gateway, {"authorization": "Bearer demo"}).status_code == 200


def test_nobody_learns_whether_there_is_a_key(gateway):
    wrong = post(gateway, signed("another secret", "orders", "POST", CHAT, BODY))
    unknown = post(gateway, signed(SECRET, "nobody", "POST", CHAT, BODY))
    assert wrong.status_code == 401 and wrong.content == unknown.content


def test_a_nonce_is_good_once_whoever_comes_first(gateway):
    headers = signed(SECRET, "orders", "POST", CHAT, BODY, nonce="once")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(gateway, headers), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7


def test_the_secret_is_not_written_down(gateway):
    post(gateway, {**signed(SECRET, "orders", "POST", CHAT, BODY), "x-tidegate-trace": "1"})
    gateway.access_of(CHAT)
    assert "canary" not in gateway.written()
