"""Header fields: names in lower case, repeated fields repeated, values as text."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, Union

    Value = Union[str, bytes]
    Fields = Union["Headers", Mapping[str, Value | Sequence[Value]], Iterable[tuple[str, Value]]]
    Wire = list[list[str]]


class Headers:
    """The fields of a message.

    Values are text: UTF-8, where bytes that are none stand as surrogates, as in file names (`surrogateescape`). `raw` has the
    bytes themselves. Names are looked up in any case.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: Fields = ()) -> None:
        self._fields: Wire = wire(fields)

    @classmethod
    def _of(cls, fields: Wire | Headers | None) -> Headers:
        """Of fields as they stand in a frame, or what the extension has made of them."""
        if isinstance(fields, Headers):
            return fields
        made = cls.__new__(cls)
        made._fields = fields or []
        return made

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of that name."""
        name = name.lower()
        for field, value in self._fields:
            if field == name:
                return _text(value)
        return default

    def all(self, name: str) -> list[str]:
        """All values of that name, in their order."""
        name = name.lower()
        return [_text(value) for field, value in self._fields if field == name]

    def raw(self, name: str) -> list[bytes]:
        """All values of that name as the bytes that came."""
        name = name.lower()
        return [value.encode("latin-1") for field, value in self._fields if field == name]

    def items(self) -> list[tuple[str, str]]:
        """Every field, in its order."""
        return [(name, _text(value)) for name, value in self._fields]

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.items())

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and other._fields == self._fields

    def __repr__(self) -> str:
        return f"Headers({self.items()!r})"


def wire(fields: Fields | None) -> Wire:
    """Fields as they stand in a frame."""
    if not fields:
        return []
    if isinstance(fields, Headers):
        return [list(field) for field in fields._fields]
    pairs: Iterable[tuple[str, Any]] = fields.items() if hasattr(fields, "items") else fields
    made: Wire = []
    for name, values in pairs:
        listed = values if isinstance(values, (list, tuple)) else [values]
        made.extend([wire_name(name), wire_value(name, value)] for value in listed)
    return made


def wire_name(name: str) -> str:
    """The name of a field as it stands in a frame."""
    if not isinstance(name, str):
        raise TypeError(f"the name of a field is a str, not {type(name).__name__}")
    return name.lower()


def wire_value(name: str, value: Value) -> str:
    """The value of a field as it stands in a frame: one character for each byte."""
    if isinstance(value, str):
        if value.isascii():
            return value
        value = value.encode("utf-8", "surrogateescape")
    if not isinstance(value, bytes):
        raise TypeError(f'the value of the field "{name}" is a str or bytes, not {type(value).__name__}')
    return value.decode("latin-1")


def _text(value: str) -> str:
    if value.isascii():
        return value
    return value.encode("latin-1").decode("utf-8", "surrogateescape")
