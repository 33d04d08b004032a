"""From JSON to values whose every key is known, with the place of whatever is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Reader = Callable[[str, Any], Any]

REQUIRED: Any = object()
MOST_REPEATED = 16 * 1024 * 1024

ROLES = ("system", "user", "assistant", "tool")
KINDS = ("text", "reasoning", "refusal", "tool-arguments", "tool-result", "transcript", "media")


class Wrong(Exception):
    """A value that a case cannot have there."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}" if place else problem)
        self.place = place
        self.problem = problem


def record(place: str, value: Any, shape: dict[str, tuple[Reader, Any]]) -> dict[str, Any]:
    """An object with these keys and no others; each has a reader and what it is where it is left out."""
    if not isinstance(value, dict):
        raise Wrong(place, f"is {kind(value)}, and must be an object")
    for key in value:
        if key not in shape:
            raise Wrong(_inside(place, key), f'unknown field "{key}", expected one of {", ".join(shape)}')
    made = {}
    for key, (read, default) in shape.items():
        if key in value:
            made[key] = read(_inside(place, key), value[key])
        elif default is REQUIRED:
            raise Wrong(place, f'missing field "{key}"')
        else:
            made[key] = default() if callable(default) else default
    return made


def _inside(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def kind(value: Any) -> str:
    """What a JSON value is, in words."""
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), "null")


def anything(_: str, value: Any) -> Any:
    """Any JSON value."""
    return value


def _of(wanted: str, *types: type) -> Reader:
    def read(place: str, value: Any) -> Any:
        if type(value) not in types:
            raise Wrong(place, f"is {kind(value)}, and must be {wanted}")
        return value

    return read


text = _of("a text", str)
flag = _of("true or false", bool)
number = _of("a number", int, float)
a_list = _of("a list", list)
an_object = _of("an object", dict)


def whole(most: int) -> Reader:
    """A whole number from 0."""

    def read(place: str, value: Any) -> Any:
        if type(value) is not int or not 0 <= value <= most:
            raise Wrong(place, f"is {value!r}, and must be a whole number from 0 to {most}")
        return value

    return read


u16, u32, u64 = whole(2**16 - 1), whole(2**32 - 1), whole(2**64 - 1)


def optional(read: Reader) -> Reader:
    """What `read` reads, or null."""
    return lambda place, value: None if value is None else read(place, value)


def listed(read: Reader) -> Reader:
    """A list of what `read` reads."""
    return lambda place, value: [read(f"{place}[{at}]", one) for at, one in enumerate(a_list(place, value))]


def mapped(read: Reader) -> Reader:
    """An object whose values `read` reads."""
    return lambda place, value: {key: read(f"{place}.{key}", one) for key, one in an_object(place, value).items()}


def shaped(shape: dict[str, tuple[Reader, Any]]) -> Reader:
    """An object with these keys."""
    return lambda place, value: record(place, value, shape)


def one_of(what: str, words: tuple[str, ...]) -> Reader:
    """One of these words."""

    def read(place: str, value: Any) -> Any:
        if text(place, value) not in words:
            raise Wrong(place, f'"{value}" is no {what}; there are {", ".join(words)}')
        return value

    return read


# Bytes and fields, as the README of the testkit has them: text where they are text, {"hex": ...} where they are not.

_FORMS = 'a string, {"hex": "00ff"}, {"json": VALUE} or {"repeat": "text", "times": N}'


def data(place: str, value: Any) -> Any:
    """Bytes: text, `{"hex"}` or `{"json"}`; what is repeated is written out."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        if value.keys() == {"hex"} and isinstance(value["hex"], str):
            return {"hex": unhexed(place, value["hex"]).hex()}
        if value.keys() == {"json"}:
            return value
        if value.keys() == {"repeat", "times"} and isinstance(value["repeat"], str) and type(value["times"]) is int:
            if value["times"] * len(value["repeat"].encode()) > MOST_REPEATED:
                raise Wrong(place, f'"times" makes more than {MOST_REPEATED} bytes')
            return value["repeat"] * value["times"]
    raise Wrong(place, f"{value!r} is none of the forms of bytes: {_FORMS}")


def unhexed(place: str, digits: str) -> bytes:
    """The bytes of hexadecimal digits."""
    try:
        if " " in digits:
            raise ValueError
        return bytes.fromhex(digits)
    except ValueError:
        raise Wrong(place, f'"{digits}" is no hexadecimal text with two digits a byte') from None


def digest(place: str, value: Any) -> Any:
    """64 hexadecimal digits."""
    if len(unhexed(place, text(place, value))) != 32:
        raise Wrong(place, "a SHA-256 has 64 hexadecimal digits")
    return value.lower()


def fields(place: str, value: Any) -> dict[str, Any]:
    """Header fields: a value by its name, or a list of them where a name is repeated."""
    made = {}
    for name, values in an_object(place, value).items():
        read = [data(f"{place}.{name}", one) for one in (values if isinstance(values, list) else [values])]
        made[name] = read[0] if len(read) == 1 else read
    return made


# What several hooks are told or answer.

USAGE: dict[str, tuple[Reader, Any]] = {
    "input": (u64, 0),
    "output": (u64, 0),
    "cached_input": (u64, 0),
    "cache_write": (u64, 0),
    "reasoning": (u64, 0),
    "cost_micro_usd": (optional(u64), None),
    "estimated": (flag, False),
}
usage = shaped(USAGE)

FINDING: dict[str, tuple[Reader, Any]] = {
    "category": (text, REQUIRED),
    "score": (optional(number), None),
    "text": (optional(u32), None),
    "detail": (data, ""),
}
finding = shaped(FINDING)

PRINCIPAL: dict[str, tuple[Reader, Any]] = {
    "id": (text, REQUIRED),
    "tenant": (optional(text), None),
    "attributes": (mapped(data), dict),
}
principal = shaped(PRINCIPAL)

REFUSAL: dict[str, tuple[Reader, Any]] = {
    "status": (u16, REQUIRED),
    "code": (text, REQUIRED),
    "message": (text, REQUIRED),
    "headers": (fields, dict),
}
refusal = shaped(REFUSAL)

REPLY: dict[str, tuple[Reader, Any]] = {"status": (u16, 200), "headers": (fields, dict), "body": (data, "")}
reply = shaped(REPLY)

EVENT: dict[str, tuple[Reader, Any]] = {"name": (optional(text), None), "data": (anything, REQUIRED)}
event = shaped(EVENT)

TEXT_EDIT: dict[str, tuple[Reader, Any]] = {
    "id": (u32, 0),
    "start": (u32, REQUIRED),
    "end": (u32, REQUIRED),
    "replacement": (text, REQUIRED),
}
text_edit = shaped(TEXT_EDIT)


def variant(names: dict[str, Reader]) -> Reader:
    """An object with one key, which is one of these."""

    def read(place: str, value: Any) -> Any:
        if not isinstance(value, dict) or len(value) != 1:
            raise Wrong(place, f"must be an object with one key out of {', '.join(names)}")
        ((name, inside),) = value.items()
        if name not in names:
            raise Wrong(place, f'unknown variant "{name}", expected one of {", ".join(names)}')
        return {name: names[name](f"{place}.{name}", inside)}

    return read


_FIELD = shaped({"name": (text, REQUIRED), "value": (data, REQUIRED)})
header_edit = variant({"set": _FIELD, "add": _FIELD, "remove": text})

_PLACE = shaped({"pointer": (text, REQUIRED), "value": (anything, REQUIRED)})
json_edit = variant({"set": _PLACE, "insert": _PLACE, "remove": text})
