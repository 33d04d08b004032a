"""Services by the imports of the world: the same questions as a worker asks, answered at once."""

from __future__ import annotations

from ..errors import Denied, service_error
from . import given, taken, world

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..services.asks import Ask, T

    Meta = dict[str, Any]
    # `ok` of an answer, and the body of its frame.
    Answered = tuple[Any, bytes]


def answer(ask: Ask[T]) -> T:
    """Asks a service; what it does not do is raised as a `ServiceError`."""
    return ask.read(*_SERVICES[ask.meta["service"]](ask.meta, ask.body))


def tell(meta: Meta) -> None:
    """Writes a log line or a metric. Metrics that are not granted are not written."""
    ((kind, note),) = meta.items()
    if kind == "log":
        if world.log is not None:
            level = getattr(world.log.Level, note["level"].upper())
            world.log.write(level, _mended(note["message"]), _pairs(note["fields"]))
    elif world.metrics is not None:
        number = note["by"] if kind == "count" else note["value"]
        getattr(world.metrics, kind)(_mended(note["name"]), number, _pairs(note["labels"]))


def _pairs(pairs: list[list[str]]) -> list[tuple[str, str]]:
    return [(_mended(name), _mended(value)) for name, value in pairs]


def _mended(text: str) -> str:
    """A log line must not fail a call."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _not_granted(capability: str) -> Denied:
    asked = f'the manifest must ask for the capability "{capability}", and the operator list it under "grants"'
    return Denied(f"not granted: {asked}")


# Of the cases of `error` in the contract that carry no text.
_MESSAGES = {
    "full": "the notes of a request may hold 16 KiB",
    "timeout": "no answer in time",
    "too_large": "the answer is larger than 1 MiB",
}
_KINDS = {
    "Full": "full",
    "Denied": "denied",
    "Timeout": "timeout",
    "TooLarge": "too_large",
    "Unavailable": "unavailable",
    "Failed": "failed",
}


def _told(error: Any) -> tuple[str, str]:
    """Kind and message of an `error` of the contract."""
    kind = _KINDS[type(error).__name__.removeprefix("Error_")]
    return kind, _MESSAGES[kind] if kind in _MESSAGES else error.value


def _asked(function: Callable[..., Any], *told: Any) -> Any:
    """What an import gives; its error is raised as that of a service, and is not the context of it."""
    try:
        return function(*told)
    except world.Err as error:
        problem = error.value
    raise service_error(*_told(problem))


def _attribute(meta: Meta, _: bytes) -> Answered:
    return None if world.info is None else world.info.attribute(taken.sound(meta["name"])), b""


def _note(meta: Meta, _: bytes) -> Answered:
    note = None if world.state is None else world.state.get(taken.sound(meta["key"]))
    return (None, b"") if note is None else (True, note)


def _set_note(meta: Meta, body: bytes) -> Answered:
    if world.state is None:
        raise _not_granted("state")
    return _asked(world.state.set, taken.sound(meta["key"]), body), b""


def _secret(meta: Meta, _: bytes) -> Answered:
    if world.secrets is None:
        raise _not_granted("secrets")
    return _asked(world.secrets.get, taken.sound(meta["name"])), b""


def _stored(name: str, meta: Meta, *parts: Any) -> Any:
    if world.kv is None:
        raise _not_granted("kv")
    try:
        return getattr(world.kv, name)(taken.sound(meta["key"]), *parts)
    except world.Err as error:
        problem = error.value
    if isinstance(problem, world.kv.Error_Denied):
        raise _not_granted("kv")
    if isinstance(problem, world.kv.Error_TooLarge):
        raise service_error("too_large", "a key may have 512 bytes and a value 64 KiB")
    raise service_error("unavailable", problem.value)


def _kv_get(meta: Meta, _: bytes) -> Answered:
    entry = _stored("get", meta)
    return (None, b"") if entry is None else ({"version": entry.version}, entry.value)


def _kv_set(meta: Meta, body: bytes) -> Answered:
    return _stored("set", meta, body, meta["ttl_ms"], meta["if_version"]), b""


def _kv_delete(meta: Meta, _: bytes) -> Answered:
    return _stored("delete", meta), b""


def _kv_increment(meta: Meta, _: bytes) -> Answered:
    return _stored("increment", meta, meta["by"], meta["ttl_ms"]), b""


def _http(meta: Meta, body: bytes) -> Answered:
    requests = meta["requests"]
    if world.http is None:
        return [{"error": {"kind": "denied", "message": str(_not_granted("http"))}} for _ in requests], b""
    sent, at = [], 0
    for request in requests:
        end = at + request["length"]
        sent.append(_request(request, body[at:end]))
        at = end
    answers, bodies = [], []
    for result in world.http.send(sent):
        if isinstance(result, world.Err):
            kind, message = _told(result.value)
            answers.append({"error": {"kind": kind, "message": message}})
            continue
        reply = result.value
        bodies.append(reply.body)
        answers.append({"ok": {"status": reply.status, "headers": given.fields(reply.headers), "length": len(reply.body)}})
    return answers, b"".join(bodies)


def _request(request: Meta, body: bytes) -> Any:
    method, url = taken.sound(request["method"]), taken.sound(request["url"])
    # `timeout_ms` of the contract is no longer than 49 days; a worker's may be.
    timeout = None if request["timeout_ms"] is None else min(request["timeout_ms"], 2**32 - 1)
    return world.http.Request(method, url, taken.fields(request["headers"]), body, timeout)


def _model(meta: Meta, body: bytes) -> Answered:
    if world.models is None:
        raise _not_granted("models")
    return None, _asked(world.models.ask, taken.sound(meta["route"]), body.decode("utf-8")).encode("utf-8")


_SERVICES: dict[str, Callable[[Meta, bytes], Answered]] = {
    "attribute": _attribute,
    "note": _note,
    "set_note": _set_note,
    "secret": _secret,
    "kv_get": _kv_get,
    "kv_set": _kv_set,
    "kv_delete": _kv_delete,
    "kv_increment": _kv_increment,
    "http": _http,
    "model": _model,
}
