"""A plugin in this process: called through the frames' metas, with a case's services in place of a gateway's."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from .. import _jsontext
from .._dispatch.configuring import check_versions, configure
from .._dispatch.told import sentence
from .._worker.calls import ask_frame
from ..context import AsyncContext, Context
from ..plugin import Plugin
from ..services.asks import Ask, answered
from .host import Host

T = TypeVar("T")
Meta = dict[str, Any]

_ID = 1


class HookFailed(Exception):
    """A `fail` frame, or a deadline that has passed."""


class _Late(BaseException):
    """The time for a call is over. No `except Exception` of a plugin catches it."""


class Instance:
    """A configured plugin."""

    def __init__(self, plugin: type[Plugin], folder: str, hello: Meta, host: Host) -> None:
        self._folder = folder
        self._host = host
        hello = _over_the_wire(hello)
        check_versions(hello)
        self._configured = configure(plugin, hello, _Caller(host), folder)
        self.ready: Meta = _over_the_wire(self._configured.ready)
        self._loop = asyncio.new_event_loop() if self._configured.is_async else None

    def call(self, meta: Meta, body: bytes) -> tuple[Any, bytes]:
        """The meta and body of a `return`."""
        deadline: int = meta["ctx"]["deadline_ms"]
        meta = _over_the_wire(meta)
        try:
            with _within(deadline):
                verdict, answer = self._answer(meta, body)
        except _Late:
            raise HookFailed(f"no verdict within {deadline} ms") from None
        except BaseException as error:
            raise HookFailed(sentence(error, self._folder)) from error
        return verdict, answer

    def _answer(self, meta: Meta, body: bytes) -> tuple[Any, bytes]:
        verdict, answer = self._called(meta, body)
        return _over_the_wire(verdict), answer

    def _called(self, meta: Meta, body: bytes) -> tuple[Any, bytes]:
        hook = self._configured.hooks[meta["hook"]]
        if self._loop is not None and hook.is_async:
            context = AsyncContext(meta["ctx"], _AsyncCaller(self._host))
            return self._loop.run_until_complete(hook.answer_async(context, meta, body))
        return hook.answer(Context(meta["ctx"], _Caller(self._host)), meta, body)

    def close(self) -> None:
        """Ends it."""
        if self._loop is not None:
            self._loop.close()


def _over_the_wire(meta: Meta) -> Any:
    return _jsontext.loads(_jsontext.dumps(meta))


class _Caller:
    """Answers what a sync hook asks."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def ask(self, ask: Ask[T]) -> T:
        ask_frame(_ID, _ID, ask)
        meta, body = self._host.ask(_over_the_wire(ask.meta), ask.body)
        return answered(ask, _over_the_wire(meta), body)

    def note(self, meta: Meta) -> None:
        self._host.note(_over_the_wire(meta))


class _AsyncCaller(_Caller):
    """Answers what an async hook asks, not at once."""

    async def ask(self, ask: Ask[T]) -> T:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().ask(ask)


@contextmanager
def _within(deadline_ms: int) -> Iterator[None]:
    """Ends what takes longer. Only the main thread can be interrupted; elsewhere what came too late is found afterwards."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        began = time.monotonic()
        yield
        if time.monotonic() - began > deadline_ms / 1000:
            raise _Late
        return

    def ring(*_: object) -> None:
        raise _Late

    handler = signal.signal(signal.SIGALRM, ring)
    timer = signal.setitimer(signal.ITIMER_REAL, deadline_ms / 1000)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)
