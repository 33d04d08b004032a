"""Expected and got, compared as values, and told place by place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .content import written

_TOLD = 12
_SHOWN = 2000
_NOTHING: Any = object()

Place = tuple[str, Any, Any]


def difference(expected: Any, got: Any) -> str | None:
    """None where both are the same.

    Where `{"json": ...}` is expected and a text came, the text is read as JSON. Numbers are compared by value: 1.0 is 1.
    """
    got = _aligned(expected, got)
    places = list(_walk("", expected, got))
    if not places:
        return None
    lines = [
        f"\n  at {pointer or 'the whole'}\n    expected {_shown(wanted)}\n    got      {_shown(came)}"
        for pointer, wanted, came in places[:_TOLD]
    ]
    if len(places) > _TOLD:
        lines.append(f"\n  and {len(places) - _TOLD} more")
    return "".join(lines) + f"\n  all that was got: {_shown(got)}"


def same(expected: Any, got: Any) -> bool:
    """Whether both are the same."""
    return difference(expected, got) is None


def _aligned(expected: Any, got: Any) -> Any:
    """Reads texts as JSON where JSON is expected."""
    if isinstance(expected, dict) and isinstance(got, str) and expected.keys() == {"json"}:
        try:
            return _aligned(expected, {"json": json.loads(got)})
        except ValueError:
            return got
    if isinstance(expected, dict) and isinstance(got, dict):
        return {key: _aligned(expected[key], value) if key in expected else value for key, value in got.items()}
    if isinstance(expected, list) and isinstance(got, list):
        rest = got[len(expected) :]
        return [_aligned(wanted, value) for wanted, value in zip(expected, got, strict=False)] + rest
    return got


def _walk(pointer: str, expected: Any, got: Any) -> Iterator[Place]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in [*expected, *(key for key in got if key not in expected)]:
            token = key.replace("~", "~0").replace("/", "~1")
            yield from _walk(f"{pointer}/{token}", expected.get(key, _NOTHING), got.get(key, _NOTHING))
    elif isinstance(expected, list) and isinstance(got, list):
        for at in range(max(len(expected), len(got))):
            yield from _walk(f"{pointer}/{at}", _element(expected, at), _element(got, at))
    elif not _equal(expected, got):
        yield pointer, expected, got


def _element(values: list[Any], at: int) -> Any:
    return values[at] if at < len(values) else _NOTHING


def _equal(expected: Any, got: Any) -> bool:
    """In JSON true is not 1."""
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    return bool(expected == got)


def _shown(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    text = written(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text.encode())} bytes)"
