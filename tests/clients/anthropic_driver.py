"""Drives Anthropic's client for Python: one JSON line a call on standard input, one with its outcome on standard output."""

import functools
import json
import sys

import anthropic


def stream(client: anthropic.Anthropic, params: dict, events: list):
    with client.messages.stream(**params) as stream:
        for event in stream:
            if event.type == "text":
                events.append(event.text)
        return stream.get_final_message()


CALLS = {
    "chat": lambda client, params, _: client.messages.create(**params),
    "stream": stream,
}


@functools.cache
def client(url: str, key: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, timeout=20)


def outcome(call: str, url: str, key: str, params: dict) -> dict:
    events: list = []
    try:
        return {"value": CALLS[call](client(url, key), params, events).model_dump(mode="json")}
    except Exception as error:  # whatever it raises is the outcome
        response = getattr(error, "response", None)
        return {
            "error": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "type": getattr(error, "type", None),
            "message": str(error),
            "request_id": getattr(error, "request_id", None),
            "retry_after": response.headers.get("retry-after") if response is not None else None,
            "events": events,
        }


for line in sys.stdin:
    print(json.dumps(outcome(**json.loads(line))), flush=True)
