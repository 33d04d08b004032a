"""A client that sends exactly the bytes it is given, and reads what comes back without forgiving anything."""

import socket
from dataclasses import dataclass, field


class Incomplete(Exception):
    """The connection ended before the message did."""


@dataclass
class Response:
    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def get(self, name: str) -> str | None:
        values = self.all(name)
        return values[0] if values else None


class Wire:
    """A connection to `address`."""

    def __init__(self, address: tuple[str, int], tls=None, timeout: float = 10, receive_buffer: int | None = None):
        self.socket = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        if receive_buffer is not None:
            # Before the connection: its window is agreed on there.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.buffer = b""

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data: bytes | str) -> "Wire":
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def response(self, method: str = "GET") -> Response:
        """One whole answer."""
        head = self.head()
        if method == "HEAD" or head.status in (204, 304) or head.status < 200:
            return head
        if "chunked" in (head.get("transfer-encoding") or ""):
            head.body = b"".join(iter(self.chunk, b""))
        elif head.get("content-length") is not None:
            head.body = self._exactly(int(head.get("content-length")))
        else:
            head.body = self.rest()
        return head

    def head(self) -> Response:
        """The status line and the fields."""
        status_line = self._line()
        version, status, *_ = status_line.split(" ", 2)
        assert version in ("HTTP/1.1", "HTTP/1.0"), status_line
        return Response(int(status), self._fields())

    def chunk(self) -> bytes:
        """The next chunk of a chunked body; empty at its end."""
        size = int(self._line().partition(";")[0], 16)
        if size == 0:
            self._fields()
            return b""
        data = self._exactly(size)
        assert self._exactly(2) == b"\r\n"
        return data

    def rest(self) -> bytes:
        """All that comes until the connection ends; a reset is an end too."""
        try:
            while self._fill():
                pass
        except ConnectionError:
            pass
        data, self.buffer = self.buffer, b""
        return data

    def closed(self, seconds: float = 5) -> bool:
        """Whether the other side ends the connection within `seconds` and sends nothing more."""
        self.socket.settimeout(seconds)
        try:
            return not self.buffer and not self._fill()
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    def _fields(self) -> list[tuple[str, str]]:
        fields = []
        while line := self._line():
            name, colon, value = line.partition(":")
            assert colon, f"not a field: {line!r}"
            fields.append((name.lower(), value.strip(" \t")))
        return fields

    def _line(self) -> str:
        while b"\r\n" not in self.buffer:
            if not self._fill():
                raise Incomplete(f"the connection ended in a line: {self.buffer!r}")
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode("latin-1")

    def _exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            if not self._fill():
                raise Incomplete(f"the connection ended {size - len(self.buffer)} bytes early")
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def _fill(self) -> bool:
        data = self.socket.recv(65536)
        self.buffer += data
        return bool(data)


def request(method: str, target: str, body: bytes = b"", **fields: str) -> bytes:
    """A well-formed HTTP/1.1 request; underscores in field names stand for hyphens, `host` has a default."""
    fields = {"host": "localhost", **fields}
    if body:
        fields["content_length"] = str(len(body))
    lines = [f"{method} {target} HTTP/1.1"] + [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
