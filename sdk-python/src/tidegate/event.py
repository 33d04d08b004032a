"""Events of a stream."""

from __future__ import annotations

from . import _jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NOT_READ = object()


class Event:
    """One event: its name where it has one, and its data, parsed when it is first looked at.

    The data is yours to change: `event.data["x"] = 1; return replace(event)`.
    """

    __slots__ = ("name", "_text", "_data")

    def __init__(self, data: Any, name: str | None = None) -> None:
        self.name = name
        self._text = ""
        self._data = data

    @classmethod
    def _of(cls, meta: dict[str, Any] | Event) -> Event:
        """Of one of `events` of a call, or what the extension has made of it."""
        if isinstance(meta, Event):
            return meta
        made = cls(_NOT_READ, meta.get("name"))
        made._text = meta.get("data") or ""
        return made

    @property
    def data(self) -> Any:
        """What the event says, as JSON values."""
        if self._data is _NOT_READ:
            self._data = _jsontext.loads(self._text)
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        self._data = data

    @property
    def text(self) -> str:
        """The same as JSON text."""
        return self._text if self._data is _NOT_READ else _jsontext.dumps(self._data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and (other.name, other.data) == (self.name, self.data)

    def __repr__(self) -> str:
        return f"Event({self.text}, name={self.name!r})"
