"""OpenAI's own clients for Python and Node against the gateway: every call, and the class of every error."""

import json

import pytest

from support.backends import free_port
from support.clients import COMMANDS, Client, Failed, streamed_text
from support.gateway import Gateway, proxy_config
from support.upstream import delta

REPLY = "The tide comes in, the tide goes out."
KEYS = [
    {"key": "demo", "principal": "demo"},
    {"key": "alice-key", "principal": "alice", "tenant": "shore", "models": ["mock*"]},
]
TOOL = {
    "type": "function",
    "function": {
        "name": "tide_table",
        "description": "High and low water of a harbour",
        "parameters": {"type": "object", "properties": {"harbour": {"type": "string"}}, "required": ["harbour"]},
    },
}
ERROR_EVENT = {"error": {"message": "the model fell over", "type": "server_error", "code": "overloaded"}}


def scripted(status: int, **answer) -> dict:
    return {"provider": "mock", "script": [{"status": status, **answer}]}


def clusters() -> dict:
    hello = delta("Hel").decode().removeprefix("data: ").strip()
    return {
        "mock": {"provider": "mock", "reply": REPLY, "stream": {"chunk": 5, "every": "1ms"}, "models": ["mock"]},
        "bad": {"provider": "mock", "status": 400},
        "conflict": {"provider": "mock", "status": 409},
        "odd": {"provider": "mock", "status": 422},
        "limited": {"provider": "mock", "status": 429},
        "broken": {"provider": "mock", "status": 500},
        "slow": {"provider": "mock", "latency": "10s", "timeout": "300ms"},
        "dead": {"provider": "openai", "endpoint": f"http://127.0.0.1:{free_port()}"},
        "falters": scripted(200, events=[hello, ERROR_EVENT]),
        "cut": scripted(200, events=[hello, hello, hello], cut_after=len(hello) + 20),
    }


@pytest.fixture(scope="module")
def gateway():
    routes = [
        {"name": name, "match": {"model": f"{name}*"}, "backends": [{"cluster": name}], "retry": {"attempts": 1}}
        for name in clusters()
    ]
    config = proxy_config(clusters(), filters=[{"auth_filter": {"api_keys": {"keys": KEYS}}}], routes=routes)
    with Gateway(config) as gateway:
        yield gateway


@pytest.fixture(scope="module", params=COMMANDS)
def client(request, gateway):
    with Client(request.param, gateway.url) as client:
        yield client


def test_chat(client):
    answer = client.chat()
    assert answer["object"] == "chat.completion"
    message = answer["choices"][0]["message"]
    assert (message["role"], message["content"]) == ("assistant", REPLY)
    assert answer["choices"][0]["finish_reason"] == "stop"
    usage = answer["usage"]
    assert usage["prompt_tokens"] > 0 and usage["completion_tokens"] > 0
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_stream(client):
    events = client.stream()
    assert streamed_text(events) == REPLY
    assert len(events) > 3
    assert {event["object"] for event in events} == {"chat.completion.chunk"}
    assert events[-1]["choices"][0]["finish_reason"] == "stop"
    assert all("usage" not in event or event["usage"] is None for event in events)


def test_stream_with_usage(client):
    events = client.stream(stream_options={"include_usage": True})
    assert streamed_text(events) == REPLY
    assert events[-1]["choices"] == [] and events[-1]["usage"]["completion_tokens"] > 0


def test_tools(client):
    choice = client.chat(tools=[TOOL], tool_choice="required")["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert call["type"] == "function" and call["id"]
    assert call["function"]["name"] == "tide_table"
    assert "harbour" in json.loads(call["function"]["arguments"])


def test_tools_streamed(client):
    events = client.stream(tools=[TOOL], tool_choice="required")
    parts = [call for event in events for choice in event["choices"] for call in choice["delta"].get("tool_calls") or []]
    assert parts[0]["function"]["name"] == "tide_table" and parts[0]["id"]
    assert {part["index"] for part in parts} == {0}
    assert "harbour" in json.loads("".join(part["function"].get("arguments") or "" for part in parts))
    assert [event["choices"][0]["finish_reason"] for event in events if event["choices"]][-1] == "tool_calls"


def test_embeddings(client):
    """Both clients ask for base64 by default and decode it themselves."""
    answer = client("embeddings", model="mock", input=["ebb", "flood"])
    assert [entry["index"] for entry in answer["data"]] == [0, 1]
    vectors = [entry["embedding"] for entry in answer["data"]]
    assert len(vectors[0]) == len(vectors[1]) > 0
    assert all(isinstance(number, float | int) for vector in vectors for number in vector)
    assert vectors[0] != vectors[1]
    assert client("embeddings", model="mock", input=["ebb"])["data"][0]["embedding"] == vectors[0]


def test_completion(client):
    answer = client("completion", model="mock", prompt="hello")
    assert answer["object"] == "text_completion"
    assert answer["choices"][0]["text"] == REPLY


def test_models(client):
    models = client("models")
    assert "mock" in [model["id"] for model in models]
    assert {model["object"] for model in models} == {"model"}


def test_model(client):
    assert client("model", model="mock")["id"] == "mock"


def test_principal_sees_its_models(client):
    assert client.chat(key="alice-key")["choices"][0]["message"]["content"] == REPLY
    assert "mock" in [model["id"] for model in client("models", key="alice-key")]


@pytest.mark.parametrize(
    ("expected", "status", "call"),
    [
        ("AuthenticationError", 401, {"key": "wrong"}),
        ("PermissionDeniedError", 403, {"key": "alice-key", "model": "limited"}),
        ("NotFoundError", 404, {"model": "nobody-serves-this"}),
        ("BadRequestError", 400, {"model": "bad"}),
        ("ConflictError", 409, {"model": "conflict"}),
        ("UnprocessableEntityError", 422, {"model": "odd"}),
        ("RateLimitError", 429, {"model": "limited"}),
        ("InternalServerError", 500, {"model": "broken"}),
        ("InternalServerError", 502, {"model": "dead"}),
        ("InternalServerError", 504, {"model": "slow"}),
    ],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
def test_error_class(client, expected, status, call, streamed):
    with pytest.raises(Failed) as caught:
        (client.stream if streamed else client.chat)(**call)
    assert (caught.value.name, caught.value.status) == (expected, status)
    assert caught.value.type, "an error without a type is not in OpenAI's shape"
    assert caught.value.request_id


def test_unknown_model_is_not_found(client):
    with pytest.raises(Failed) as caught:
        client("model", model="nobody-serves-this")
    assert (caught.value.name, caught.value.status) == ("NotFoundError", 404)


def test_error_event_in_a_stream_is_raised(client):
    with pytest.raises(Failed) as caught:
        client.stream(model="falters")
    assert "the model fell over" in caught.value.message
    assert streamed_text(caught.value.events) == "Hel"


def test_cut_upstream_is_raised(client):
    """An upstream that ends in the middle must never look like an answer that is complete."""
    with pytest.raises(Failed) as caught:
        client.stream(model="cut")
    assert streamed_text(caught.value.events) == "Hel"
