"""`provider: anthropic`: what its upstream is sent, what its clients get, and what cannot go there."""

import json

import pytest

from support.gateway import Gateway, proxy_config
from support.upstream import Reply, Seen, Upstream

VERSION = "2023-06-01"
BODY = {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": "hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 7, "output_tokens": 3},
}
EVENTS = [
    {"type": "message_start", "message": MESSAGE | {"content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 3}},
    {"type": "message_stop"},
]
STREAM = b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in EVENTS)


def answer(seen: Seen, reply: Reply):
    if seen.target.endswith("/count_tokens"):
        reply.json({"input_tokens": 7})
    elif seen.json.get("stream"):
        reply.start_events()
        reply.chunk(STREAM)
        reply.end()
    else:
        reply.json(MESSAGE)


@pytest.fixture(scope="module")
def upstream():
    with Upstream(answer) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(upstream):
    clusters = {
        "anthropic": upstream.cluster("anthropic", credentials={"api_key": "secret"}, models=["claude"]),
        "openai": upstream.cluster("openai", models=["gpt"]),
        "prefixed": upstream.cluster("anthropic", path_prefix="/proxy/v2", models=["prefixed"]),
    }
    routes = [
        {"name": model, "match": {"model": model}, "backends": [{"cluster": cluster}]}
        for model, cluster in {"claude": "anthropic", "gpt": "openai", "prefixed": "prefixed"}.items()
    ]
    with Gateway(proxy_config(clusters, routes=routes)) as gateway:
        yield gateway


def is_anthropic_error(answer, status: int, kind: str):
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert (body["type"], body["error"]["type"]) == ("error", kind)
    assert body["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/messages", "/anthropic/v1/messages"])
def test_a_message_goes_there_with_the_keys_of_the_cluster(gateway, upstream, path):
    answer = gateway.post(path, BODY, headers={"x-api-key": "the-clients", "authorization": "Bearer the-clients"})
    assert (answer.status_code, answer.json()) == (200, MESSAGE)
    seen = upstream.requests[-1]
    assert (seen.method, seen.target, seen.json) == ("POST", "/v1/messages", BODY)
    assert (seen.all("x-api-key"), seen.all("authorization")) == (["secret"], [])
    assert seen.all("anthropic-version") == [VERSION]


def test_the_clients_version_is_kept(gateway, upstream):
    headers = {"anthropic-version": "2099-01-01", "anthropic-beta": "tides-1"}
    assert gateway.post("/v1/messages", BODY, headers=headers).status_code == 200
    seen = upstream.requests[-1]
    assert (seen.all("anthropic-version"), seen.all("anthropic-beta")) == (["2099-01-01"], ["tides-1"])


def test_a_stream_passes_as_it_is(gateway):
    answer = gateway.post("/v1/messages", BODY | {"stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.content == STREAM


def test_the_path_of_the_cluster_comes_before(gateway, upstream):
    assert gateway.post("/v1/messages", BODY | {"model": "prefixed"}).status_code == 200
    assert upstream.requests[-1].target == "/proxy/v2/messages"


def test_tokens_are_counted(gateway, upstream):
    answer = gateway.post("/v1/messages/count_tokens", {key: BODY[key] for key in ("model", "messages")})
    assert (answer.status_code, answer.json()) == (200, {"input_tokens": 7})
    assert upstream.requests[-1].target == "/v1/messages/count_tokens"


def test_what_the_provider_has_not_is_refused(gateway, upstream):
    before = len(upstream.requests)
    refused = gateway.post("/v1/images/generations", {"model": "claude", "prompt": "hello"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "operation_not_served")
    refused = gateway.post("/v1/embeddings", {"model": "claude", "input": "hello"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "operation_not_served")
    assert len(upstream.requests) == before


def test_a_client_of_openais_api_is_answered_in_its_words(gateway, upstream):
    asked = {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
    answer = gateway.post("/v1/chat/completions", asked, headers={"authorization": "Bearer the-clients"})
    assert answer.status_code == 200, answer.text
    choice = answer.json()["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("hi", "stop")
    assert answer.json()["usage"]["total_tokens"] == 10
    seen = upstream.requests[-1]
    assert (seen.target, seen.json) == ("/v1/messages", BODY)
    assert (seen.all("x-api-key"), seen.all("authorization")) == (["secret"], [])


def test_errors_have_the_shape_of_the_client(gateway):
    is_anthropic_error(gateway.post("/v1/messages", BODY | {"model": "nobody"}), 404, "not_found_error")
    assert gateway.post("/v1/messages", b"{").json()["type"] == "error"


def test_models_are_listed_as_the_client_knows_them(gateway):
    answer = gateway.get("/v1/models", headers={"anthropic-version": VERSION}).json()
    assert {"claude", "gpt", "prefixed"} <= {model["id"] for model in answer["data"]}
    assert all(model["type"] == "model" and model["display_name"] for model in answer["data"])
    assert (answer["has_more"], answer["first_id"]) == (False, answer["data"][0]["id"])
    openai = gateway.get("/v1/models").json()
    assert openai["object"] == "list" and "has_more" not in openai
