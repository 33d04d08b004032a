"""What a transform is given of a body."""

from __future__ import annotations

from . import _jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NOT_THERE = object()


class Body:
    """A body, or what of it was asked for. `kind` says which:

    - `absent`: nothing was asked for, or there is none; such a body is false
    - `fields`: the values at the subscribed pointers, those that are there
    - `whole`: all of it, parsed when it is first looked into, and once
    - `opaque`: it is no JSON; `media_type` says what it is

    `body["/model"]`, `body.get("/model")` and `"/model" in body` work on fields and on a whole body alike.
    """

    __slots__ = ("kind", "fields", "media_type", "_bytes", "_tree")

    def __init__(
        self,
        whole: str | bytes | None = None,
        *,
        fields: dict[str, Any] | None = None,
        media_type: str | None = None,
    ) -> None:
        self.fields: dict[str, Any] = fields or {}
        self.media_type = media_type
        self._bytes = whole.encode("utf-8") if isinstance(whole, str) else whole or b""
        self._tree: Any = _NOT_THERE
        self.kind = "whole" if whole is not None else "fields" if fields is not None else "absent"
        if media_type is not None:
            self.kind = "opaque"

    @classmethod
    def _of(cls, meta: Any, content: bytes) -> Body:
        """Of `body` of a call, or of what the extension has made of it, and the body of its frame."""
        if isinstance(meta, Body):
            meta._bytes = content
            return meta
        made = cls.__new__(cls)
        made.kind, made.fields, made.media_type = "absent", {}, None
        made._bytes, made._tree = content, _NOT_THERE
        if meta == "whole":
            made.kind = "whole"
        elif type(meta) is dict:
            fields = meta.get("fields")
            if fields is not None:
                made.kind, made.fields = "fields", fields
            else:
                made.kind, made.media_type = "opaque", meta.get("opaque") or ""
        return made

    def get(self, pointer: str, default: Any = None) -> Any:
        """What stands at a pointer (RFC 6901): of all of the body, or of the places that were asked for."""
        if self.kind == "whole":
            return _at(self.json(), pointer, default)
        return self.fields.get(pointer, default)

    def json(self) -> Any:
        """All of it as a tree: yours to change, and to hand back as `changed(replace=tree)`."""
        if self._tree is _NOT_THERE:
            self._tree = _jsontext.loads(self.text)
        return self._tree

    @property
    def text(self) -> str:
        """All of it as JSON text, as it came."""
        if self.kind != "whole":
            raise ValueError('the body is not here as a whole; subscribe to it as "whole"')
        return self._bytes.decode("utf-8")

    def __getitem__(self, pointer: str) -> Any:
        value = self.get(pointer, _NOT_THERE)
        if value is _NOT_THERE:
            raise KeyError(pointer)
        return value

    def __contains__(self, pointer: object) -> bool:
        return isinstance(pointer, str) and self.get(pointer, _NOT_THERE) is not _NOT_THERE

    def __bool__(self) -> bool:
        return self.kind != "absent"

    def __repr__(self) -> str:
        shown = {"whole": f"{len(self._bytes)} bytes", "fields": repr(self.fields), "opaque": str(self.media_type)}
        return f"<Body {self.kind} {shown.get(self.kind, '')}>".replace(" >", ">")


def _at(tree: Any, pointer: str, default: Any) -> Any:
    if not pointer:
        return tree
    if not pointer.startswith("/"):
        raise ValueError(f'"{pointer}" is no JSON pointer; begin it with "/"')
    for token in pointer[1:].split("/"):
        if "~" in token:
            token = token.replace("~1", "/").replace("~0", "~")
        if isinstance(tree, dict) and token in tree:
            tree = tree[token]
        elif isinstance(tree, list) and is_index(token) and int(token) < len(tree):
            tree = tree[int(token)]
        else:
            return default
    return tree


def is_index(token: str) -> bool:
    """Whether a part of a pointer names an element: digits without a leading zero (RFC 6901 section 4)."""
    return token == "0" or (token.isascii() and token.isdigit() and token[0] != "0")
