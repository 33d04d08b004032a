"""T-GRD-1: every endpoint, plain and streamed, at every provider, is judged on both ways, or refused; none passes by.

The endpoints and providers are asked of the binary, so a new one without a sample here fails, and so does one that no
filter sees.
"""

import json

import pytest

from support.gateway import Gateway, proxy_config, run_tidegate
from support.upstream import Upstream

CANARY = "c4n4ry"
ASKED, SAID = f"ask {CANARY}", f"say {CANARY}"


def known() -> dict:
    return json.loads(run_tidegate("endpoints").stdout)


def sse(*events: dict | str, named: bool = False) -> bytes:
    def one(event):
        name = f"event: {event['type']}\n" if named else ""
        return f"{name}data: {event if isinstance(event, str) else json.dumps(event)}\n\n"

    return "".join(map(one, events)).encode()


def chunk(**choice) -> dict:
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "finish_reason": None, **choice}]}


def response(status: str, output: list) -> dict:
    return {"id": "r", "object": "response", "created_at": 1, "model": "m", "status": status, "output": output, "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}}


PART = {"type": "output_text", "text": SAID, "annotations": []}
ITEM = {"id": "i", "type": "message", "role": "assistant", "status": "completed", "content": [PART]}
PLACE = {"item_id": "i", "output_index": 0, "content_index": 0}
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None, "usage": {"input_tokens": 1, "output_tokens": 1}}
USER = [{"role": "user", "content": ASKED}]

# What is asked, what is answered, what is streamed, by operation.
SAMPLES = {
    "chat": (
        {"messages": USER},
        {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": SAID}}]},
        sse(*[chunk(delta={"content": letter}) for letter in SAID], chunk(delta={}, finish_reason="stop"), "[DONE]"),
    ),
    "completion": (
        {"prompt": ASKED},
        {"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "text": SAID}]},
        sse(*[{**chunk(text=letter), "object": "text_completion"} for letter in SAID], {**chunk(text="", finish_reason="stop"), "object": "text_completion"}, "[DONE]"),
    ),
    "embeddings": ({"input": ASKED}, {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "model": "m"}, None),
    "responses": (
        {"input": ASKED},
        response("completed", [ITEM]),
        sse(
            {"type": "response.created", "sequence_number": 0, "response": response("in_progress", [])},
            {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": {**ITEM, "content": [], "status": "in_progress"}},
            {"type": "response.content_part.added", "sequence_number": 2, **PLACE, "part": {**PART, "text": ""}},
            *[{"type": "response.output_text.delta", "sequence_number": 3 + n, **PLACE, "delta": letter, "logprobs": []} for n, letter in enumerate(SAID)],
            {"type": "response.output_text.done", "sequence_number": 30, **PLACE, "text": SAID},
            {"type": "response.content_part.done", "sequence_number": 31, **PLACE, "part": PART},
            {"type": "response.output_item.done", "sequence_number": 32, "output_index": 0, "item": ITEM},
            {"type": "response.completed", "sequence_number": 33, "response": response("completed", [ITEM])},
            named=True,
        ),
    ),
    "responses_input_tokens": ({"input": ASKED}, {"object": "response.input_tokens", "input_tokens": 3}, None),
    "messages": (
        {"max_tokens": 9, "messages": USER},
        {**MESSAGE, "content": [{"type": "text", "text": SAID}], "stop_reason": "end_turn"},
        sse(
            {"type": "message_start", "message": MESSAGE},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            *[{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": letter}} for letter in SAID],
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 2}},
            {"type": "message_stop"},
            named=True,
        ),
    ),
    "count_tokens": ({"messages": USER}, {"input_tokens": 3}, None),
}


def sample(operation: str) -> tuple[dict, dict, bytes | None]:
    assert operation in SAMPLES, f'there is no sample for the endpoint "{operation}", so nobody knows whether it is moderated'
    return SAMPLES[operation]


def cases() -> list:
    facts = known()
    return [
        pytest.param(endpoint, provider, stream, id=f"{endpoint['operation']}-{provider['name']}-{'stream' if stream else 'plain'}")
        for endpoint in facts["endpoints"]
        for provider in facts["providers"]
        for stream in ([False, True] if endpoint["streams"] else [False])
    ]


def answers(operation: str, stream: bool):
    _, plain, events = sample(operation)
    assert not stream or events, f'there is no stream in the sample for "{operation}"'

    def answer(request, reply):
        if stream:
            reply.start_events()
            reply.chunk(events)
            reply.end()
        else:
            reply.json(plain)

    return answer


def cluster(provider: dict, upstream: Upstream, operation: str, stream: bool) -> dict:
    if provider["name"] != "mock":
        return {"provider": provider["name"], "endpoint": upstream.url, "credentials": {"api_key": "k"}}
    _, plain, events = sample(operation)
    if not stream:
        return {"provider": "mock", "script": [{"status": 200, "body": json.dumps(plain), "headers": {"content-type": "application/json"}}]}
    lines = [line[6:] for line in events.decode().splitlines() if line.startswith("data: ")]
    return {"provider": "mock", "script": [{"status": 200, "events": lines}]}


GUARD = {"content_moderation": {"words": [CANARY], "action": "redact", "replace_with": "<*>"}, "name": "guard"}


@pytest.mark.parametrize(("endpoint", "provider", "stream"), cases())
def test_t_grd_1_every_endpoint_is_judged_or_refused(endpoint, provider, stream, tmp_path):
    operation = endpoint["operation"]
    body, *_ = sample(operation)
    with Upstream(answers(operation, stream)) as upstream:
        config = proxy_config({"up": cluster(provider, upstream, operation, stream)}, filters=[GUARD])
        if provider["name"] == "http":
            config["clusters"]["up"].pop("credentials")
            (tmp_path / "tidegate.yaml").write_text(json.dumps(config))
            refused = run_tidegate("check", cwd=tmp_path)
            assert refused.returncode == 1 and "it moderates" in refused.stderr
            return
        with Gateway(config) as gateway:
            answer = gateway.post(endpoint["path"], {"model": "m", **body, **({"stream": True} if stream else {})})
            if provider["dialect"] != endpoint["dialect"] and provider["name"] != "mock":
                assert 400 <= answer.status_code < 500 and not upstream.requests, answer.text
                return
            assert answer.status_code == 200, answer.text
            assert CANARY not in answer.text
            if operation not in ("embeddings", "responses_input_tokens", "count_tokens"):
                assert "<*>" in answer.text
            assert answer.headers["x-tidegate-moderation"].startswith("input=redact, output=")
            if provider["name"] != "mock":
                assert CANARY.encode() not in upstream.requests[0].body and b"<*>" in upstream.requests[0].body
            for hook in ("moderate_input", "moderate_output"):
                assert gateway.metric("tidegate_plugin_calls_total", plugin="guard", hook=hook) >= 1
            assert gateway.metric("tidegate_moderation_skipped_total") == 0


def test_an_endpoint_without_a_sample_fails_here():
    """What a new endpoint would do to this file."""
    with pytest.raises(AssertionError, match="nobody knows whether it is moderated"):
        sample("image_generation")


def test_t_grd_1_a_path_that_nobody_knows_is_not_passed_unjudged():
    with Upstream() as upstream, Gateway(proxy_config({"up": upstream.cluster()}, filters=[GUARD])) as gateway:
        answer = gateway.post("/v1/inventions", {"model": "m", "idea": ASKED})
        assert answer.status_code == 503 and not upstream.requests
