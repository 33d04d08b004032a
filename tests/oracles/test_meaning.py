"""The normal form takes away what its rules say, and nothing else."""

import copy
from collections.abc import Iterator

import pytest

from oracles.meaning import DEFAULTS, SILENT, differences, meaning
from oracles.record import recorded
from oracles.writers import APIS

HI = {"type": "text", "text": "hi"}
AB = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
TOLD = {"role": "user", "content": "hi"}


def chat(*messages: dict, **more) -> dict:
    return {"messages": list(messages), **more}


def each(role: str) -> list[dict]:
    """A message for each text."""
    return [{"role": role, "content": [text]} for text in AB]


def call(arguments: str) -> dict:
    function = {"name": "f", "arguments": arguments}
    return {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": function}]}


def found(text: str) -> dict:
    return {"role": "tool", "tool_call_id": "c", "content": text}


def result(**more) -> dict:
    return block(type="tool_result", tool_use_id="c", **more)


def block(**block) -> dict:
    return {"messages": [{"role": "user", "content": [block]}]}


def part(**part) -> dict:
    return {"contents": [{"role": "user", "parts": [part]}]}


# Pairs that mean the same.
SAME = [
    ("chat", chat(TOLD), chat({"role": "user", "content": [HI]})),
    ("chat", chat(*each("system")), chat({"role": "system", "content": AB})),
    ("chat", chat(call('{"a": 1}')), chat(call('{"a":1}'))),
    ("chat", chat(found('{"a": 1}')), chat(found('{"a":1}'))),
    ("chat", chat(TOLD, tool_choice="any"), chat(TOLD, tool_choice="required")),
    ("chat", chat(TOLD, stream=False), chat(TOLD)),
    ("messages", {"messages": [TOLD], "system": "a"}, {"messages": [TOLD], "system": [{"type": "text", "text": "a"}]}),
    ("messages", result(content="hi"), result(content=[HI])),
    ("messages", result(content=""), result()),
    ("gemini", part(inline_data={"mime_type": "a/b", "data": "-_8"}), part(inlineData={"mimeType": "a/b", "data": "+/8="})),
    ("gemini", part(text="a") | {"generationConfig": {}}, part(text="a")),
    ("converse", block(toolResult={"content": [{"json": {"a": 1}}]}), block(toolResult={"content": [{"text": '{"a": 1}'}]})),
]
# And pairs that nearly do.
OTHER = [
    ("chat", chat(TOLD, TOLD), chat(TOLD)),
    ("chat", chat(*each("user")), chat({"role": "user", "content": AB})),
    ("chat", chat(TOLD, n=1), chat(TOLD, n=True)),
    ("chat", chat(TOLD, temperature=0), chat(TOLD)),
    ("messages", result(is_error=True), result()),
    ("gemini", part(functionCall={"name": "f", "args": {"a_b": 1}}), part(functionCall={"name": "f", "args": {"aB": 1}})),
]


@pytest.mark.parametrize(("api", "one", "other"), SAME)
def test_these_mean_the_same(api, one, other):
    assert differences(meaning(api, one), meaning(api, other)) == []


@pytest.mark.parametrize(("api", "one", "other"), OTHER)
def test_these_do_not(api, one, other):
    assert differences(meaning(api, one), meaning(api, other)) != []


@pytest.mark.parametrize("provider", APIS)
def test_every_other_change_of_a_recording_means_something_else(provider):
    bodies = {name: request["body"] for name, request in recorded(provider).items() if "body" in request}
    places = [(name, place) for name, body in bodies.items() for place in leaves(body)]
    assert [(*place, how) for name, place in places for how in unheard(APIS[provider], bodies[name], place)] == []


def unheard(api: str, body: dict, place: tuple) -> Iterator[str]:
    """In which ways what stands at the place may change without a change of the meaning, though no rule says so."""
    path = ".".join("*" if isinstance(step, int) else step for step in place)
    if any(path.startswith(silent) for silent in SILENT[api]):
        return
    value = at(body, place)
    if same(api, body, put(body, place, changed(value))):
        yield "changing"
    if (path not in DEFAULTS[api] or DEFAULTS[api][path] != value) and same(api, body, taken(body, place)):
        yield "removing"


def same(api: str, body: dict, other: dict) -> bool:
    """A body that can no longer be read is another."""
    try:
        return differences(meaning(api, body), meaning(api, other)) == []
    except (KeyError, ValueError, TypeError, AttributeError):
        return False


def leaves(value, place: tuple = ()) -> Iterator[tuple]:
    """The places of what has nothing below it."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not steps or not value:
        yield place
    for step, below in steps:
        yield from leaves(below, (*place, step))


def changed(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    return {"x": 1} if value == {} else ["x"]


def at(body, place: tuple):
    for step in place:
        body = body[step]
    return body


def put(body: dict, place: tuple, value) -> dict:
    other = copy.deepcopy(body)
    at(other, place[:-1])[place[-1]] = value
    return other


def taken(body: dict, place: tuple) -> dict:
    other = copy.deepcopy(body)
    del at(other, place[:-1])[place[-1]]
    return other
