"""An upstream that keeps what reached it, for the checks before the load."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import canned
import chats


class Witness(ThreadingHTTPServer):
    """Answers each request as the upstream of the load does."""

    daemon_threads = True

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._answers = answers
        self.requests = 0
        self.body = b""
        self.authorization = ""

    @property
    def port(self) -> int:
        return self.server_address[1]

    def answer(self, path: str) -> tuple[str, bytes]:
        """Media type and body, by the path as `templates/backend.conf` has it."""
        _, first, name, *_ = [*path.split("/"), "", ""]
        if first != "canned":
            return "application/json", chats.answer().encode()
        return canned.media_type(name), self._answers[name]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Witness

    def do_POST(self) -> None:
        self.server.requests += 1
        self.server.body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.authorization = self.headers.get("Authorization", "")
        kind, answer = self.server.answer(self.path)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def watching(answers: Mapping[str, bytes] | None = None) -> Iterator[Witness]:
    """Serves until the block ends."""
    with Witness(answers or {}) as witness:
        thread = threading.Thread(target=witness.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield witness
        finally:
            witness.shutdown()
            thread.join()
