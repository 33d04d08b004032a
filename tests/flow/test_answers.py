"""The shape of what the gateway itself says: errors, ids and its own headers."""

import httpx
import pytest

from support.gateway import Gateway, mock_config, proxy_config
from support.wait import until
from support.wire import Incomplete, request

KEYS = [{"key": "demo", "principal": "demo", "tenant": "shore"}]


@pytest.fixture(scope="module")
def gateway():
    with Gateway(mock_config(reply="hi")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def guarded():
    config = proxy_config(
        {"local": {"provider": "mock", "reply": "hi", "models": ["mock"]}},
        filters=[{"auth_filter": {"api_keys": {"keys": KEYS}}}],
        limits={"body": "64KiB", "unauthenticated_body": "1KiB", "header": "16KiB"},
    )
    with Gateway(config) as gateway:
        yield gateway


def is_openai_error(answer: httpx.Response, status: int):
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/json")
    error = answer.json()["error"]
    assert error["message"] and error["type"]
    assert {"message", "type", "param", "code"} >= set(error)
    assert answer.headers["x-request-id"]


def test_own_headers_name_route_and_cluster(gateway):
    answer = gateway.chat()
    assert answer.headers["x-tidegate-route"] == "all"
    assert answer.headers["x-tidegate-cluster"] == "local"


def test_request_id_is_kept(gateway):
    answer = gateway.chat(headers={"x-request-id": "tide-42"})
    assert answer.headers.get_list("x-request-id") == ["tide-42"]
    until(lambda: "tide-42" in [line["request_id"] for line in gateway.access], "its line in the access log")


def test_request_id_is_made(gateway):
    ids = {gateway.chat().headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


def test_api_chat_is_an_alias(gateway):
    body = {"model": "mock", "messages": [{"role": "user", "content": "hello"}]}
    answer = gateway.post("/api/chat", body)
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == "hi"


def test_unknown_path_is_404(gateway):
    is_openai_error(gateway.post("/v1/nothing/here", {}), 404)


def test_no_route_is_404():
    config = proxy_config(
        {"local": {"provider": "mock"}},
        routes=[{"name": "one", "match": {"model": "only-this"}, "backends": [{"cluster": "local"}]}],
    )
    with Gateway(config) as gateway:
        is_openai_error(gateway.chat(model="another"), 404)
        assert gateway.chat(model="only-this").status_code == 200


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic ZGVtbw=="}, {"authorization": "Bearer"}, {"x-api-key": ""}])
def test_without_a_key_it_is_401(guarded, headers):
    is_openai_error(guarded.chat(headers=headers), 401)


@pytest.mark.parametrize("headers", [{"authorization": "Bearer demo"}, {"authorization": "bearer demo"}, {"x-api-key": "demo"}, {"api-key": "demo"}, {"x-goog-api-key": "demo"}])
def test_every_vendors_way_to_send_a_key(guarded, headers):
    assert guarded.chat(headers=headers).status_code == 200


def test_key_in_the_query(guarded):
    body = {"model": "mock", "messages": [{"role": "user", "content": "hello"}]}
    assert guarded.post("/v1/chat/completions?key=demo", body).status_code == 200


def test_models_need_a_key_too(guarded):
    is_openai_error(guarded.get("/v1/models"), 401)


def test_body_over_the_limit_is_413(guarded):
    is_openai_error(guarded.chat(text="x" * 100_000, headers={"authorization": "Bearer demo"}), 413)


def test_chunked_body_over_the_limit_is_413(guarded):
    """The length is not announced, so the limit must hold while the body passes."""
    with guarded.wire() as wire:
        wire.send(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer demo\r\n"
            "transfer-encoding: chunked\r\n\r\n"
        )
        try:
            for _ in range(20):
                wire.send(b"2000\r\n" + b" " * 0x2000 + b"\r\n")
        except ConnectionError:
            pass
        assert wire.response().status == 413


def test_large_head_is_refused(guarded):
    with guarded.wire() as wire:
        try:
            wire.send(request("GET", "/v1/models", x_filler="x" * 40_000))
        except ConnectionError:
            pass
        try:
            assert wire.response().status in (400, 413, 431)
        except (Incomplete, ConnectionError):
            pass
        assert wire.closed()
    assert guarded.chat(headers={"authorization": "Bearer demo"}).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b'{"model": 7}', b"\xff\xfe"])
def test_a_body_without_a_model_is_an_error_of_the_client(body):
    config = proxy_config(
        {"local": {"provider": "mock"}},
        routes=[{"name": "one", "match": {"model": "mock"}, "backends": [{"cluster": "local"}]}],
    )
    with Gateway(config) as gateway:
        answer = gateway.post("/v1/chat/completions", body)
        assert answer.status_code in (400, 404)
        is_openai_error(answer, answer.status_code)
