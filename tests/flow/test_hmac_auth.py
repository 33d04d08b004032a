"""Requests signed by a client (RFC 9421), checked by the plugin hmac-auth, with an API key as another way in."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.clients import user
from support.gateway import ROOT, Gateway, proxy_config
from support.signing import signed

SECRET = "a secret of some length"
KEYS = [{"id": "orders", "secret": SECRET, "principal": "order-service", "tenant": "acme"}]
CHAT = "/v1/chat/completions"
BODY = json.dumps({"model": "echo", "messages": user("grün 🌲")}).encode()


@pytest.fixture(scope="module")
def gateway():
    config = proxy_config(
        {"local": {"provider": "mock", "echo": True, "models": ["echo"]}},
        filters=[
            {"auth_filter": {"api_keys": {"keys": [{"key": "demo", "principal": "demo"}]}}},
            {"plugin": {"name": "hmac-auth", "config": {"keys": KEYS}}},
        ],
        plugins={"hmac-auth": {"path": str(ROOT / "plugins/hmac-auth"), "grants": {"kv": True}}},
    )
    with Gateway(config) as gateway:
        yield gateway


def post(gateway, headers: dict, body: bytes = BODY, path: str = CHAT):
    return gateway.post(path, body, headers={"content-type": "application/json", **headers})


def refusal(answer) -> str:
    assert answer.status_code == 401, answer.text
    error = answer.json()["error"]
    assert error["code"] == "invalid_signature"
    return error["message"]


def test_a_signed_request_is_answered_and_its_signature_ends_here(gateway):
    answer = post(gateway, {**signed(SECRET, "orders", "POST", CHAT, BODY), "x-kept": "1"})
    assert answer.status_code == 200, answer.text
    seen = json.loads(answer.json()["choices"][0]["message"]["content"])
    names = {name.lower() for name in seen["headers"]}
    assert "x-kept" in names
    assert not names & {"signature", "signature-input", "content-digest"}
    assert gateway.access_of(CHAT)[0]["principal"] == "order-service"


def test_a_signed_request_without_a_body(gateway):
    answer = gateway.get("/v1/models?a=%20b", headers=signed(SECRET, "orders", "GET", "/v1/models", query="a=%20b"))
    assert [model["id"] for model in answer.json()["data"]] == ["echo"]


def test_an_api_key_is_another_way_in(gateway):
    assert post(gateway, {"authorization": "Bearer demo"}).status_code == 200
    assert post(gateway, {"authorization": "Bearer other"}).status_code == 401
    answer = post(gateway, {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


def test_what_is_signed_cannot_be_changed(gateway):
    headers = signed(SECRET, "orders", "POST", CHAT, BODY)
    assert refusal(post(gateway, headers, BODY + b" ")) == 'the field "content-digest" has another "sha-256" than the body'
    wrong = "the signature is not one of a key that is known here"
    assert refusal(post(gateway, headers, path=f"{CHAT}?a=1")) == wrong
    assert refusal(post(gateway, headers, path="/v1/completions")) == wrong
    without = {name: value for name, value in headers.items() if name != "content-digest"}
    assert refusal(post(gateway, without)) == 'the field "content-digest" must have a "sha-256"'


def test_nobody_learns_whether_there_is_a_key(gateway):
    wrong = post(gateway, signed("another secret", "orders", "POST", CHAT, BODY))
    unknown = post(gateway, signed(SECRET, "nobody", "POST", CHAT, BODY))
    assert refusal(wrong) == refusal(unknown)
    assert wrong.content == unknown.content


def test_an_old_signature_is_refused(gateway):
    headers = signed(SECRET, "orders", "POST", CHAT, BODY, created=int(time.time()) - 400)
    assert refusal(post(gateway, headers)) == "the signature has expired; sign the request anew"


def test_a_nonce_is_good_once_whoever_comes_first(gateway):
    headers = signed(SECRET, "orders", "POST", CHAT, BODY, nonce="once")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(gateway, headers), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
    told = {refusal(answer) for answer in answers if answer.status_code == 401}
    assert told == {"the nonce of the signature was used before; sign the request anew"}
