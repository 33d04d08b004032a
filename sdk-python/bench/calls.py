"""What a worker costs: the time from its start to `ready`, and the CPU time of one call.

    python sdk-python/bench/calls.py [EXTENSION]

With the file of the extension, workers without it and with it take turns, so that both have the same machine.

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
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from gateway import CALL, CTX, Worker, encode

STARTS = 15
ROUNDS = 10
TURNS = 8
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


def started(path: Path, extension: str) -> float:
    """Milliseconds until it is ready."""
    Worker.extension = extension
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


def worker_costs(path: Path, extensions: list[str]) -> list[float]:
    """The costs of a call in a worker with each of them."""
    with ExitStack() as stack:
        workers = []
        for extension in extensions:
            Worker.extension = extension
            workers.append(stack.enter_context(Worker(path)))
            workers[-1].ready()
        turns = [[per_call(worker.socket, worker.process.pid) for worker in workers] for _ in range(TURNS)]
        return [min(costs) for costs in zip(*turns, strict=True)]


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
        extensions = ["off", *(str(Path(named).absolute()) for named in sys.argv[1:2])]
        print(f"Python {sys.version.split()[0]}, a call of {len(FRAME)} bytes")
        for kind, path in kinds.items():
            for extension, costs in zip(extensions, worker_costs(path, extensions), strict=True):
                starts = [started(path, extension) for _ in range(STARTS)]
                name = f"{kind} {'pure' if extension == 'off' else 'extension'}"
                print(f"  {name:15}  start {min(starts):5.1f} ms (median {statistics.median(starts):5.1f})", end="")
                print(f"   call {costs:5.1f} µs")
        print(f"  floor{'call':>41} {floor_costs():5.1f} µs")


if __name__ == "__main__":
    main()
