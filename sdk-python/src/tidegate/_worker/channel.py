"""The socket with blocking reads: while the plugin is configured, and where no hook is async."""

from __future__ import annotations

import os
from _thread import allocate_lock
from collections import deque

from ..services.asks import answered
from .calls import CallOver, Cancelled, ask_frame, note_frame
from .codec import Reader
from .frames import ANSWER, CANCEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket
    from typing import Any

    from ..services.asks import Ask, T
    from .frames import Frame


class Channel:
    """Frames both ways. Whoever waits for an answer reads, and keeps what else comes in between."""

    def __init__(self, socket: socket) -> None:
        self._socket = socket
        self._out: Callable[[bytes], None] = self._send_now
        self.reader = Reader(socket)
        self._kept: deque[Frame] = deque()
        self._asked = 0
        # A hook may have threads of its own, which ask services, too.
        self._reading = allocate_lock()
        self._writing = allocate_lock()

    def next(self) -> Frame:
        """The next frame, waited for."""
        with self._reading:
            return self._kept.popleft() if self._kept else self._read()

    def send(self, frame: bytes) -> None:
        """Sends a frame."""
        self._out(frame)

    def hand_over(self, out: Callable[[bytes], None]) -> list[Frame]:
        """Somebody else reads from here on, and sends. What was kept is handed over."""
        self._out = out
        kept = list(self._kept)
        self._kept.clear()
        return kept

    def _send_now(self, frame: bytes) -> None:
        with self._writing:
            try:
                self._socket.sendall(frame)
            except (BrokenPipeError, ConnectionResetError):
                os._exit(0)

    def ask(self, call: int, ask: Ask[T]) -> T:
        """Asks a service, and waits for its answer."""
        with self._reading:
            self._asked = id = self._asked % 0xFFFFFFFF + 1
            self.send(ask_frame(id, call, ask))
            while True:
                frame = self._read()
                kind, other, meta, body = frame
                if kind == ANSWER and other == id:
                    return answered(ask, meta, body)
                if kind == CANCEL and other == call:
                    raise Cancelled
                # An answer that nobody waits for any more is that of a call which was cancelled.
                if kind != ANSWER:
                    self._kept.append(frame)

    def _read(self) -> Frame:
        frame = self.reader.read()
        if frame is None:
            # The gateway is gone, and nobody waits for anything.
            os._exit(0)
        return frame


class BlockingCall:
    """One call, as its services see it. 0 stands for none: while the plugin is configured, and once the call is over."""

    __slots__ = ("_channel", "_id", "_is_open")

    def __init__(self, channel: Channel, id: int) -> None:
        self._channel = channel
        self._id = id
        self._is_open = True

    def ask(self, ask: Ask[T]) -> T:
        """Asks a service."""
        if not self._is_open:
            raise CallOver
        return self._channel.ask(self._id, ask)

    def note(self, meta: dict[str, Any]) -> None:
        """Tells the gateway something."""
        self._channel.send(note_frame(self._id, meta))

    def close(self) -> None:
        """Ends it: what is told later belongs to no call."""
        self._is_open = False
        self._id = 0
