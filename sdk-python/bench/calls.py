"""What a worker costs: the time from its start to `ready`, and the CPU time of one call.

    python sdk-python/bench/calls.py

A call is a `transform_request` with two pointers and 1 KB, which sets one value. Figures are the best of many rounds: what a
busy machine adds is not the worker's. `floor` is a process that reads, parses and writes the same JSON with nothing in between.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from gateway import CALL, CTX, Worker, encode

STARTS = 15
ROUNDS = 40
CALLS = 500

SOURCE = """
    from tidegate import Plugin, changed

    class Bench(Plugin):
        {how} transform_request(self, ctx, headers, body):
            if body["/model"]:
                return changed(set={{"/temperature": 0}})
"""
BODY = {"fields": {"/model": "gpt-4o", "/messages": [{"role": "user", "content": "x" * 880}]}}
META = {
    "hook": "transform_request",
    "ctx": {**CTX, "principal": None},
    "headers": [["content-type", "application/json"]],
    "body": BODY,
}
FRAME = encode(CALL, 1, META)
VERDICT = {"changed": {"edits": [{"set": {"pointer": "/temperature", "value": 0}}]}}


def package(folder: str, how: str) -> Path:
    path = Path(folder) / how.split()[0]
    path.mkdir()
    (path / "plugin.py").write_text(textwrap.dedent(SOURCE.format(how=how)))
    return path


def started(path: Path) -> float:
    """Milliseconds until it is ready."""
    began = time.perf_counter()
    with Worker(path) as worker:
        worker.ready()
        return (time.perf_counter() - began) * 1000


def cpu(pid: int) -> float:
    """Microseconds that the main thread of a process has run."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1000


def per_call(connection: socket.socket, pid: int) -> float:
    """CPU time of one call, in microseconds."""

    def once() -> float:
        before = cpu(pid)
        for _ in range(CALLS):
            connection.sendall(FRAME)
            connection.recv(4096)
        return (cpu(pid) - before) / CALLS

    return min(once() for _ in range(ROUNDS))


def worker_costs(path: Path) -> float:
    with Worker(path) as worker:
        worker.ready()
        return per_call(worker.socket, worker.process.pid)


def floor_costs() -> float:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _serve_floor(theirs, json.JSONDecoder().decode, json.JSONEncoder().encode)
    theirs.close()
    with ours:
        costs = per_call(ours, pid)
    os.waitpid(pid, 0)
    return costs


def _serve_floor(connection: socket.socket, loads: Callable[[str], object], dumps: Callable[[object], str]) -> None:
    buffer = bytearray(65536)
    view = memoryview(buffer)
    while count := connection.recv_into(buffer):
        loads(str(view[16:count], "utf-8"))
        connection.sendall(dumps(VERDICT).encode())
    os._exit(0)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        kinds = {"sync": package(folder, "def"), "async": package(folder, "async def")}
        print(f"Python {sys.version.split()[0]}, a call of {len(FRAME)} bytes")
        for kind, path in kinds.items():
            starts = [started(path) for _ in range(STARTS)]
            print(f"  {kind:5}  start {min(starts):5.1f} ms (median {statistics.median(starts):5.1f})", end="")
            print(f"   call {worker_costs(path):5.1f} µs")
        print(f"  floor                               call {floor_costs():5.1f} µs")


if __name__ == "__main__":
    main()
