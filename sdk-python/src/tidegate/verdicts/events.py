"""Verdicts of `transform_event`."""

from __future__ import annotations

from .._record import Record
from ..event import Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class EventVerdict(Record):
    """Made by `keep`, `replace` or `drop`."""

    __slots__ = ("meta",)

    def __init__(self, meta: Any) -> None:
        self.meta = meta


_KEEP = EventVerdict("keep")
_DROP = EventVerdict("drop")


def keep() -> EventVerdict:
    """The event passes as it came."""
    return _KEEP


def drop() -> EventVerdict:
    """It does not pass."""
    return _DROP


def replace(events: Event | Iterable[Event]) -> EventVerdict:
    """These pass in its place, or this one."""
    listed = [events] if isinstance(events, Event) else list(events)
    return EventVerdict({"replace": [_wire(event) for event in listed]})


def _wire(event: Event) -> dict[str, Any]:
    if not isinstance(event, Event):
        raise TypeError(f"replace takes events, not {type(event).__name__}; write replace(Event(data))")
    return {"name": event.name, "data": event.text}
