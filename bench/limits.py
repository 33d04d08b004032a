"""What a key and a limit of tokens add to a request, counted in memory, in SQLite and in Redis, by `bench/run.sh limits`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import chats
import peers
from machine import BenchError, Cores
from peers import Peer, Place
from rounds import Load, Runs, alternate
from services import KEYS, TO_UPSTREAM, Service

# Of a key and a limit of tokens in memory, in microseconds a request.
AIM = 3.0
ROUTES = [{"name": "all", **TO_UPSTREAM}]
TOKENS = {"rate_limit": {"tokens_per_day": 1_000_000_000_000}}
BOTH = {"rate_limit": {"tokens_per_day": 1_000_000_000_000, "requests_per_day": 1_000_000_000}}
COST = {"rate_limit": {"cost_per_day": 1_000_000}}
PLAIN = Service("plain", [], ROUTES)
CHAINS = {
    "key": [KEYS],
    "key, tokens": [KEYS, TOKENS],
    "key, tokens and requests": [KEYS, BOTH],
    "key, cost": [KEYS, COST],
}


def services() -> dict[str, Service]:
    return {name: Service(f"chain{place}", filters, ROUTES) for place, (name, filters) in enumerate(CHAINS.items())}


@contextmanager
def redis(folder: Path, cores: Cores) -> Iterator[int]:
    """A server without persistence on a free port, beside the load."""
    if not shutil.which("redis-server"):
        raise BenchError("redis-server is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    with subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, cores.load)
    ) as server:
        try:
            _wait(port)
            yield port
        finally:
            server.terminate()


def _wait(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise BenchError("redis-server does not listen")


def measure(store: str, settings: dict[str, object], cores: Cores, folder: Path) -> list[str]:
    """A line of the table for each chain."""
    place = folder / store
    place.mkdir()
    offered, plain = services(), Runs()
    with ExitStack() as stack:
        upstream = stack.enter_context(peers.backend(Place(place, cores.load))).port
        gateway = stack.enter_context(peers.keeping(Place(place, cores.proxy), upstream, [PLAIN, *offered.values()], settings))
        runs = {name: Runs() for name in offered}
        served: list[Peer] = [gateway.serving(PLAIN), *(gateway.serving(service) for service in offered.values())]
        body = place / "body.json"
        body.write_bytes(chats.request(chats.SIZES["1KB"]))
        load = Load(body, "1KB", int(os.environ.get("DURATION", "1")), cores)
        for _ in alternate(int(os.environ.get("ROUNDS", "7")), served, [plain, *runs.values()], load):
            pass
    lines = []
    for name, own in runs.items():
        if own.failed:
            raise BenchError(f'{own.failed} requests of "{name}" failed')
        before, after = (one.middle(lambda sample: sample.cpu_us) for one in (plain, own))
        p50, p99 = (own.middle(lambda sample, key=key: getattr(sample, key)) for key in ("p50_us", "p99_us"))
        lines.append(f"| {store} | {name} | {before:.1f} | {after:.1f} | {after - before:+.1f} | {own.ratio(plain):.2f} | {p50:,.0f} | {p99:,.0f} |")
    return lines


def main() -> None:
    cores = Cores.split()
    print(f"| store | filters | without (us) | with (us) | difference (aim in memory: {AIM:+.0f}) | ratio | p50 (us) | p99 (us) |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="tidegate-limits-") as name, ExitStack() as stack:
        folder = Path(name)
        port = stack.enter_context(redis(folder, cores))
        kept = {
            "memory": {},
            "sqlite": {"sqlite": {"path": str(folder / "state.db")}},
            "redis": {"redis": {"address": f"127.0.0.1:{port}", "timeout": "1s"}},
        }
        for store, settings in kept.items():
            for line in measure(store, settings, cores, folder):
                print(line, flush=True)


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        sys.exit(f"error: {error}")
