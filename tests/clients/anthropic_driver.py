"""Drives Anthropic's client for Python: one JSON line a call on standard input, one with its outcome on standard output."""

import functools

import anthropic
from driver import serve


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


def made(call: str, url: str, key: str, params: dict, events: list) -> dict:
    return CALLS[call](client(url, key), params, events).model_dump(mode="json")


serve(made)
