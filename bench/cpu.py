"""The CPU part: microseconds a request of the gateway, nginx and haproxy, in rounds A B C, C B A, A B C."""

from __future__ import annotations

import os
import sys
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import chats
import peers
from machine import BenchError, Cores
from peers import Peer, Place
from rounds import Load, Runs, alternate

SATURATED = 0.9
AIM = 1.5


@dataclass(kw_only=True)
class Case(Runs):
    """All samples of one proxy under one load."""

    log: bool
    size: str
    peer: str


@dataclass(frozen=True)
class Written:
    """What a proxy wrote to its access log, and what it had to."""

    peer: str
    answered: int
    lines: int
    counted: int | None


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: int
    sizes: tuple[str, ...]

    @staticmethod
    def from_environment() -> "Plan":
        sizes = tuple(os.environ.get("SIZES", ",".join(chats.SIZES)).split(","))
        unknown = [size for size in sizes if size not in chats.SIZES]
        if unknown:
            raise BenchError(f'SIZES names "{unknown[0]}", which is none of {", ".join(chats.SIZES)}')
        return Plan(int(os.environ.get("ROUNDS", "9")), int(os.environ.get("DURATION", "2")), sizes)


def measure(plan: Plan, cores: Cores, folder: Path) -> tuple[list[Case], list[Written]]:
    """Every size, first with the access logs off, then on."""
    bodies = {size: folder / f"{size}.json" for size in plan.sizes}
    for size, path in bodies.items():
        path.write_bytes(chats.request(chats.SIZES[size]))
    cases: list[Case] = []
    written: list[Written] = []
    for log in (False, True):
        part = folder / ("log-on" if log else "log-off")
        part.mkdir()
        with ExitStack() as stack:
            proxies = _start(stack, log, cores, part)
            for size in plan.sizes:
                cases += _rounds(plan, proxies, log, Load(bodies[size], size, plan.seconds, cores))
            if log:
                written = [_written(peer, cases) for peer in proxies]
    return cases, written


def _start(stack: ExitStack, log: bool, cores: Cores, folder: Path) -> list[Peer]:
    upstream = stack.enter_context(peers.backend(Place(folder, cores.load))).port
    place = Place(folder, cores.proxy)
    proxies = [
        stack.enter_context(peers.gateway(place, upstream, log=log)),
        stack.enter_context(peers.nginx(place, upstream, log=log)),
        stack.enter_context(peers.haproxy(place, upstream, log=log)),
    ]
    if not log:
        proxies.append(stack.enter_context(peers.nginx(place, upstream, hold_request=True)))
    for peer in proxies:
        peers.check(peer, routes_by_model=peer.name == "gateway")
    return proxies


def _rounds(plan: Plan, proxies: list[Peer], log: bool, load: Load) -> list[Case]:
    cases = [Case(log=log, size=load.size, peer=peer.name) for peer in proxies]
    for number in alternate(plan.rounds, proxies, cases, load):
        line = ", ".join(f"{case.peer} {case.samples[-1].cpu_us:.1f}" for case in cases)
        print(f"log {'on' if log else 'off'}, {load.size}, round {number}: {line} µs", file=sys.stderr)
    return cases


def _written(peer: Peer, cases: list[Case]) -> Written:
    """Compares the log, and the gateway's histogram, with what wrk saw answered; the checks before it come on top."""
    answered = sum(case.answered for case in cases if case.log and case.peer == peer.name)
    return Written(peer.name, answered, _lines(peer.log), _counted(peer.admin) if peer.admin else None)


def _lines(path: Path | None) -> int:
    """Lines in a log, once it has stopped growing."""
    if path is None:
        return 0
    size = -1
    while size != path.stat().st_size:
        size = path.stat().st_size
        time.sleep(0.5)
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _counted(admin: int) -> int:
    """The observations in the gateway's histogram of request durations."""
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    name = "gen_ai_server_request_duration_seconds_count"
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in text.splitlines() if line.startswith(name))
