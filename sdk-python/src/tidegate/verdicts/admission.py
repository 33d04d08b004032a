"""Verdicts of `admit`."""

from __future__ import annotations

from .._record import Record
from .parts import refusal, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..headers import Fields


class Admission(Record):
    """Made by `admit` or `refuse`."""

    __slots__ = ("meta",)

    def __init__(self, meta: Any) -> None:
        self.meta = meta


_ADMITTED = Admission("admitted")


def admit(ticket: str | None = None) -> Admission:
    """It may be spent. `settle` is told the ticket and what was used, exactly once; without a ticket nothing is settled."""
    return _ADMITTED if ticket is None else Admission({"admitted": text("a ticket", ticket)})


def refuse(status: int, code: str, message: str, *, headers: Fields | None = None) -> Admission:
    """It may not. The status is 400 to 599, the code a short word for programs such as `quota_exceeded`, the message a
    sentence for people; none may hold a secret."""
    return Admission({"refused": refusal(status, code, message, headers)})
