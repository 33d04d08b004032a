"""Holds many streams open at once and counts what comes: one thread, one epoll, no work an event but counting.

A process of its own, so that its CPU can be kept on other cores: `readers.py PORT STREAMS BODY [HOST]`, one line of JSON out.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

# So many connections are opened between two looks at the streams that run.
RAMP = 50
MARK = b"data:"
DONE = b"data: [DONE]"
LAST_CHUNK = b"0\r\n\r\n"


@dataclass
class Stream:
    """One connection with its request sent."""

    connection: socket.socket
    opened: float
    first: float = 0.0
    ended: float = 0.0
    status: bytes = b""
    events: int = 0
    tail: bytes = b""

    def take(self, data: bytes, now: float) -> None:
        if not self.first:
            self.first = now
            self.status = data[9:12]
        seen = self.tail + data
        # A mark that was counted before cannot lie wholly in so short an end of the tail.
        self.events += seen.count(MARK, max(0, len(self.tail) - len(MARK) + 1))
        self.tail = seen[-64:]

    def complete(self) -> bool:
        return self.tail.endswith(LAST_CHUNK)

    def whole(self) -> bool:
        """Whether the stream said that it was done before it ended."""
        return self.status == b"200" and DONE in self.tail and self.complete()


class Readers:
    """All streams and the epoll that watches them."""

    def __init__(self, port: int, body: bytes, host: str) -> None:
        self._address = ("127.0.0.1", port)
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer demo\r\n"
            f"content-type: application/json\r\naccept: text/event-stream\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode() + body
        self._epoll = select.epoll()
        self._open: dict[int, Stream] = {}
        self._streaming = 0
        self.most_at_once = 0
        self.ended: list[Stream] = []

    def run(self, count: int, deadline: float) -> None:
        started = 0
        while (started < count or self._open) and time.monotonic() < deadline:
            for _ in range(min(RAMP, count - started)):
                self._start()
                started += 1
            self._read(0.05)
        for stream in self._open.values():
            stream.ended = time.monotonic()
            self.ended.append(stream)

    def _start(self) -> None:
        connection = socket.create_connection(self._address, timeout=10)
        connection.sendall(self._request)
        connection.setblocking(False)
        self._open[connection.fileno()] = Stream(connection, time.monotonic())
        self._epoll.register(connection.fileno(), select.EPOLLIN)

    def _read(self, wait: float) -> None:
        ready = self._epoll.poll(wait)
        now = time.monotonic()
        for number, _ in ready:
            stream = self._open[number]
            data = self._receive(stream)
            if data:
                if not stream.first:
                    self._streaming += 1
                    self.most_at_once = max(self.most_at_once, self._streaming)
                stream.take(data, now)
            if not data or stream.complete():
                self._end(number, stream, now)

    @staticmethod
    def _receive(stream: Stream) -> bytes:
        try:
            return stream.connection.recv(65536)
        except ConnectionError:
            return b""

    def _end(self, number: int, stream: Stream, now: float) -> None:
        self._epoll.unregister(number)
        del self._open[number]
        stream.connection.close()
        stream.ended = now
        self._streaming -= 1 if stream.first else 0
        self.ended.append(stream)


def main(port: int, count: int, body: Path, host: str) -> None:
    readers = Readers(port, body.read_bytes(), host)
    start = time.monotonic()
    readers.run(count, start + 180)
    lengths = sorted(stream.ended - stream.first for stream in readers.ended if stream.whole())
    outcome = {
        "streams": count,
        "whole": len(lengths),
        "most_at_once": readers.most_at_once,
        "events": sum(stream.events for stream in readers.ended),
        "seconds": time.monotonic() - start,
        "median_length": median(lengths) if lengths else 0.0,
        "longest": lengths[-1] if lengths else 0.0,
        "first_byte": median(stream.first - stream.opened for stream in readers.ended) if readers.ended else 0.0,
    }
    print(json.dumps(outcome))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else f"127.0.0.1:{sys.argv[1]}")
