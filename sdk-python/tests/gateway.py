"""The gateway's end of the socket, written from docs/worker-protocol.md and not from the worker."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

SDK = str(Path(__file__).parents[1] / "src")
START = "import sys; sys.path.insert(0, sys.argv[1]); sys.path += sys.argv[2:]; from tidegate._worker import main; main()"
PATIENCE = 60

HELLO, READY, REFUSED, CALL, RETURN, FAIL, ASK, ANSWER, NOTE, CANCEL, STOP = range(1, 12)
HOOKS = [
    "authenticate", "admit", "settle", "transform_request", "transform_upstream", "transform_response", "transform_event",
    "moderate_input", "moderate_output", "completed",
]  # fmt: skip
CTX = {
    "request_id": "r-1",
    "route": "chat",
    "dialect": "openai",
    "operation": "chat",
    "model": "gpt-4o",
    "principal": {"id": "ann", "tenant": None, "attributes": [["team", "blue"]]},
    "streaming": False,
    "attempt": 0,
    "deadline_ms": 10_000,
}


class Frame(NamedTuple):
    kind: int
    id: int
    meta: Any
    body: bytes


class Closed(Exception):
    """The worker closed its end."""


def encode(kind: int, id: int, meta: Any, body: bytes = b"", flags: int = 0) -> bytes:
    text = json.dumps(meta, ensure_ascii=False).encode()
    inline = b"" if flags else body
    return struct.pack("<IBBHII", 12 + len(text) + len(inline), kind, flags, 0, id, len(text)) + text + inline


class Worker:
    """A worker process. `hello` configures it; what it asks is kept until somebody answers."""

    extension: str | Path = "off"
    """The file of the extension that workers use from here on."""

    def __init__(self, folder: Path, entry: str = "plugin.py", installed: list[str] | None = None, **hello: Any) -> None:
        self.folder = folder
        self.hello_meta = {
            "protocol": 1,
            "contract": "0.1",
            "plugin": "test",
            "entry": entry,
            "hooks": HOOKS,
            "config": {},
            "windows": None,
            **hello,
        }
        # A file, since nobody reads it meanwhile.
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        ours, theirs = socket.socketpair()
        ours.settimeout(PATIENCE)
        self.socket = ours
        options = ["-I", "-S", "-X", f"tidegate_worker={Worker.extension}"]
        self.process = subprocess.Popen(
            [sys.executable, *options, "-c", START, SDK, str(folder), *(installed or [])],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={"PATH": os.environ["PATH"], "LANG": "C"},
            close_fds=False,
            preexec_fn=lambda: _prepare(theirs.fileno()),
        )
        theirs.close()
        self._buffer = b""
        self._kept: deque[Frame] = deque()
        self._last = 0

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.socket.close()
        self.process.communicate()
        self._said.close()

    def hello(self) -> Frame:
        """Says hello; `ready` or `refused`."""
        self.send(HELLO, 0, self.hello_meta)
        return self.receive()

    def ready(self) -> Any:
        frame = self.hello()
        assert frame.kind == READY, frame
        return frame.meta

    def refused(self) -> str:
        frame = self.hello()
        assert frame.kind == REFUSED, frame
        assert self.process.wait(PATIENCE) == 1
        text: str = frame.meta["error"]
        assert "\n" not in text
        return text

    def send(self, kind: int, id: int, meta: Any, body: bytes = b"") -> None:
        self.socket.sendall(encode(kind, id, meta, body))

    def send_descriptor(self, kind: int, id: int, meta: Any, body: bytes) -> None:
        """With the body in a sealed memfd."""
        import fcntl

        descriptor = os.memfd_create("body", os.MFD_ALLOW_SEALING)
        os.write(descriptor, body)
        seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        frame = encode(kind, id, meta, flags=1)
        sent = socket.send_fds(self.socket, [frame[:1]], [descriptor])
        os.close(descriptor)
        self.socket.sendall(frame[sent:])

    def receive(self) -> Frame:
        """The next frame, whatever it is."""
        if self._kept:
            return self._kept.popleft()
        length = struct.unpack("<I", self._bytes(4))[0]
        kind, flags, nothing, id, meta = struct.unpack("<BBHII", self._bytes(12))
        assert (flags, nothing) == (0, 0)
        text, body = self._bytes(meta), self._bytes(length - 12 - meta)
        return Frame(kind, id, json.loads(text), body)

    def _bytes(self, count: int) -> bytes:
        while len(self._buffer) < count:
            more = self.socket.recv(65536)
            if not more:
                raise Closed
            self._buffer += more
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def begin(self, hook: str, content: bytes = b"", /, **told: Any) -> int:
        """Sends a call; its id."""
        self._last += 1
        self.send(CALL, self._last, {"hook": hook, "ctx": CTX, **told}, content)
        return self._last

    def call(self, hook: str, content: bytes = b"", /, **told: Any) -> Frame:
        """Calls, and takes the next frame for the answer."""
        id = self.begin(hook, content, **told)
        frame = self.receive()
        assert frame.id == id, frame
        return frame

    def returned(self, hook: str, content: bytes = b"", /, **told: Any) -> Any:
        frame = self.call(hook, content, **told)
        assert frame.kind == RETURN, frame
        return frame.meta

    def failed(self, hook: str, content: bytes = b"", /, **told: Any) -> str:
        frame = self.call(hook, content, **told)
        assert frame.kind == FAIL, frame
        text: str = frame.meta["error"]
        assert "\n" not in text
        return text

    def asked(self, service: str) -> Frame:
        frame = self.receive()
        assert frame.kind == ASK and frame.meta["service"] == service, frame
        return frame

    def answer(self, ask: Frame, ok: Any, body: bytes = b"") -> None:
        self.send(ANSWER, ask.id, {"ok": ok}, body)

    def stop(self) -> tuple[str, str]:
        """Says stop; what it printed."""
        self.send(STOP, 0, None)
        out, _ = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0, self.said()
        return out.decode(), self.said()

    def ended(self) -> tuple[int, str]:
        """Waits for its end; status and what it said."""
        return self.process.wait(PATIENCE), self.said()

    def said(self) -> str:
        """What it wrote to standard error."""
        self._said.seek(0)
        return self._said.read().decode()


def _prepare(descriptor: int) -> None:
    """Gives a process its connection, and signals as they are in the foreground: a shell's background ignores some."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.dup2(descriptor, 3)
    os.set_inheritable(3, True)


def until(what: Any) -> None:
    """Waits for something to become true."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)
