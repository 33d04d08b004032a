"""Verdicts of `authenticate`."""

from __future__ import annotations

from .._record import Record
from .parts import header_edits, refusal, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..headers import Fields
    from .parts import HeaderEdits


class Auth(Record):
    """Made by `pass_`, `grant` or `deny`."""

    __slots__ = ("meta",)

    def __init__(self, meta: Any) -> None:
        self.meta = meta


_PASS = Auth("pass")


def pass_() -> Auth:
    """No credential of this plugin's kind is here: the next filter is asked. A request that nobody grants is a 401."""
    return _PASS


def grant(
    principal: str,
    *,
    tenant: str | None = None,
    attributes: Mapping[str, str] | None = None,
    headers: HeaderEdits | None = None,
) -> Auth:
    """The credential is good, and this is who calls. The edits of headers hold for everything that follows."""
    known = {
        "id": text("a principal", principal),
        "tenant": None if tenant is None else text("a tenant", tenant),
        "attributes": [
            [text("the name of an attribute", name), text(f'the attribute "{name}"', value)]
            for name, value in (attributes or {}).items()
        ],
    }
    return Auth({"allow": {"principal": known, "headers": header_edits(headers)}})


def deny(status: int, code: str, message: str, *, headers: Fields | None = None) -> Auth:
    """The credential is of this plugin's kind, and wrong. The status is 400 to 599, the code a short word for programs, the
    message a sentence for people; none may hold a secret."""
    return Auth({"deny": refusal(status, code, message, headers)})
