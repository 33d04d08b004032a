"""The chat requests and the canned answer that all proxies carry."""

from __future__ import annotations

import base64
import json
from random import Random

KEY = "demo"
SIZES = {"1KB": 1024, "16KB": 16 * 1024, "1MB": 1024 * 1024}

TURNS = (
    "Compare the two drafts below and say which clause of the second one could be read in more than one way.",
    'Clause 4.2 says "within thirty days", but not of what:\nthe invoice, or its receipt?',
    "Übersetze den Absatz bitte ins Deutsche und behalte die Nummern der Klauseln bei.",
    "Then list every date in the text, one a line, in the form 2026-01-31, and nothing else.",
)
# What all answers say.
REPLY = " ".join(TURNS[index % 2] for index in range(4)).replace("\n", " ").replace('"', "")

STREAM = {"stream": True, "stream_options": {"include_usage": True}}
PNG = b"\x89PNG\r\n\x1a\n"


def request(size: int, model: str = "gpt-b-large", **more: object) -> bytes:
    """A conversation of exactly `size` bytes. `model` stands behind the messages, where the official clients put it."""
    messages = [{"role": "system", "content": "You are a careful assistant."}]
    rest = size - len(_encode(messages, model, more))
    while True:
        turn = {"role": ("user", "assistant")[len(messages) % 2 - 1], "content": TURNS[len(messages) % len(TURNS)]}
        length = len(_dumps(turn)) + 1
        if length > rest:
            break
        messages.append(turn)
        rest -= length
    messages[0]["content"] += "." * rest
    return _encode(messages, model, more)


def picture(size: int, model: str = "gpt-b-large", **more: object) -> bytes:
    """A question about an image, of exactly `size` bytes; all but a few hundred are the base64 of the image."""

    def body(text: str, data: str) -> bytes:
        image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
        return _encode([{"role": "user", "content": [{"type": "text", "text": text}, image]}], model, more)

    rest = size - len(body(TURNS[0], ""))
    pixels = Random(size).randbytes(rest // 4 * 3 - len(PNG))
    return body(TURNS[0] + "." * (rest % 4), base64.b64encode(PNG + pixels).decode())


def saying(text: str) -> bytes:
    """A conversation of about 1 KB that ends with this text."""
    body = json.loads(request(1024))
    return _dumps({**body, "messages": [*body["messages"], {"role": "user", "content": text}]})


def without(key: str) -> bytes:
    """A conversation of about 1 KB that lacks this value."""
    return _dumps({name: value for name, value in json.loads(request(1024)).items() if name != key})


def streamed(model: str = "gpt-b-large") -> bytes:
    """A short question that asks for a stream."""
    messages = [{"role": "user", "content": TURNS[0]}]
    return _dumps({"messages": messages, "model": model, "stream": True})


def answer() -> str:
    """A plain completion of about 1 KB with its usage."""
    message = {"role": "assistant", "content": REPLY, "refusal": None}
    return json.dumps(
        {
            "id": "chatcmpl-bench",
            "object": "chat.completion",
            "created": 1767225600,
            "model": "gpt-b-large",
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": 200,
                "completion_tokens": 80,
                "total_tokens": 280,
                "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
            },
            "service_tier": "default",
            "system_fingerprint": "fp_bench",
        },
        separators=(",", ":"),
    ).ljust(1024)


def _encode(messages: list[dict[str, object]], model: str, more: dict[str, object]) -> bytes:
    return _dumps({"messages": messages, "model": model, "temperature": 0.2, **more})


def _dumps(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
