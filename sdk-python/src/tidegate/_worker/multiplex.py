"""Serves many calls at once on an event loop: where a hook is async."""

from __future__ import annotations

import asyncio
import os
import sys
from _thread import allocate_lock, get_ident
from functools import partial

from .._dispatch.told import print_traceback
from ..context import AsyncContext, Context
from ..services.asks import answered
from .calls import CallOver, Cancelled, ask_frame, failed, note_frame, returned
from .frames import ANSWER, CALL, CANCEL, STOP, Garbage
from .threads import Threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from socket import socket
    from typing import Any, Union

    from .._dispatch.configuring import Configured
    from ..services.asks import Ask, T
    from .channel import Channel
    from .frames import Frame

    Under = Union["AsyncCall", "ThreadCall"]
    # Called with the meta and body of an answer.
    Answered = Callable[[dict[str, Any], bytes], None]

# The gateway ends a worker that asks for more than 1024 services at once.
_MOST_ASKS = 512
# Seconds that what a plugin left running has for its `finally`.
_LAST_WORDS = 2


class Multiplex:
    """Frames both ways without blocking, and the calls that are under way."""

    def __init__(self, socket: socket, channel: Channel, configured: Configured, folder: str) -> None:
        self._socket = socket
        self._channel = channel
        self._reader = channel.reader
        self._configured = configured
        self.folder = folder
        self._backlog = bytearray()
        self._calls: dict[int, Under] = {}
        self._answers: dict[int, Answered] = {}
        self._asked = 0
        self._is_stopping = False
        self._thread = get_ident()
        self.loop = asyncio.new_event_loop()
        self.places = asyncio.Semaphore(_MOST_ASKS)
        has_sync = any(not hook.is_async for hook in configured.hooks.values())
        self._threads = Threads() if has_sync else None

    def serve(self) -> None:
        """Answers until the gateway says stop and all calls are over."""
        self._socket.setblocking(False)
        asyncio.set_event_loop(self.loop)
        self.loop.add_reader(self._socket, self._readable)
        self.loop.call_soon(self._begin_with, self._channel.hand_over(self.send_from_anywhere))
        while not self._is_over():
            try:
                self.loop.run_forever()
            except (SystemExit, KeyboardInterrupt) as error:
                # Out of a task that a plugin started; it is no more than that task's end.
                print_traceback(error)
        self._end()

    def _begin_with(self, kept: list[Frame]) -> None:
        for frame in kept:
            self._handle(frame)
        self._handle_all()

    def _is_over(self) -> bool:
        return self._is_stopping and not self._calls and not self._backlog

    def _stop_if_over(self) -> None:
        if self._is_over():
            self.loop.stop()

    def _end(self) -> None:
        """Ends what the plugin left running."""
        self.loop.remove_reader(self._socket)
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        if left:
            ended = asyncio.gather(*left, return_exceptions=True)
            # One that will not be cancelled holds up nobody.
            self.loop.run_until_complete(asyncio.wait([ended], timeout=_LAST_WORDS))
        self.loop.close()

    # What comes.

    def _readable(self) -> None:
        try:
            if not self._reader.fill():
                os._exit(0)
        except BlockingIOError:
            return
        self._handle_all()

    def _handle_all(self) -> None:
        try:
            while (frame := self._reader.take()) is not None:
                self._handle(frame)
        except Garbage as error:
            print(f"tidegate worker: {error}", file=sys.stderr, flush=True)
            os._exit(1)

    def _handle(self, frame: Frame) -> None:
        kind, id, meta, body = frame
        if kind == CALL:
            self._begin(id, meta, body)
        elif kind == ANSWER:
            answer = self._answers.pop(id, None)
            if answer is not None:
                answer(meta, body)
        elif kind == CANCEL:
            call = self._calls.get(id)
            if call is not None:
                call.cancel()
        elif kind == STOP:
            self._is_stopping = True
            self._stop_if_over()

    def _begin(self, id: int, meta: dict[str, Any], body: bytes) -> None:
        hook = self._configured.hooks.get(meta.get("hook") or "")
        if hook is None:
            self.send(failed(id, KeyError(meta.get("hook")), self.folder))
            return
        call: Under = AsyncCall(self, id) if hook.is_async else ThreadCall(self, id)
        self._calls[id] = call
        if isinstance(call, AsyncCall):
            call.task = _task(self.loop, call.run(hook.answer_async, meta, body))
        elif self._threads is not None:
            self._threads.run(partial(call.run, hook.answer, meta, body))

    def finish(self, id: int, frame: bytes) -> None:
        """Ends a call with its last frame."""
        del self._calls[id]
        self.send(frame)
        self._stop_if_over()

    # What goes.

    def send(self, frame: bytes) -> None:
        """Sends a frame, at once where there is room."""
        if not self._backlog:
            frame = frame[self._send_now(frame) :]
            if not frame:
                return
            self.loop.add_writer(self._socket, self._writable)
        self._backlog += frame

    def send_from_anywhere(self, frame: bytes) -> None:
        """Sends a frame, whatever thread this is."""
        if get_ident() == self._thread:
            self.send(frame)
        else:
            self.loop.call_soon_threadsafe(self.send, frame)

    def _send_now(self, data: bytes | bytearray) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except (BrokenPipeError, ConnectionResetError):
            os._exit(0)

    def _writable(self) -> None:
        del self._backlog[: self._send_now(self._backlog)]
        if not self._backlog:
            self.loop.remove_writer(self._socket)
            self._stop_if_over()

    def ask(self, call: int, ask: Ask[Any], answer: Answered) -> int:
        """Asks a service; the answer comes later."""
        self._asked = id = self._asked % 0xFFFFFFFF + 1
        self.send(ask_frame(id, call, ask))
        self._answers[id] = answer
        return id

    def forget(self, id: int) -> None:
        """Nobody waits for that answer any more."""
        self._answers.pop(id, None)


def _task(loop: asyncio.AbstractEventLoop, run: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task that runs at once up to where it first waits: often that is its end. Python has that from 3.12 on."""
    if sys.version_info >= (3, 12):
        return asyncio.Task(run, loop=loop, eager_start=True)
    return loop.create_task(run)


class AsyncCall:
    """A call of an async hook."""

    __slots__ = ("_worker", "_id", "_is_open", "_is_running", "_is_cancelled", "task")

    task: asyncio.Task[None]

    def __init__(self, worker: Multiplex, id: int) -> None:
        self._worker = worker
        self._id = id
        self._is_open = True
        self._is_running = False
        self._is_cancelled = False

    async def run(self, answer: Callable[..., Any], meta: dict[str, Any], body: bytes) -> None:
        """Calls the hook, and answers whatever comes of it."""
        id, worker = self._id, self._worker
        self._is_running = True
        try:
            if self._is_cancelled:
                raise Cancelled
            frame = returned(id, await answer(AsyncContext._of(meta.get("ctx"), self), meta, body))
        except BaseException as error:  # noqa: BLE001 - neither sys.exit nor anything else of a hook ends the worker
            frame = failed(id, Cancelled() if self._is_cancelled else error, worker.folder)
        self._is_open = False
        self._id = 0
        worker.finish(id, frame)

    def cancel(self) -> None:
        """Nobody waits for the verdict any more."""
        self._is_cancelled = True
        # A task that is cancelled before it runs would never answer.
        if self._is_running:
            self.task.cancel()

    async def ask(self, ask: Ask[T]) -> T:
        """Asks a service."""
        if not self._is_open:
            raise CallOver
        worker = self._worker
        async with worker.places:
            future: asyncio.Future[tuple[dict[str, Any], bytes]] = worker.loop.create_future()
            id = worker.ask(self._id, ask, partial(_resolve, future))
            try:
                return answered(ask, *await future)
            finally:
                worker.forget(id)

    def note(self, meta: dict[str, Any]) -> None:
        """Tells the gateway something."""
        self._worker.send_from_anywhere(note_frame(self._id, meta))


def _resolve(future: asyncio.Future[tuple[dict[str, Any], bytes]], meta: dict[str, Any], body: bytes) -> None:
    if not future.done():
        future.set_result((meta, body))


class ThreadCall:
    """A call of a sync hook, in a thread of its own. Frames are sent and read by the event loop alone."""

    __slots__ = ("_worker", "_id", "_is_open", "_is_cancelled", "_waits")

    def __init__(self, worker: Multiplex, id: int) -> None:
        self._worker = worker
        self._id = id
        self._is_open = True
        self._is_cancelled = False
        self._waits: set[Wait] = set()

    def run(self, answer: Callable[..., Any], meta: dict[str, Any], body: bytes) -> None:
        """Calls the hook, and answers whatever comes of it."""
        id, worker = self._id, self._worker
        try:
            frame = returned(id, answer(Context._of(meta.get("ctx"), self), meta, body))
        except BaseException as error:  # noqa: BLE001 - neither sys.exit nor anything else of a hook ends the worker
            frame = failed(id, error, worker.folder)
        self._is_open = False
        self._id = 0
        worker.loop.call_soon_threadsafe(worker.finish, id, frame)

    def cancel(self) -> None:
        """Nobody waits for the verdict any more: the hook ends at the service that it waits for, or at the next."""
        self._is_cancelled = True
        for wait in list(self._waits):
            wait.end()

    def ask(self, ask: Ask[T]) -> T:
        """Asks a service, and waits for its answer."""
        if not self._is_open:
            raise CallOver
        wait = Wait()
        self._waits.add(wait)
        try:
            if self._is_cancelled:
                raise Cancelled
            self._worker.loop.call_soon_threadsafe(self._ask, self._id, ask, wait)
            meta, body = wait.answer()
        finally:
            self._waits.discard(wait)
        return answered(ask, meta, body)

    def _ask(self, id: int, ask: Ask[Any], wait: Wait) -> None:
        if wait.is_over():
            return
        try:
            self._worker.ask(id, ask, wait.end)
        except BaseException as error:  # noqa: BLE001 - it is raised where the hook waits
            wait.fail(error)

    def note(self, meta: dict[str, Any]) -> None:
        """Tells the gateway something."""
        self._worker.send_from_anywhere(note_frame(self._id, meta))


class Wait:
    """A thread that waits for one answer."""

    __slots__ = ("_lock", "_answer", "_error")

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._lock.acquire()
        self._answer: tuple[dict[str, Any], bytes] | None = None
        self._error: BaseException = Cancelled()

    def answer(self) -> tuple[dict[str, Any], bytes]:
        """Waits. Without an answer the error is raised."""
        self._lock.acquire()
        if self._answer is None:
            raise self._error
        return self._answer

    def is_over(self) -> bool:
        """Whether the thread waits no more."""
        return not self._lock.locked()

    def end(self, meta: dict[str, Any] | None = None, body: bytes = b"") -> None:
        """Ends the wait, with an answer or without."""
        if not self.is_over():
            self._answer = None if meta is None else (meta, body)
            self._lock.release()

    def fail(self, error: BaseException) -> None:
        """Ends the wait with an error."""
        self._error = error
        self.end()
