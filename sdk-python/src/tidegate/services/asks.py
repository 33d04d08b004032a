"""`ask` frames, and how their answers are read. What the gateway would not understand is refused here."""

from __future__ import annotations

import json

from ..errors import ServiceError, service_error
from ..headers import Headers
from ..verdicts.parts import text, whole
from .parts import MOST, Entry, Reply, Request, content

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Generic, TypeVar

    T = TypeVar("T")

    class Ask(Generic[T]):
        """Typed as what it is answered with."""

        meta: dict[str, Any]
        body: bytes
        read: Callable[[Any, bytes], T]

        def __init__(self, meta: dict[str, Any], body: bytes, read: Callable[[Any, bytes], T]) -> None: ...

else:

    class Ask:
        """A question to a service: the meta and body of its frame, and what makes a value of the answer's."""

        __slots__ = ("meta", "body", "read")

        def __init__(self, meta, body, read):
            self.meta = meta
            self.body = body
            self.read = read

        def __class_getitem__(cls, _):
            return cls


def answered(ask: Ask[T], meta: dict[str, Any], body: bytes) -> T:
    """The value of an `answer` frame, or its error raised."""
    error = meta.get("error")
    if error is not None:
        raise _error(error)
    return ask.read(meta.get("ok"), body)


def _error(error: dict[str, Any]) -> ServiceError:
    return service_error(error.get("kind") or "", error.get("message") or "")


def _plain(ok: Any, _: bytes) -> Any:
    return ok


def attribute(name: str) -> Ask[str | None]:
    """A fact of the request."""
    return Ask({"service": "attribute", "name": text("the name of an attribute", name)}, b"", _plain)


def note(key: str) -> Ask[bytes | None]:
    """A note of an earlier hook."""
    return Ask({"service": "note", "key": text("a key", key)}, b"", lambda ok, body: body if ok else None)


def set_note(key: str, value: str | bytes) -> Ask[None]:
    """Keeps a note."""
    return Ask({"service": "set_note", "key": text("a key", key)}, content("a note", value), _plain)


def secret(name: str) -> Ask[str]:
    """A secret."""
    return Ask({"service": "secret", "name": text("the name of a secret", name)}, b"", _plain)


def kv_get(key: str) -> Ask[Entry | None]:
    """A stored value."""
    return Ask({"service": "kv_get", "key": text("a key", key)}, b"", _entry)


def _entry(ok: Any, body: bytes) -> Entry | None:
    return None if ok is None else Entry(body, ok.get("version"))


def kv_set(key: str, value: str | bytes, ttl_ms: int | None, if_version: int | None) -> Ask[int | None]:
    """Stores a value."""
    meta = {
        "service": "kv_set",
        "key": text("a key", key),
        "ttl_ms": _optional("ttl_ms", ttl_ms),
        "if_version": _optional("if_version", if_version),
    }
    return Ask(meta, content("a value", value), _plain)


def kv_delete(key: str) -> Ask[bool]:
    """Takes a value away."""
    return Ask({"service": "kv_delete", "key": text("a key", key)}, b"", _plain)


def kv_increment(key: str, by: int, ttl_ms: int | None) -> Ask[int]:
    """Adds to a number."""
    meta = {
        "service": "kv_increment",
        "key": text("a key", key),
        "by": whole("by", by, -(2**63), 2**63 - 1),
        "ttl_ms": _optional("ttl_ms", ttl_ms),
    }
    return Ask(meta, b"", _plain)


def _optional(what: str, value: int | None) -> int | None:
    return None if value is None else whole(what, value, 0, MOST)


def http(requests: Sequence[Request]) -> Ask[list[Reply | ServiceError]]:
    """Sends requests, all at once."""
    meta = {"service": "http", "requests": [_request(request) for request in requests]}
    return Ask(meta, b"".join(request.body for request in requests), _replies)


def _request(request: Request) -> dict[str, Any]:
    if not isinstance(request, Request):
        raise TypeError(f"http sends a Request, not {type(request).__name__}; write Request(url)")
    return {
        "method": request.method,
        "url": request.url,
        "headers": request.headers._fields,
        "length": len(request.body),
        "timeout_ms": request.timeout_ms,
    }


def _replies(ok: Any, body: bytes) -> list[Reply | ServiceError]:
    replies: list[Reply | ServiceError] = []
    at = 0
    for answer in ok or ():
        sent = answer.get("ok")
        if sent is None:
            replies.append(_error(answer.get("error") or {}))
            continue
        end = at + (sent.get("length") or 0)
        replies.append(Reply(sent.get("status") or 0, Headers._of(sent.get("headers")), body[at:end]))
        at = end
    return replies


def model(route: str, body: Any) -> Ask[Any]:
    """Asks a model through a route."""
    meta = {"service": "model", "route": text("the name of a route", route)}
    return Ask(meta, json.dumps(body, ensure_ascii=False).encode(), lambda _, answer: json.loads(answer))


def first(replies: list[Reply | ServiceError]) -> Reply:
    """The answer to the only request, or its error raised."""
    answer = replies[0] if replies else service_error("failed", "the gateway gave no answer")
    if isinstance(answer, ServiceError):
        raise answer
    return answer
