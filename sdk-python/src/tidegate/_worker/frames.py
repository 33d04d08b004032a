"""Frames as they stand on the socket: docs/worker-protocol.md, section "Frames"."""

from __future__ import annotations

import os
from collections import deque
from socket import MSG_CMSG_CLOEXEC, SCM_RIGHTS, SOL_SOCKET
from struct import Struct
from sys import byteorder

from .. import _jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket
    from typing import Any

    from ..context import AsyncContext, Context

    # Kind, id, meta and body.
    Frame = tuple[int, int, dict[str, Any], bytes]

HELLO, READY, REFUSED, CALL, RETURN, FAIL, ASK, ANSWER, NOTE, CANCEL, STOP = range(1, 12)

# Length of what follows, kind, flags, nothing, id, length of the meta.
_HEAD = Struct("<IBBHII")
_HEAD_SIZE = _HEAD.size
_LENGTH_SIZE = 4
_REST_OF_HEAD = _HEAD_SIZE - _LENGTH_SIZE
_DESCRIPTOR = 1
_FROM_GATEWAY = frozenset((HELLO, CALL, ANSWER, CANCEL, STOP))

_BUFFER = 64 * 1024
_INT = 4
# One descriptor comes with a frame; a few more are read, so that none is lost in silence.
_ANCILLARY = 128


class Garbage(Exception):
    """What came is no frame of the protocol: nothing after it can be read."""


def frame(kind: int, id: int, meta: str, body: bytes = b"") -> bytes:
    """A frame as it is sent."""
    text = meta.encode("utf-8")
    return _HEAD.pack(_REST_OF_HEAD + len(text) + len(body), kind, 0, 0, id, len(text)) + text + body


class Reader:
    """Takes frames off what a socket has. `take` never waits; `fill` waits as the socket does."""

    def __init__(self, socket: socket) -> None:
        self._socket = socket
        self._descriptors: deque[int] = deque()
        self._renew(_BUFFER)

    def _renew(self, size: int) -> None:
        self._buffer = bytearray(size)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0

    def fill(self) -> bool:
        """Reads what is there; False at the end of the stream."""
        room = self._view[self._end :] if self._end else self._view
        count, ancillary, _, _ = self._socket.recvmsg_into([room], _ANCILLARY, MSG_CMSG_CLOEXEC)
        for level, kind, data in ancillary:
            if level == SOL_SOCKET and kind == SCM_RIGHTS:
                whole = len(data) - len(data) % _INT
                parts = (data[at : at + _INT] for at in range(0, whole, _INT))
                self._descriptors.extend(int.from_bytes(part, byteorder) for part in parts)
        self._end += count
        return count > 0

    @property
    def room(self) -> int:
        """How many bytes the buffer has."""
        return len(self._buffer)

    def expect(self, hooks: dict[str, type[Context | AsyncContext]]) -> None:
        """From here on there are calls of these hooks, each with its context. Only the extension makes something of that."""

    def read(self) -> Frame | None:
        """The next frame, waited for; None at the end of the stream."""
        while (frame := self.take()) is None:
            if not self.fill():
                return None
        return frame

    def take(self) -> Frame | None:
        """The next frame, where all of it is there."""
        start, have = self._start, self._end - self._start
        if have < _HEAD_SIZE:
            if have:
                self._make_room(_HEAD_SIZE)
            return None
        length, kind, flags, _, id, meta_size = _HEAD.unpack_from(self._buffer, start)
        if length < _REST_OF_HEAD + meta_size:
            raise Garbage(f"a frame of {length} bytes cannot have a meta of {meta_size}")
        size = _LENGTH_SIZE + length
        if have < size:
            self._make_room(size)
            return None
        body_at = start + _HEAD_SIZE + meta_size
        meta = meta_of(self._view[body_at - meta_size : body_at]) if meta_size and kind in _FROM_GATEWAY else {}
        if flags & _DESCRIPTOR:
            body = self._descriptor()
        else:
            body = bytes(self._view[body_at : start + size]) if body_at < start + size else b""
        self._forget(size)
        return kind, id, meta, body

    def _descriptor(self) -> bytes:
        if not self._descriptors:
            raise Garbage("a frame came without the descriptor that it speaks of")
        return content_of(self._descriptors.popleft())

    def _forget(self, size: int) -> None:
        self._start += size
        if self._start == self._end:
            self._start = self._end = 0
            if len(self._buffer) > _BUFFER:
                self._renew(_BUFFER)

    def _make_room(self, size: int) -> None:
        """Room for a frame of that size from `start` on. A length alone takes no memory: the buffer grows with what came."""
        if self._start + size <= len(self._buffer) or self._end < len(self._buffer):
            return
        rest = self._buffer[self._start : self._end]
        grown = len(rest) * 2 if self._start == 0 else len(self._buffer)
        self._renew(max(_BUFFER, min(size, grown)))
        self._buffer[: len(rest)] = rest
        self._end = len(rest)


def meta_of(text: bytes | memoryview) -> dict[str, Any]:
    """The meta that a text is."""
    try:
        meta = _jsontext.read(str(text, "utf-8"))
    except (ValueError, RecursionError) as error:
        raise Garbage(f"a meta is no JSON: {error}") from None
    if meta is None:
        return {}
    if not isinstance(meta, dict):
        raise Garbage("a meta is no JSON object")
    return meta


def content_of(descriptor: int) -> bytes:
    """All that a sealed memfd holds. Its offset is the gateway's, so it is read from where it begins."""
    try:
        size = os.fstat(descriptor).st_size
        content = os.pread(descriptor, size, 0)
        while len(content) < size:
            more = os.pread(descriptor, size - len(content), len(content))
            if not more:
                raise Garbage("a body is shorter than its descriptor says")
            content += more
        return content
    finally:
        os.close(descriptor)
