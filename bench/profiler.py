"""Where the gateway spends its time: perf where it works, else callgrind, else a word that neither is there."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import canned
import chats
import peers
import services
import translation
from load import drive
from machine import BenchError, Cores
from peers import Peer, Place
from ways import Way

LINES = 45


def profile(cores: Cores, folder: Path) -> str:
    """The functions with the most time of their own, under the same load as in the CPU part."""
    size = os.environ.get("SIZES", "1KB").split(",")[0]
    body = folder / "body.json"
    body.write_bytes(_request(size))
    with peers.backend(Place(folder, cores.load), canned.answers()) as upstream:
        if _perf_works(folder):
            return _perf(cores, folder, upstream, size, body)
        if shutil.which("valgrind"):
            return _callgrind(cores, folder, upstream, size, body)
    return "neither perf nor valgrind works here; install linux-perf or valgrind to see a profile"


def _way() -> Way | None:
    """The way of the translation part that is asked for."""
    wanted = os.environ.get("PROFILE_SERVICE")
    return next((way for way in translation.all_ways() if way.service.name == wanted), None)


def _request(size: str) -> bytes:
    way = _way()
    sizes = translation.requests(way.stream) if way else {name: chats.request(length) for name, length in chats.SIZES.items()}
    if size not in sizes:
        raise BenchError(f'SIZES names "{size}", which is none of {", ".join(sizes)}')
    return sizes[size]


@contextmanager
def _gateway(place: Place, upstream: int, *, log: bool = False, prefix: tuple[str, ...] = ()) -> Iterator[Peer]:
    """The gateway of the CPU part, or one service of the hooks or the translation part."""
    wanted = os.environ.get("PROFILE_SERVICE")
    if not wanted:
        with peers.gateway(place, upstream, log=log, prefix=prefix) as gateway:
            yield gateway
        return
    if way := _way():
        with peers.translating(place, upstream, [way], prefix) as gateway:
            yield gateway.serving(way.service)
        return
    offered = {service.name: service for service in services.of_all_sizes()}
    if wanted not in offered:
        names = [*offered, *(way.service.name for way in translation.all_ways())]
        raise BenchError(f'PROFILE_SERVICE names "{wanted}", which is none of {", ".join(names)}')
    with peers.hooked(place, upstream, [offered[wanted]], prefix) as gateway:
        yield gateway.serving(offered[wanted])


def _perf_works(folder: Path) -> bool:
    if not shutil.which("perf"):
        return False
    argv = ["perf", "record", "-q", "-e", "cpu-clock", "-o", str(folder / "probe"), "true"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def _perf(cores: Cores, folder: Path, upstream: Peer, size: str, body: Path) -> str:
    """Sampled by the clock: virtual machines often have no counters."""
    data = folder / "perf.data"
    calls = ["--call-graph", "dwarf,8192"] if os.environ.get("PROFILE_CALLS") else []
    seconds = int(os.environ.get("DURATION", "5"))
    log = os.environ.get("PROFILE_LOG") == "on"
    with _gateway(Place(folder, cores.proxy), upstream.port, log=log) as gateway:
        drive(gateway, body, size, 1, cores)
        argv = ["perf", "record", "-q", "-e", "cpu-clock", "-F", "997", *calls, "-o", str(data)]
        argv += ["-p", ",".join(map(str, gateway.process.pids()))]
        recorder = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            sample = drive(gateway, body, size, seconds, cores)
        finally:
            recorder.terminate()
            recorder.wait()
    head = f"{size}: {sample.cpu_us:.1f} µs a request, {sample.spent.kernel_share:.0%} of it in the kernel, under perf\n"
    return head + _perf_report(data, "dso", 6) + _perf_report(data, "dso,symbol", LINES)


def _perf_report(data: Path, sort: str, lines: int) -> str:
    children = "--children" if os.environ.get("PROFILE_CALLS") else "--no-children"
    argv = ["perf", "report", "-i", str(data), "--stdio", "-g", "none", children, "--sort", sort, "--percent-limit", "0.4"]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    kept = [line.rstrip(" -") for line in ran.stdout.splitlines() if line.strip() and not line.startswith("#")]
    return f"\nby {sort}:\n" + "\n".join(kept[:lines]) + "\n"


def _callgrind(cores: Cores, folder: Path, upstream: Peer, size: str, body: Path) -> str:
    """Counts instructions in user space only; about fifty times slower than alone."""
    out = folder / "callgrind.out"
    prefix = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}")
    with _gateway(Place(folder, cores.proxy), upstream.port, prefix=prefix) as gateway:
        drive(gateway, body, size, 5, cores)
    ran = subprocess.run(["callgrind_annotate", str(out)], capture_output=True, text=True, check=False)
    return "\n".join(ran.stdout.splitlines()[: LINES + 20])
