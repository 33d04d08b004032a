"""What services are given and what they give back."""

from __future__ import annotations

from .. import _jsontext
from .._record import Record
from ..headers import Headers, wire
from ..verdicts.parts import text, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..headers import Fields

_NOTHING: Any = object()
MOST = 2**64 - 1


class Entry(Record):
    """A stored value, and its version: another one after every change, never 0."""

    __slots__ = ("value", "version")

    def __init__(self, value: bytes, version: int) -> None:
        self.value = value
        self.version = version

    @property
    def text(self) -> str:
        """The value as UTF-8 text."""
        return self.value.decode("utf-8")


class Request(Record):
    """A request to a host that was granted. `json` is a body of JSON, and its `content-type` where none is given. Without
    `timeout_ms` it may take what is left of the call."""

    __slots__ = ("url", "method", "headers", "body", "timeout_ms")

    def __init__(
        self,
        url: str,
        method: str = "GET",
        *,
        headers: Fields | None = None,
        body: str | bytes = b"",
        json: Any = _NOTHING,
        timeout_ms: int | None = None,
    ) -> None:
        fields = wire(headers)
        if json is not _NOTHING:
            if body:
                raise ValueError('a request takes "body" or "json", not both')
            body = _jsontext.dumps(json)
            if all(name != "content-type" for name, _ in fields):
                fields.append(["content-type", "application/json"])
        self.url = text("a URL", url)
        self.method = text("a method", method)
        self.headers = Headers._of(fields)
        self.body = content("the body of a request", body)
        self.timeout_ms = None if timeout_ms is None else whole("timeout_ms", timeout_ms, 0, MOST)


class Reply(Record):
    """The answer of another server. Redirects are not followed."""

    __slots__ = ("status", "headers", "body")

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self) -> str:
        """The body as UTF-8 text; what is none is replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON values."""
        return _jsontext.loads(self.body.decode("utf-8"))


def content(what: str, value: str | bytes) -> bytes:
    """A value as bytes, text as UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"{what} is a str or bytes, not {type(value).__name__}")
