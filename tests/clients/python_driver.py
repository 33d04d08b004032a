"""Drives OpenAI's client for Python: one JSON line a call on standard input, one with its outcome on standard output."""

import functools

import openai
from driver import serve


def stream(client: openai.OpenAI, params: dict, events: list):
    for event in client.chat.completions.create(**params, stream=True):
        events.append(event.model_dump(exclude_unset=True))
    return events


def response_stream(client: openai.OpenAI, params: dict, events: list):
    """The answer at the end of the stream; nothing else is one."""
    for event in client.responses.create(**params, stream=True):
        if event.type == "response.output_text.delta":
            events.append(event.delta)
        elif event.type == "response.failed":
            raise RuntimeError(event.response.error.message)
        elif event.type in ("response.completed", "response.incomplete"):
            return event.response
    raise EOFError("no response at the end")


CALLS = {
    "chat": lambda client, params, _: client.chat.completions.create(**params),
    "completion": lambda client, params, _: client.completions.create(**params),
    "embeddings": lambda client, params, _: client.embeddings.create(**params),
    "models": lambda client, params, _: [model.model_dump() for model in client.models.list().data],
    "model": lambda client, params, _: client.models.retrieve(params["model"]),
    "response": lambda client, params, _: client.responses.create(**params),
    "response-stream": response_stream,
    "stream": stream,
}


@functools.cache
def client(url: str, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=url, api_key=key, max_retries=0, timeout=20)


def made(call: str, url: str, key: str, params: dict, events: list):
    value = CALLS[call](client(url, key), params, events)
    return value if isinstance(value, list) else value.model_dump(exclude_unset=True)


serve(made)
