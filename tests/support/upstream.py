"""An upstream in this process: records the requests that reach it and answers as a test tells it, byte by byte if need be."""

import json
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import h11


@dataclass
class Seen:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def get(self, name: str) -> str | None:
        values = self.all(name)
        return values[0] if values else None

    @property
    def json(self):
        return json.loads(self.body)


class Reply:
    """What an answer function writes with."""

    def __init__(self, connection: socket.socket):
        self.connection = connection
        self.keep_alive = True

    def raw(self, data: bytes):
        self.connection.sendall(data)

    def send(self, status: int = 200, body: bytes = b"", content_type: str = "text/plain", **headers: str):
        fields = {"content_type": content_type, "content_length": str(len(body)), **headers}
        self.raw(head(status, **fields) + body)

    def json(self, value, status: int = 200, **headers: str):
        self.send(status, json.dumps(value).encode(), "application/json", **headers)

    def start_events(self, content_type: str = "text/event-stream"):
        """The head of a stream, of server-sent events unless it says something else."""
        self.raw(head(200, content_type=content_type, transfer_encoding="chunked"))

    def chunk(self, data: bytes):
        self.raw(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self):
        self.raw(b"0\r\n\r\n")

    def cut(self, reset: bool = False):
        """Ends the connection in the middle."""
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.keep_alive = False
        self.connection.close()

    def gone(self, seconds: float) -> bool:
        """Waits for the other side to leave; whether it did."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            readable, _, _ = select.select([self.connection], [], [], left)
            if readable:
                try:
                    return not self.connection.recv(65536)
                except ConnectionError:
                    return True
        return False


def head(status: int, **fields: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Status"] + [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def completion(text: str = "hi", **more) -> dict:
    """A chat completion as OpenAI sends it."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m-1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
        **more,
    }


def delta(text: str, **choice) -> bytes:
    """An event of a streamed chat completion."""
    value = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m-1",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None, **choice}],
    }
    return b"data: " + json.dumps(value).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


@dataclass
class Upstream:
    """A server on a free loopback port; each connection has a thread, each request goes through `answer`."""

    answer: Callable[[Seen, Reply], None] = lambda seen, reply: reply.json(completion())
    tls: object = None
    requests: list[Seen] = field(default_factory=list)
    connections: int = 0
    refused: list[str] = field(default_factory=list)

    def __enter__(self) -> "Upstream":
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()
        for connection in list(self._open):
            connection.close()

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def cluster(self, provider: str = "openai", **more) -> dict:
        return {"provider": provider, "endpoint": self.url, **more}

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int):
        self._open.add(connection)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self._converse(connection, number)
        except (OSError, ValueError):
            pass
        finally:
            connection.close()
            self._open.discard(connection)

    def _converse(self, connection: socket.socket, number: int):
        leftover = b""
        reply = Reply(connection)
        while reply.keep_alive:
            parser = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
            if leftover:  # h11 takes no bytes at all for the end of the connection
                parser.receive_data(leftover)
            try:
                seen = read_request(parser, connection, number)
            except h11.RemoteProtocolError as error:
                self.refused.append(str(error))
                return
            if seen is None:
                return
            self.requests.append(seen)
            leftover = parser.trailing_data[0]
            self.answer(seen, reply)


def read_request(parser: h11.Connection, connection: socket.socket, number: int) -> Seen | None:
    """The next request, whole; `None` where the client left."""
    seen = None
    while True:
        event = parser.next_event()
        if event is h11.NEED_DATA:
            parser.receive_data(connection.recv(65536))
        elif isinstance(event, h11.Request):
            headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in event.headers]
            seen = Seen(event.method.decode(), event.target.decode("latin-1"), headers, b"", number)
        elif isinstance(event, h11.Data):
            seen.body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return seen
        else:
            return None
