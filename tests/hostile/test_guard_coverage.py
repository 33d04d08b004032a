"""T-GRD-1: every endpoint, plain and streamed, at every provider, is judged on both ways, or refused; none passes by.

The endpoints, the providers and who serves what are asked of the binary, so a new one without a sample here fails, and so
does one that no filter sees.
"""

import base64
import json

import pytest

from support import frames
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

PARTS = {"parts": [{"text": ASKED}], "role": "user"}
CONVERSED = {"messages": [{"role": "user", "content": [{"text": ASKED}]}]}
USED = {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1}}


def generated(text: str, **candidate) -> dict:
    content = {"parts": [{"text": text}], "role": "model"}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    return {"candidates": [{"content": content, "index": 0, **candidate}], "usageMetadata": usage, "modelVersion": "m", "responseId": "r"}


# Whose texts nobody finds.
FORM = f'--wall\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--wall\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n{ASKED}\r\n--wall--\r\n'.encode()
OF_FORMS = {"content-type": "multipart/form-data; boundary=wall"}

# What is asked, and in which API, by path.
ASKS = {
    "/v1/chat/completions": ({"messages": USER}, "chat"),
    "/v1/completions": ({"prompt": ASKED}, "completion"),
    "/v1/embeddings": ({"input": ASKED}, "embed-openai"),
    "/v1/responses": ({"input": ASKED}, "responses"),
    "/v1/responses/input_tokens": ({"input": ASKED}, "count-responses"),
    "/tokenize": ({"messages": USER}, "count-tokenize"),
    "/v2/rerank": ({"query": ASKED, "documents": [ASKED, {"text": ASKED}]}, "rerank"),
    "/v1/images/generations": ({"prompt": ASKED}, "image"),
    "/v1/images/edits": ({"prompt": ASKED}, "image"),
    "/v1/images/variations": (FORM, "image"),
    "/v1/audio/speech": ({"input": ASKED}, "sound"),
    "/v1/audio/transcriptions": (FORM, "transcript"),
    "/v1/audio/translations": (FORM, "transcript"),
    "/v1/moderations": ({"input": ASKED}, "moderation"),
    "/v1/messages": ({"max_tokens": 9, "messages": USER}, "messages"),
    "/v1/messages/count_tokens": ({"messages": USER}, "count-messages"),
    "/v1beta/models/{model}:generateContent": ({"contents": [PARTS]}, "gemini"),
    "/v1beta/models/{model}:streamGenerateContent": ({"contents": [PARTS]}, "gemini"),
    "/v1beta/models/{model}:countTokens": ({"contents": [PARTS]}, "count-gemini"),
    "/v1beta/models/{model}:embedContent": ({"content": PARTS}, "embed-gemini"),
    "/v1beta/models/{model}:batchEmbedContents": ({"requests": [{"content": PARTS}]}, "embed-gemini-batch"),
    "/model/{model}/converse": (CONVERSED, "converse"),
    "/model/{model}/converse-stream": (CONVERSED, "converse"),
}

# What is answered, by API, and the events of a stream. Those of a kind differ only in what may be asked.
KINDS = {
    "compatible-chat": "chat",
    "mistral-chat": "chat",
    "vertex": "gemini",
    "count-vertex": "count-gemini",
    "count-vertex-messages": "count-messages",
    "count-invoke-messages": "count-converse",
}
ANSWERS = {
    "chat": (
        {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": SAID}}]},
        [*[chunk(delta={"content": letter}) for letter in SAID], chunk(delta={}, finish_reason="stop"), "[DONE]"],
    ),
    "completion": (
        {"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "text": SAID}]},
        [*[{**chunk(text=letter), "object": "text_completion"} for letter in SAID], {**chunk(text="", finish_reason="stop"), "object": "text_completion"}, "[DONE]"],
    ),
    "embed-openai": ({"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "model": "m"}, None),
    "embed-vertex": ({"predictions": [{"embeddings": {"values": [0.5]}}]}, None),
    "embed-bedrock": ({"embedding": [0.5], "inputTextTokenCount": 3}, None),
    "responses": (
        response("completed", [ITEM]),
        [
            {"type": "response.created", "sequence_number": 0, "response": response("in_progress", [])},
            {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": {**ITEM, "content": [], "status": "in_progress"}},
            {"type": "response.content_part.added", "sequence_number": 2, **PLACE, "part": {**PART, "text": ""}},
            *[{"type": "response.output_text.delta", "sequence_number": 3 + n, **PLACE, "delta": letter, "logprobs": []} for n, letter in enumerate(SAID)],
            {"type": "response.output_text.done", "sequence_number": 30, **PLACE, "text": SAID},
            {"type": "response.content_part.done", "sequence_number": 31, **PLACE, "part": PART},
            {"type": "response.output_item.done", "sequence_number": 32, "output_index": 0, "item": ITEM},
            {"type": "response.completed", "sequence_number": 33, "response": response("completed", [ITEM])},
        ],
    ),
    "count-responses": ({"object": "response.input_tokens", "input_tokens": 3}, None),
    "messages": (
        {**MESSAGE, "content": [{"type": "text", "text": SAID}], "stop_reason": "end_turn"},
        [
            {"type": "message_start", "message": MESSAGE},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            *[{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": letter}} for letter in SAID],
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 2}},
            {"type": "message_stop"},
        ],
    ),
    "count-messages": ({"input_tokens": 3}, None),
    "gemini": (
        generated(SAID, finishReason="STOP"),
        [*[generated(letter) for letter in SAID], generated("", finishReason="STOP")],
    ),
    "count-gemini": ({"totalTokens": 3}, None),
    "count-converse": ({"inputTokens": 3}, None),
    "count-tokenize": ({"count": 3, "max_model_len": 9, "tokens": [1, 2, 3]}, None),
    "embed-gemini": ({"embedding": {"values": [0.5]}}, None),
    "embed-gemini-batch": ({"embeddings": [{"values": [0.5]}]}, None),
    "image": ({"created": 1, "data": [{"revised_prompt": SAID}]}, None),
    "sound": (SAID.encode(), None),
    "transcript": ({"text": SAID}, None),
    "moderation": ({"id": "m", "model": "m", "results": [{"flagged": False, "categories": {}, "category_scores": {}}]}, None),
    "rerank": ({"results": [{"index": 0, "relevance_score": 0.5, "document": {"text": SAID}}]}, None),
    # The names of its events stand beside their data.
    "converse": (
        {"output": {"message": {"role": "assistant", "content": [{"text": SAID}]}}, "stopReason": "end_turn", **USED},
        [
            ("messageStart", {"role": "assistant"}),
            *[("contentBlockDelta", {"delta": {"text": letter}, "contentBlockIndex": 0}) for letter in SAID],
            ("contentBlockStop", {"contentBlockIndex": 0}),
            ("messageStop", {"stopReason": "end_turn"}),
            ("metadata", USED),
        ],
    ),
}


def asked(path: str) -> tuple[dict, str]:
    assert path in ASKS, f'there is no sample for the endpoint "{path}", so nobody knows whether it is moderated'
    return ASKS[path]


def upstream_api(endpoint: dict, provider: dict) -> str | None:
    """What the provider is asked in; nothing where it is not asked."""
    served = provider["serves"][endpoint["path"]]
    match served["how"]:
        case "refused":
            return None
        case "passes":
            return asked(endpoint["path"])[1]
    api = KINDS.get(served["api"], served["api"])
    assert api in ANSWERS, f'there is no answer in the API "{api}", so nobody knows whether it is moderated'
    return api


def streamed(api: str, provider: str) -> tuple[str, bytes]:
    """The media type of a stream, and its bytes."""
    _, events = ANSWERS[api]
    assert events, f'there is no stream in the sample for "{api}"'
    if provider.startswith("aws-"):
        written = [frames.frame(*event) if api == "converse" else frames.chunk(event) for event in events]
        return frames.MEDIA_TYPE, b"".join(written)
    return "text/event-stream", sse(*events, named=api in ("messages", "responses"))


def streams(endpoint: dict) -> list[bool]:
    """Whether a stream can be asked for, and anything else; paths that name the model say which."""
    if "{model}" in endpoint["path"]:
        return [endpoint["streams"] and "stream" in endpoint["path"]]
    return [False, True] if endpoint["streams"] else [False]


def cases() -> list:
    facts = known()
    return [
        pytest.param(endpoint, provider, stream, id=f"{endpoint['path'].strip('/').replace('/', '.')}-{provider['name']}-{'stream' if stream else 'plain'}")
        for endpoint in facts["endpoints"]
        for provider in facts["providers"]
        for stream in streams(endpoint)
    ]


def answers(api: str, provider: str, stream: bool):
    def answer(request, reply):
        if stream:
            media_type, written = streamed(api, provider)
            reply.start_events(media_type)
            reply.chunk(written)
            reply.end()
        else:
            plain, _ = ANSWERS[api]
            reply.send(body=plain, content_type="audio/mpeg") if isinstance(plain, bytes) else reply.json(plain)

    return answer


def cluster(provider: str, upstream: Upstream, api: str | None, stream: bool) -> dict:
    if provider == "http":
        return {"provider": provider, "endpoint": upstream.url}
    if provider != "mock":
        return {"provider": provider, "endpoint": upstream.url, **site(provider)}
    if api is None:
        return {"provider": "mock"}
    plain, events = ANSWERS[api]
    if not stream:
        body, kind = (plain.decode(), "audio/mpeg") if isinstance(plain, bytes) else (json.dumps(plain), "application/json")
        return {"provider": "mock", "script": [{"status": 200, "body": body, "headers": {"content-type": kind}}]}
    lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return {"provider": "mock", "script": [{"status": 200, "events": lines}]}


def site(provider: str) -> dict:
    """Where in a cloud a cluster is, and who asks."""
    if provider.startswith("aws-"):
        return {"region": "us-east-1", "credentials": {"api_key": "k"}}
    if provider.startswith("gcp-"):
        return {"project": "p", "location": "l", "credentials": {"gcp": {"access_token": "t"}}}
    return {"credentials": {"api_key": "k"}}


# Who makes embeddings on Bedrock is told by the name of the model.
MODELS = {"embed-bedrock": "amazon.titan-embed-text-v2:0"}


def read(body: bytes) -> bytes:
    """What an upstream reads in a body: one in another, for InvokeModel, is encoded."""
    counted = json.loads(body).get("input")
    invoked = counted.get("invokeModel") if isinstance(counted, dict) else None
    return base64.b64decode(invoked["body"]) if invoked else body


GUARD = {"content_moderation": {"words": [CANARY], "action": "redact", "replace_with": "<*>"}, "name": "guard"}


@pytest.mark.parametrize(("endpoint", "provider", "stream"), cases())
def test_t_grd_1_every_endpoint_is_judged_or_refused(endpoint, provider, stream, tmp_path):
    body, own_api = asked(endpoint["path"])
    name, api = provider["name"], upstream_api(endpoint, provider)
    with Upstream(answers(api, name, stream)) as upstream:
        config = proxy_config({"up": cluster(name, upstream, api, stream)}, filters=[GUARD])
        if name == "http":
            (tmp_path / "tidegate.yaml").write_text(json.dumps(config))
            refused = run_tidegate("check", cwd=tmp_path)
            assert refused.returncode == 1 and "it moderates" in refused.stderr
            return
        with Gateway(config) as gateway:
            model = MODELS.get(api, "m")
            path = endpoint["path"].replace("{model}", model)
            # Where the path names the model, it also says whether a stream is wanted.
            named = {} if "{model}" in endpoint["path"] else {"model": model, **({"stream": True} if stream else {})}
            if body is FORM:
                answer = gateway.post(path, FORM, headers=OF_FORMS)
                assert answer.status_code in (400, 503) and not upstream.requests, answer.text
                return
            answer = gateway.post(path, {**named, **body})
            if api == "sound":
                assert answer.status_code in (400, 403) and "nobody here can judge media" in answer.text and CANARY not in answer.text
                return
            if api is None:
                assert 400 <= answer.status_code < 500 and not upstream.requests, answer.text
                return
            assert answer.status_code == 200, answer.text
            assert CANARY.encode() not in answer.content
            if not own_api.startswith(("count-", "embed-", "moderation")):
                assert b"<*>" in answer.content, answer.content
            assert answer.headers["x-tidegate-moderation"].startswith("input=redact, output=")
            if name != "mock":
                sent = read(upstream.requests[0].body)
                assert CANARY.encode() not in sent and b"<*>" in sent
            for hook in ("moderate_input", "moderate_output"):
                assert gateway.metric("tidegate_plugin_calls_total", plugin="guard", hook=hook) >= 1
            assert gateway.metric("tidegate_moderation_skipped_total") == 0


def test_an_endpoint_without_a_sample_fails_here():
    """What a new endpoint would do to this file."""
    with pytest.raises(AssertionError, match="nobody knows whether it is moderated"):
        asked("/v1/inventions")


def test_t_grd_1_a_path_that_nobody_knows_is_not_passed_unjudged():
    with Upstream() as upstream, Gateway(proxy_config({"up": upstream.cluster()}, filters=[GUARD])) as gateway:
        answer = gateway.post("/v1/inventions", {"model": "m", "idea": ASKED})
        assert answer.status_code == 503 and not upstream.requests
