"""Verdicts of the transform hooks."""

from __future__ import annotations

from .. import _jsontext
from .._record import Record
from ..headers import wire
from .parts import header_edits, text, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal, Union

    from ..headers import Fields
    from .parts import HeaderEdits

    Edit = Union[tuple[Literal["remove"], str], tuple[Literal["set", "insert"], str, Any]]

_NOTHING: Any = object()


class Transform(Record):
    """Made by `unchanged`, `changed` or `reply`."""

    __slots__ = ("meta", "body")

    def __init__(self, meta: Any, body: bytes = b"") -> None:
        self.meta = meta
        self.body = body


_UNCHANGED = Transform("unchanged")


def unchanged() -> Transform:
    """Nothing changes."""
    return _UNCHANGED


def changed(
    *,
    remove: Sequence[str] = (),
    set: Mapping[str, Any] | None = None,
    insert: Sequence[tuple[str, Any]] = (),
    edits: Sequence[Edit] = (),
    replace: Any = _NOTHING,
    headers: HeaderEdits | None = None,
    cluster: str | None = None,
    reroute: bool = False,
) -> Transform:
    """What is named changes; where nothing is, it is `unchanged`.

    - `remove`: pointers (RFC 6901) of what goes; what is not there needs no removal
    - `set`: values by their pointers, replaced or created, missing objects on the way included
    - `insert`: `(pointer, value)`, put into an array before the element at that place; `-` appends
    - `edits`: a list in an order of your own: `("remove", pointer)`, `("set", pointer, value)`, `("insert", pointer, value)`
    - `replace`: another body in place of this one
    - `headers`: `{"remove": [name], "set": {name: value}, "add": {name: value}}`, or a list in an order of your own
    - `cluster`: the request goes there; `reroute`: the route is picked anew, once a request

    The first three are made in this order. `edits` stands alone, and so does `replace`.
    """
    body = _simple(remove, set, insert) if remove or set or insert else []
    if bool(body) + bool(edits) + (replace is not _NOTHING) > 1:
        raise ValueError('changed takes "remove", "set" and "insert", or "edits", or "replace", not several of them')
    meta: dict[str, Any] = {}
    if headers:
        meta["headers"] = header_edits(headers)
    if body or edits:
        meta["edits"] = body or [_edit(edit) for edit in edits]
    if replace is not _NOTHING:
        meta["replace"] = True
    if cluster is not None:
        meta["cluster"] = text("a cluster", cluster)
    if reroute:
        meta["reroute"] = True
    if not meta:
        return _UNCHANGED
    return Transform({"changed": meta}, b"" if replace is _NOTHING else _jsontext.dumps(replace).encode("utf-8"))


def _simple(remove: Sequence[str], set: Mapping[str, Any] | None, insert: Sequence[tuple[str, Any]]) -> list[dict[str, Any]]:
    if isinstance(remove, str):
        raise TypeError('"remove" of changed is a list of pointers, not one str')
    edits: list[dict[str, Any]] = []
    for pointer in remove:
        edits.append({"remove": _pointer(pointer)})
    for pointer, value in set.items() if set else ():
        edits.append({"set": {"pointer": _pointer(pointer), "value": value}})
    for pointer, value in insert:
        edits.append({"insert": {"pointer": _pointer(pointer), "value": value}})
    return edits


def _edit(edit: Edit) -> dict[str, Any]:
    if len(edit) == 2 and edit[0] == "remove":
        return {"remove": _pointer(edit[1])}
    if len(edit) == 3 and edit[0] in ("set", "insert"):
        return {edit[0]: {"pointer": _pointer(edit[1]), "value": edit[2]}}
    raise ValueError(
        f'{edit!r} is no edit of a body; write ("set", pointer, value), ("insert", pointer, value) or ("remove", pointer)'
    )


def _pointer(pointer: str) -> str:
    if text("a pointer", pointer)[:1] in ("", "/"):
        return pointer
    raise ValueError(f'"{pointer}" is no JSON pointer; begin it with "/"')


def reply(
    status: int = 200,
    body: str | bytes = b"",
    *,
    json: Any = _NOTHING,
    headers: Fields | None = None,
) -> Transform:
    """The exchange ends with this answer of the plugin's own. The status is 200 to 599. `json` is a body of JSON, and its
    `content-type` where none is given."""
    fields = wire(headers)
    if json is not _NOTHING:
        if body:
            raise ValueError('reply takes "body" or "json", not both')
        body = _jsontext.dumps(json)
        if all(name != "content-type" for name, _ in fields):
            fields.append(["content-type", "application/json"])
    content = body.encode("utf-8") if isinstance(body, str) else body
    if not isinstance(content, bytes):
        raise TypeError(f"the body of a reply is a str or bytes, not {type(content).__name__}")
    return Transform({"reply": {"status": whole("the status of a reply", status, 200, 599), "headers": fields}}, content)
