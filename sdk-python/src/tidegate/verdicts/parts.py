"""Parts that several verdicts share, checked where the author writes them: the traceback then names the line."""

from __future__ import annotations

from ..headers import wire, wire_name, wire_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Literal, TypedDict, Union

    from ..headers import Fields, Value

    class HeaderChanges(TypedDict, total=False):
        """Changes of header fields, made in this order."""

        remove: Sequence[str]
        set: Mapping[str, Value]
        add: Mapping[str, Value | Sequence[Value]]

    HeaderEdits = Union[
        HeaderChanges,
        Iterable[tuple[Literal["remove"], str] | tuple[Literal["set", "add"], str, Value]],
    ]


def text(what: str, value: Any) -> str:
    """A value that has to be text."""
    if isinstance(value, str):
        return value
    raise TypeError(f"{what} is a str, not {type(value).__name__}")


def whole(what: str, value: Any, least: int = 0, most: int = 2**32 - 1) -> int:
    """A value that has to be a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what} is an int, not {type(value).__name__}")
    if least <= value <= most:
        return value
    raise ValueError(f"{what} is {value}; it must be {least} to {most}")


def refusal(status: int, code: str, message: str, headers: Fields | None) -> dict[str, Any]:
    """A no, which the gateway writes in the shape of the client's dialect."""
    return {
        "status": whole("the status of a refusal", status, 400, 599),
        "code": text("the code of a refusal", code),
        "message": text("the message of a refusal", message),
        "headers": wire(headers),
    }


def header_edits(headers: HeaderEdits | None) -> list[dict[str, Any]]:
    """Edits of header fields, from `{"remove": [...], "set": {...}, "add": {...}}` or a list in the author's own order."""
    if not headers:
        return []
    if isinstance(headers, dict):
        return _changes(headers)
    return [_edit(edit) for edit in headers]


def _changes(headers: Mapping[str, Any]) -> list[dict[str, Any]]:
    unknown = headers.keys() - {"remove", "set", "add"}
    if unknown:
        raise ValueError(f'"headers" of a verdict has "{unknown.pop()}"; it may have remove, set and add')
    removed = headers.get("remove", ())
    if isinstance(removed, str):
        raise TypeError('"remove" of "headers" is a list of names, not one str')
    edits: list[dict[str, Any]] = [{"remove": wire_name(name)} for name in removed]
    edits += [{"set": field} for field in wire(headers.get("set"))]
    edits += [{"add": field} for field in wire(headers.get("add"))]
    return edits


def _edit(edit: tuple[Any, ...]) -> dict[str, Any]:
    if len(edit) == 2 and edit[0] == "remove":
        return {"remove": wire_name(edit[1])}
    if len(edit) == 3 and edit[0] in ("set", "add"):
        return {edit[0]: [wire_name(edit[1]), wire_value(edit[1], edit[2])]}
    raise ValueError(f'{edit!r} is no edit of a header; write ("set", name, value), ("add", name, value) or ("remove", name)')
