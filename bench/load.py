"""The load of the CPU, hooks and translation parts: wrk, which speaks HTTP/1.1 over connections that stay open."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from machine import BenchError, Cores, Spent, stolen_seconds
from peers import Peer

HERE = Path(__file__).parent
# Enough to keep one proxy busy while the rest of them wait for the upstream; more only adds latency.
CONNECTIONS = {"1KB": 64, "16KB": 64, "100KB": 64, "1MB": 16, "10MB": 4}
# A run is disturbed if the host took more than this share of the proxy's core from it; so often it is tried.
CALM = 0.02
TRIES = 3


@dataclass(frozen=True)
class Sample:
    """One run against one proxy."""

    requests: int
    failed: int
    wall: float
    spent: Spent
    stolen: float
    p50_us: int
    p99_us: int

    @property
    def cpu_us(self) -> float:
        """CPU a request, in microseconds."""
        return self.spent.cpu / 1000 / max(1, self.requests)

    @property
    def rate(self) -> float:
        return self.requests / self.wall

    @property
    def use(self) -> float:
        """The share of one core that the proxy used; 1.0 is all of it."""
        return self.spent.cpu / 1e9 / self.wall

    @property
    def waited(self) -> float:
        """The share of the time in which the proxy was ready but its core ran something else."""
        return self.spent.waited / 1e9 / self.wall


def calm_runs(peer: Peer, body: Path, size: str, seconds: int, cores: Cores) -> list[Sample]:
    """Runs until the host let one alone, or tries enough; the one that it took least from comes first."""
    runs: list[Sample] = []
    while len(runs) < TRIES and (not runs or runs[-1].stolen > CALM or not runs[-1].requests):
        runs.append(drive(peer, body, size, seconds, cores))
    if not any(run.requests for run in runs):
        raise BenchError(f'"{peer.name}" answered nothing in {len(runs)} runs; the cores are taken by something else')
    return sorted(runs, key=lambda run: (not run.requests, run.stolen))


def drive(peer: Peer, body: Path, size: str, seconds: int, cores: Cores, at_once: int | None = None) -> Sample:
    """Loads a proxy and reads its CPU time before and after. `at_once` stands for the connections of the size."""
    argv = ["wrk", "-t1", f"-c{at_once or CONNECTIONS[size]}", f"-d{seconds}s", "--timeout", "30s", "-s", str(HERE / "chat.lua")]
    argv += [f"http://127.0.0.1:{peer.port}/v1/chat/completions", "--", str(body)]
    argv += [peer.host] if peer.host else []
    stolen, before, start = stolen_seconds(cores.proxy), peer.process.usage(), time.monotonic()
    ran = subprocess.run(
        argv, capture_output=True, text=True, check=False, preexec_fn=lambda: os.sched_setaffinity(0, cores.load)
    )
    wall, after = time.monotonic() - start, peer.process.usage()
    if ran.returncode != 0 or not peer.process.alive():
        raise BenchError(f'load on "{peer.name}" failed: {ran.stderr.strip()} {peer.process.last_words()}')
    outcome = json.loads(ran.stdout.strip().splitlines()[-1])
    return Sample(
        requests=outcome["requests"],
        failed=outcome["refused"] + outcome["broken"],
        wall=wall,
        spent=after.since(before),
        stolen=(stolen_seconds(cores.proxy) - stolen) / wall,
        p50_us=outcome["p50_us"],
        p99_us=outcome["p99_us"],
    )
