"""Whatever a backend does before the first byte of its body: the client gets one clean answer, of the next backend."""

import json

import pytest

from support import frames
from support.backends import free_port
from support.gateway import Gateway, proxy_config
from support.upstream import DONE, Reply, Seen, Upstream, completion, delta
from support.wait import until

TEXT = "of the second"
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": TEXT}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 7, "output_tokens": 3},
}
EVENTS = [
    {"type": "message_start", "message": MESSAGE | {"content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": TEXT}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 3}},
    {"type": "message_stop"},
]
USAGE = b'data: {"id":"c","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}\n\n'
TOKENS, REQUESTS = 1_000_000, 100_000


def sse(event: dict) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def streams(reply: Reply, *pieces: bytes, content_type: str = "text/event-stream"):
    reply.start_events(content_type)
    for piece in pieces:
        reply.chunk(piece)
    reply.end()


# -- backends that answer -------------------------------------------------------------------------------------------------


def openai(seen: Seen, reply: Reply):
    if not seen.body:
        reply.json({})
    elif seen.json.get("stream"):
        streams(reply, delta(TEXT), delta("", finish_reason="stop"), USAGE, DONE)
    else:
        reply.json(completion(TEXT))


def anthropic(seen: Seen, reply: Reply):
    if seen.json.get("stream"):
        streams(reply, *map(sse, EVENTS))
    else:
        reply.json(MESSAGE)


def is_sent_to_openai(seen: Seen, asked: bytes):
    assert (seen.target, seen.body) == ("/v1/chat/completions", asked)


def is_sent_to_anthropic(seen: Seen, asked: bytes):
    """Made of what the client sent, not of what the backend before was sent."""
    sent, asked = seen.json, json.loads(asked)
    assert seen.target == "/v1/messages"
    assert (sent["model"], sent["max_tokens"]) == (asked["model"], asked["max_tokens"])
    assert sent["messages"] in ([{"role": "user", "content": part}] for part in ("hello", [{"type": "text", "text": "hello"}]))
    assert sent.get("stream", False) == asked["stream"] and "stream_options" not in sent


SECOND = {"openai": is_sent_to_openai, "anthropic": is_sent_to_anthropic}

# -- backends that fail ---------------------------------------------------------------------------------------------------


def reset(seen: Seen, reply: Reply):
    reply.cut(reset=True)


def silent(seen: Seen, reply: Reply):
    reply.gone(10)
    reply.cut()


def status(code: int):
    return lambda seen, reply: reply.json({"error": {"message": "the tide is out", "type": "server_error"}}, code)


def begin(seen: Seen, reply: Reply):
    """The head of an answer and nothing of its body."""
    if seen.json["stream"]:
        reply.start_events()
    else:
        reply.raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n")


def cut_after_the_head(seen: Seen, reply: Reply):
    begin(seen, reply)
    reply.cut()


def reset_after_the_head(seen: Seen, reply: Reply):
    begin(seen, reply)
    reply.cut(reset=True)


def silent_after_the_head(seen: Seen, reply: Reply):
    begin(seen, reply)
    silent(seen, reply)


def nothing(seen: Seen, reply: Reply):
    """A 200 whose body ends before it begins, and properly so."""
    if seen.json["stream"]:
        streams(reply)
    else:
        reply.send(200, b"", "application/json")


def half_an_event(seen: Seen, reply: Reply):
    reply.start_events()
    reply.chunk(delta("half")[:-9])
    reply.cut()


def error_event(seen: Seen, reply: Reply):
    streams(reply, b'data: {"error": {"message": "the tide is out", "type": "server_error", "code": null}}\n\n')


FAILURES = {
    "refused": None,
    "reset": reset,
    "timeout": silent,
    "429": status(429),
    "500": status(500),
    "529": status(529),
    "cut-after-the-head": cut_after_the_head,
    "reset-after-the-head": reset_after_the_head,
    "silent-after-the-head": silent_after_the_head,
    "nothing": nothing,
    "half-an-event": half_an_event,
    "error-event": error_event,
}
ONLY_STREAMS = {"half-an-event", "error-event"}
CELLS = [
    (failure, way, second)
    for failure in FAILURES
    for way in ("plain", "stream")
    for second in SECOND
    if way == "stream" or failure not in ONLY_STREAMS
]


def fails_as_asked(seen: Seen, reply: Reply):
    """The failure that the model is named after."""
    FAILURES[seen.json["model"]](seen, reply)


@pytest.fixture(scope="module")
def first():
    with Upstream(fails_as_asked) as first:
        yield first


@pytest.fixture(scope="module")
def second():
    with Upstream(openai) as of_openai, Upstream(anthropic) as of_anthropic:
        yield {"openai": of_openai, "anthropic": of_anthropic}


@pytest.fixture(scope="module")
def gateway(first, second):
    clusters = {
        "first": first.cluster(),
        "dead": {"provider": "openai", "endpoint": f"http://127.0.0.1:{free_port()}"},
        **{name: upstream.cluster(name) for name, upstream in second.items()},
    }
    routes = [{"name": "looks", "match": {"path": {"exact": "/v1/looks"}}, "backends": [{"cluster": "openai"}]}]
    for name in SECOND:
        for model in ("refused", "*"):
            fails = {"cluster": "dead" if model == "refused" else "first"}
            match = {"model": model, "headers": {"x-second": name}}
            routes.append({"name": f"{name}-{model}", "match": match, "backends": [fails, {"cluster": name, "priority": 1}]})
    # Each cell has an account of its own.
    limit = {"rate_limit": {"key": {"header": "x-cell"}, "requests_per_month": REQUESTS, "tokens_per_month": TOKENS}}
    with Gateway(proxy_config(clusters, [limit], routes, timeouts={"first_byte": "300ms"})) as gateway:
        yield gateway


def is_one_clean_answer(answer, way: str):
    assert answer.status_code == 200, answer.text
    if way == "plain":
        assert answer.json()["choices"][0]["message"]["content"] == TEXT
        return
    assert answer.headers["content-type"].startswith("text/event-stream")
    data = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    assert (data[-1], data.count("[DONE]")) == ("[DONE]", 1)
    events = [json.loads(piece) for piece in data[:-1]]
    assert not [event for event in events if "error" in event]
    texts = [choice["delta"].get("content") or "" for event in events for choice in event["choices"]]
    assert "".join(texts) == TEXT


@pytest.mark.parametrize("failure, way, second_dialect", CELLS, ids=lambda value: value)
def test_the_next_backend_answers(gateway, first, second, failure, way, second_dialect):
    cell = f"{failure}.{way}.{second_dialect}"
    upstream = second[second_dialect]
    before = len(first.requests), len(upstream.requests)
    body = {"model": failure, "max_tokens": 50, "messages": [{"role": "user", "content": "hello"}], "stream": way == "stream"}
    if body["stream"]:
        body["stream_options"] = {"include_usage": True}
    asked = json.dumps(body).encode()
    named = {"x-second": second_dialect, "x-cell": cell, "x-request-id": cell, "content-type": "application/json"}
    answer = gateway.post("/v1/chat/completions", asked, headers=named)
    is_one_clean_answer(answer, way)
    assert answer.headers["x-tidegate-cluster"] == second_dialect
    assert (len(first.requests) - before[0], len(upstream.requests) - before[1]) == (failure != "refused", 1)
    SECOND[second_dialect](upstream.requests[-1], asked)
    line = until(lambda: next((line for line in gateway.access if line["request_id"] == cell), None), "its line in the log")
    assert (line["attempts"], line["status"], line.get("error")) == (2, 200, None)
    is_settled_once(gateway, cell)


def is_settled_once(gateway, cell: str):
    """One request counts, and the ten tokens of the answer that the client got; not a second time a little later."""
    looks = []

    def used() -> tuple[int, int]:
        told = gateway.get("/v1/looks", headers={"x-cell": cell}).headers
        looks.append(told)
        requests, tokens = (int(told[f"x-ratelimit-remaining-{what}"]) for what in ("requests", "tokens"))
        return REQUESTS - requests - len(looks), TOKENS - tokens

    until(lambda: used() == (1, 10), f"the settling; the last look was {looks}")
    assert used() == (1, 10)


# -- errors as the first event, of every kind of stream -------------------------------------------------------------------

OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "the tide is out"}}
FIRST_EVENTS = {
    "openai": (b'data: {"error": {"message": "the tide is out", "type": "server_error"}}\n\n', "text/event-stream"),
    "anthropic": (sse(OVERLOADED), "text/event-stream"),
    "aws-bedrock": (frames.exception("throttlingException", "the tide is out"), frames.MEDIA_TYPE),
    "gemini": (b'data: {"error": {"code": 503, "message": "the tide is out", "status": "UNAVAILABLE"}}\n\n', "text/event-stream"),
}
SITES = {"aws-bedrock": {"region": "eu-west-1", "credentials": {"api_key": "k"}}}
USER = {"role": "user", "parts": [{"text": "hi"}]}
CLIENTS = {
    "openai": ("/v1/chat/completions", {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}),
    "anthropic": ("/v1/messages", {"model": "m", "stream": True, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}),
    "gemini": ("/v1beta/models/m:streamGenerateContent?alt=sse", {"contents": [USER]}),
    "bedrock": ("/model/m/converse-stream", {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}),
}
# What tells each client that a stream broke off.
TOLD = {
    "openai": b'data: {"error":',
    "anthropic": b"event: error\n",
    "gemini": b'data: {"error":',
    "bedrock": b"exception",
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("provider", FIRST_EVENTS)
def test_a_stream_that_begins_with_an_error_is_none(provider, client):
    event, content_type = FIRST_EVENTS[provider]
    path, body = CLIENTS[client]
    fails = lambda seen, reply: streams(reply, event, content_type=content_type)  # noqa: E731
    with Upstream(fails) as first, Upstream(openai) as second:
        clusters = {"first": first.cluster(provider, **SITES.get(provider, {})), "second": second.cluster()}
        routes = [{"name": "all", "backends": [{"cluster": "first"}, {"cluster": "second", "priority": 1}]}]
        with Gateway(proxy_config(clusters, routes=routes)) as gateway:
            answer = gateway.post(path, body)
            assert TEXT.encode() in answer.content and TOLD[client] not in answer.content and b"the tide is out" not in answer.content
            assert answer.headers["x-tidegate-cluster"] == "second"
            assert gateway.metric("tidegate_retries_total", cluster="first", reason="5xx") == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_after_the_first_byte_there_is_no_second_answer(client):
    """The client is told in its own words."""
    def falters(seen: Seen, reply: Reply):
        reply.start_events()
        reply.chunk(delta("half"))
        reply.cut()

    path, body = CLIENTS[client]
    with Upstream(falters) as first, Upstream(openai) as second:
        clusters = {"first": first.cluster(), "second": second.cluster()}
        routes = [{"name": "all", "backends": [{"cluster": "first"}, {"cluster": "second", "priority": 1}]}]
        with Gateway(proxy_config(clusters, routes=routes)) as gateway:
            answer = gateway.post(path, body)
    assert b"half" in answer.content and TEXT.encode() not in answer.content and not second.requests
    assert answer.content.count(TOLD[client]) >= 1 and answer.content.count(b"middle of its answer") == 1


def test_the_last_backends_error_event_passes():
    with Upstream(error_event) as only, Gateway(proxy_config({"only": only.cluster()})) as gateway:
        answer = gateway.chat(stream=True)
    assert (answer.status_code, "the tide is out" in answer.text) == (200, True)


def test_a_stream_that_is_slow_to_begin_is_waited_for_where_nobody_else_can_answer():
    """Its head passes at once: the wait for the first event is for a second try only."""
    def late(seen: Seen, reply: Reply):
        reply.start_events()
        assert not reply.gone(0.6)
        for piece in (delta(TEXT), delta("", finish_reason="stop"), DONE):
            reply.chunk(piece)
        reply.end()

    with Upstream(late) as only, Gateway(proxy_config({"only": only.cluster()}, timeouts={"first_byte": "300ms"})) as gateway:
        is_one_clean_answer(gateway.chat(stream=True), "stream")
