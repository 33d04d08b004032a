"""Drives Google's client for Python: one JSON line a call on standard input, one with its outcome on standard output."""

import functools

from google import genai
from google.genai import types
from driver import serve


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


def made(call: str, url: str, key: str, params: dict, events: list):
    return CALLS[call](client(url, key), params, events)


def failed(error: Exception, events: list) -> dict:
    headers = getattr(getattr(error, "response", None), "headers", {})
    return {
        "error": type(error).__name__,
        "status": getattr(error, "code", None),
        "code": getattr(error, "status", None),
        "message": str(error),
        "retry_after": headers.get("retry-after"),
        "events": events,
    }


serve(made, failed)
