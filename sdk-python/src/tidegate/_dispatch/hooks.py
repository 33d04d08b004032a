"""Hooks between what calls carry and the author's functions. Workers, components and `tidegate.testing` all go this way."""

from __future__ import annotations

from ..body import Body
from ..event import Event
from ..headers import Headers
from ..text import Text
from ..values import Head, Outcome, Usage
from ..verdicts import Admission, Auth, EventVerdict, Moderation, Transform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Meta = dict[str, Any]
    # A verdict as docs/worker-protocol.md has it: the meta of a `return`, and the body of its frame.
    Answer = tuple[Any, bytes]

_NOTHING: Answer = (None, b"")
_COROUTINE = 0x80  # inspect.CO_COROUTINE; importing inspect costs more than all of this package


class Hook:
    """A hook that the author wrote."""

    __slots__ = ("name", "function", "is_async", "_read", "_write")

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self.function = function
        self.is_async = is_async(function)
        self._read, self._write = _WAYS[name]

    def answer(self, ctx: Any, meta: Meta, body: bytes) -> Answer:
        """Calls a sync hook."""
        returned = self.function(ctx, *self._read(meta, body))
        return _NOTHING if returned is None else self._write(self.name, returned, meta)

    async def answer_async(self, ctx: Any, meta: Meta, body: bytes) -> Answer:
        """Calls an async hook."""
        returned = await self.function(ctx, *self._read(meta, body))
        return _NOTHING if returned is None else self._write(self.name, returned, meta)


class EventHook(Hook):
    """`transform_event`: the gateway hands over what has arrived, authors are given one event at a time."""

    __slots__ = ()

    def answer(self, ctx: Any, meta: Meta, body: bytes) -> Answer:
        """Calls a sync hook for each event."""
        events = self._read(meta, body)
        return self._write(self.name, [self.function(ctx, event) for event in events], meta)

    async def answer_async(self, ctx: Any, meta: Meta, body: bytes) -> Answer:
        """Calls an async hook for each event, one after the other."""
        events = self._read(meta, body)
        return self._write(self.name, [await self.function(ctx, event) for event in events], meta)


def hook(name: str, function: Callable[..., Any]) -> Hook:
    """The hook of that name."""
    return EventHook(name, function) if name == "transform_event" else Hook(name, function)


def is_async(function: Callable[..., Any]) -> bool:
    """Whether it was written with `async def`."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return bool(code and code.co_flags & _COROUTINE)


# What a hook is given, from the meta and body of its call.


def _head(meta: Meta, _: bytes) -> tuple[Any, ...]:
    return (Head._of(meta.get("head") or {}),)


def _estimate(meta: Meta, _: bytes) -> tuple[Any, ...]:
    return (Usage._of(meta.get("estimate")),)


def _settled(meta: Meta, _: bytes) -> tuple[Any, ...]:
    return meta.get("ticket") or "", Usage._of(meta.get("actual"))


def _request(meta: Meta, body: bytes) -> tuple[Any, ...]:
    return Headers._of(meta.get("headers")), Body._of(meta.get("body"), body)


def _response(meta: Meta, body: bytes) -> tuple[Any, ...]:
    return meta.get("status") or 0, Headers._of(meta.get("headers")), Body._of(meta.get("body"), body)


def _event_list(meta: Meta, _: bytes) -> tuple[Any, ...]:
    return tuple(Event._of(event) for event in meta.get("events") or ())


def _input(meta: Meta, _: bytes) -> tuple[Any, ...]:
    return ([Text._of(text) for text in meta.get("texts") or ()],)


def _output(meta: Meta, _: bytes) -> tuple[Any, ...]:
    return [Text._of(text) for text in meta.get("texts") or ()], bool(meta.get("last"))


def _outcome(meta: Meta, _: bytes) -> tuple[Any, ...]:
    return (Outcome._of(meta.get("outcome") or {}),)


# What goes back, from what a hook returned.


def _auth(hook: str, returned: Any, _: Meta) -> Answer:
    if type(returned) is not Auth:
        raise _wrong(hook, returned, "pass_, grant or deny")
    return returned.meta, b""


def _admission(hook: str, returned: Any, _: Meta) -> Answer:
    if type(returned) is not Admission:
        raise _wrong(hook, returned, "admit or refuse")
    return returned.meta, b""


def _transform(hook: str, returned: Any, _: Meta) -> Answer:
    if type(returned) is not Transform:
        raise _wrong(hook, returned, "unchanged, changed or reply")
    return returned.meta, returned.body


def _moderation(hook: str, returned: Any, meta: Meta) -> Answer:
    if type(returned) is not Moderation:
        raise _wrong(hook, returned, "allow, flag, redact or block")
    ids = [text.id if isinstance(text, Text) else text.get("id") or 0 for text in meta.get("texts") or ()]
    return returned.wire(ids), b""


def _events(hook: str, returned: Any, _: Meta) -> Answer:
    for verdict in returned:
        if verdict is not None and type(verdict) is not EventVerdict:
            raise _wrong(hook, verdict, "keep, replace or drop")
    return ["keep" if verdict is None else verdict.meta for verdict in returned], b""


def _nothing(hook: str, returned: Any, _: Meta) -> Answer:
    raise _wrong(hook, returned, "nothing")


def _wrong(hook: str, returned: Any, wanted: str) -> TypeError:
    kind = type(returned).__name__
    if kind == "coroutine":
        returned.close()
        return TypeError(f'"{hook}" returned a coroutine; write it, and what wraps it, with "async def"')
    return TypeError(f'"{hook}" returned a {kind}; it may return {wanted}, or None')


_WAYS: dict[str, tuple[Callable[[Meta, bytes], tuple[Any, ...]], Callable[[str, Any, Meta], Answer]]] = {
    "authenticate": (_head, _auth),
    "admit": (_estimate, _admission),
    "settle": (_settled, _nothing),
    "transform_request": (_request, _transform),
    "transform_upstream": (_request, _transform),
    "transform_response": (_response, _transform),
    "transform_event": (_event_list, _events),
    "moderate_input": (_input, _moderation),
    "moderate_output": (_output, _moderation),
    "completed": (_outcome, _nothing),
}
