"""The same answer in the words of three APIs, whole and as a stream, each under the name of a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import chats

# AWS's frames are written in one place, for tests and for the bench.
sys.path.append(str(Path(__file__).parents[1] / "tests"))
from support import frames  # noqa: E402

# By the ending of a file's name.
MEDIA_TYPES = {"json": "application/json", "sse": "text/event-stream", "eventstream": frames.MEDIA_TYPE}
# Events that say text; some three more open and end the stream, as each API has it.
PIECES = 48
# What each API counts under names of its own.
TOKENS_IN, TOKENS_OUT = 200, 80


def media_type(name: str) -> str:
    return MEDIA_TYPES[name.rpartition(".")[2]]


def answers() -> dict[str, bytes]:
    return {
        "openai.json": chats.answer().encode(),
        "openai.sse": b"".join(map(_sse, _openai_events())) + b"data: [DONE]\n\n",
        "anthropic.json": _json(_anthropic_message([{"type": "text", "text": chats.REPLY}], "end_turn", TOKENS_OUT)),
        "anthropic.sse": b"".join(_sse(event, str(event["type"])) for event in _anthropic_events()),
        "bedrock.json": _json(_bedrock_answer()),
        "bedrock.eventstream": b"".join(frames.frame(kind, payload) for kind, payload in _bedrock_events()),
    }


def pieces() -> list[str]:
    """The text as a stream has it."""
    length = -(-len(chats.REPLY) // PIECES)
    return [chats.REPLY[at : at + length] for at in range(0, len(chats.REPLY), length)]


def _openai_events() -> Iterator[dict[str, object]]:
    head = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1767225600, "model": "gpt-b-large"}
    head |= {"service_tier": "default", "system_fingerprint": "fp_bench"}
    deltas = [{"role": "assistant", "content": "", "refusal": None}, *({"content": piece} for piece in pieces()), {}]
    for delta in deltas:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None if delta else "stop"}
        yield {**head, "choices": [choice], "usage": None}
    yield {**head, "choices": [], "usage": json.loads(chats.answer())["usage"]}


def _anthropic_message(content: list[object], stop: str | None, tokens_out: int) -> dict[str, object]:
    usage = {"input_tokens": TOKENS_IN, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    usage |= {"output_tokens": tokens_out, "service_tier": "standard"}
    head = {"id": "msg_bench", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929"}
    return {**head, "content": content, "stop_reason": stop, "stop_sequence": None, "usage": usage}


def _anthropic_events() -> Iterator[dict[str, object]]:
    yield {"type": "message_start", "message": _anthropic_message([], None, 1)}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    yield {"type": "ping"}
    for piece in pieces():
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
    yield {"type": "content_block_stop", "index": 0}
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": TOKENS_OUT}}
    yield {"type": "message_stop"}


def _bedrock_counts() -> dict[str, object]:
    usage = {"inputTokens": TOKENS_IN, "outputTokens": TOKENS_OUT, "totalTokens": TOKENS_IN + TOKENS_OUT}
    return {"usage": usage, "metrics": {"latencyMs": 900}}


def _bedrock_answer() -> dict[str, object]:
    message = {"role": "assistant", "content": [{"text": chats.REPLY}]}
    return {"output": {"message": message}, "stopReason": "end_turn", **_bedrock_counts()}


def _bedrock_events() -> Iterator[tuple[str, dict[str, object]]]:
    # `p` hides the lengths of words; Bedrock pads every event with it.
    padding = {"p": "abcdefghijklmnopqrstuvwxyz"}
    yield "messageStart", {"role": "assistant", **padding}
    for piece in pieces():
        yield "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": piece}, **padding}
    yield "contentBlockStop", {"contentBlockIndex": 0, **padding}
    yield "messageStop", {"stopReason": "end_turn", **padding}
    yield "metadata", {**_bedrock_counts(), **padding}


def _sse(data: dict[str, object], name: str | None = None) -> bytes:
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + _json(data) + b"\n\n"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
