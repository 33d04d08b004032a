"""Drives Google's client for Python: one JSON line a call on standard input, one with its outcome on standard output."""

import functools
import json
import sys

from google import genai
from google.genai import types


def stream(client: genai.Client, params: dict, events: list):
    for answer in client.models.generate_content_stream(**params):
        events.append(shown(answer))
    return events


CALLS = {
    "chat": lambda client, params, _: shown(client.models.generate_content(**params)),
    "stream": stream,
}


def shown(answer: types.GenerateContentResponse) -> dict:
    return answer.model_dump(mode="json", exclude_none=True, exclude={"sdk_http_response"})


@functools.cache
def client(url: str, key: str) -> genai.Client:
    once = types.HttpRetryOptions(attempts=1)
    options = types.HttpOptions(base_url=url, timeout=20_000, retry_options=once)
    return genai.Client(api_key=key, http_options=options)


def outcome(call: str, url: str, key: str, params: dict) -> dict:
    events: list = []
    try:
        return {"value": CALLS[call](client(url, key), params, events)}
    except Exception as error:  # whatever it raises is the outcome
        headers = getattr(getattr(error, "response", None), "headers", {})
        return {
            "error": type(error).__name__,
            "status": getattr(error, "code", None),
            "code": getattr(error, "status", None),
            "message": str(error),
            "retry_after": headers.get("retry-after"),
            "events": events,
        }


for line in sys.stdin:
    print(json.dumps(outcome(**json.loads(line))), flush=True)
