"""The translation part: what it costs to ask Anthropic and Bedrock for a client of OpenAI's, beside bytes that pass."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import canned
import chats
import peers
import ways
import witness
from load import drive
from machine import BenchError, Cores
from peers import Peer, Place
from rounds import Load, Runs, alternate
from ways import Way
from witness import Witness

MB = 1024 * 1024
LARGE = 10 * MB
LARGEST, SMALLEST = "10MB", "1KB"
# Of CPU at the smallest body, by that of bytes that pass; of memory at the largest, by the body.
CPU_AIM, MEMORY_AIM = 2.0, 3.0
AT_ONCE = (1, 4)


@dataclass(kw_only=True)
class Case(Runs):
    """All samples of one way with bodies of one size."""

    size: str
    way: Way
    # Bytes that pass, in the same rounds.
    beside: "Case | None" = None


@dataclass(frozen=True)
class Memory:
    """What a fresh process grew to while so many requests with the largest body were under way."""

    way: Way
    at_once: int
    idle_kb: int
    peak_kb: int
    requests: int
    failed: int

    @property
    def grown_mb(self) -> float:
        return (self.peak_kb - self.idle_kb) / 1024

    @property
    def bodies(self) -> float:
        """For each request under way, by the size of its body."""
        return self.grown_mb * MB / LARGE / self.at_once


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: int

    @staticmethod
    def from_environment() -> "Plan":
        return Plan(int(os.environ.get("ROUNDS", "7")), int(os.environ.get("DURATION", "1")))


@cache
def requests(stream: bool) -> dict[str, bytes]:
    """By their size: a question, a long conversation, an image."""
    more = chats.STREAM if stream else {}
    return {
        SMALLEST: chats.request(1024, **more),
        "100KB": chats.request(100 * 1024, **more),
        LARGEST: chats.picture(LARGE, **more),
    }


def all_ways() -> list[Way]:
    """Plain and streamed, and the one that is signed."""
    return [*ways.ways(False), *ways.ways(True), ways.signed()]


def measure(plan: Plan, cores: Cores, folder: Path) -> tuple[list[Case], list[Memory]]:
    """CPU of every way with every body, in one process; then memory with the largest, each time in a fresh one."""
    part = folder / "translation"
    (part / "checks").mkdir(parents=True)
    _check(Place(part / "checks", cores.proxy))
    place = Place(part, cores.proxy)
    with peers.backend(Place(part, cores.load), canned.answers()) as upstream:
        with peers.translating(place, upstream.port, all_ways()) as gateway:
            cases = [case for stream in (False, True) for case in _cases(plan, gateway, stream, cores, part)]
        memory = [
            _memory(plan, place, upstream.port, way, at_once, cores)
            for stream in (False, True)
            for way in ways.ways(stream)
            for at_once in AT_ONCE
        ]
    return cases, memory


def _cases(plan: Plan, gateway: Peer, stream: bool, cores: Cores, folder: Path) -> list[Case]:
    cases: list[Case] = []
    for size, body in requests(stream).items():
        path = _file(folder, size, stream)
        path.write_bytes(body)
        measured = [*ways.ways(stream), *([ways.signed()] if size == SMALLEST and not stream else [])]
        cases += _rounds(plan, gateway, measured, Load(path, size, plan.seconds, cores))
    return cases


def _file(folder: Path, size: str, stream: bool) -> Path:
    return folder / f"{size}-{ways.answer(stream)}.json"


def _rounds(plan: Plan, gateway: Peer, measured: list[Way], load: Load) -> list[Case]:
    first, *others = measured
    plain = Case(size=load.size, way=first)
    cases = [plain, *(Case(size=load.size, way=way, beside=plain) for way in others)]
    targets = [gateway.serving(way.service) for way in measured]
    for number in alternate(plan.rounds, targets, cases, load):
        line = ", ".join(f"{case.way.name} {case.samples[-1].cpu_us:.1f}" for case in cases)
        print(f"translation, {load.size}, {ways.answer(first.stream)}, round {number}: {line} µs", file=sys.stderr)
    return cases


def _memory(plan: Plan, place: Place, upstream: int, way: Way, at_once: int, cores: Cores) -> Memory:
    """Fresh, since memory that was used once stays with the process for a while."""
    with peers.translating(place, upstream, all_ways()) as gateway:
        peer = gateway.serving(way.service)
        peer.process.forget_peak()
        idle_kb = peer.process.resident_kb()
        sample = drive(peer, _file(place.folder, LARGEST, way.stream), LARGEST, plan.seconds, cores, at_once)
        if not sample.requests:
            raise BenchError(f'"{peer.name}" answered nothing; the cores are taken by something else')
        return Memory(way, at_once, idle_kb, peer.process.peak_kb(), sample.requests, sample.failed)


def _check(place: Place) -> None:
    """Fails unless each way asks for what the client asks, with credentials, and says what the upstream says."""
    with witness.watching(canned.answers()) as seen, peers.translating(place, seen.port, all_ways()) as gateway:
        for way in all_ways():
            peer, bodies = gateway.serving(way.service), requests(way.stream)
            peers.expect(peer, 401, bodies[SMALLEST], key="wrong")
            for body in bodies.values():
                _check_way(peer, way, body, seen)


def _check_way(peer: Peer, way: Way, body: bytes, seen: Witness) -> None:
    content = peers.expect(peer, 200, body)
    if way.name == ways.PASS:
        as_it_was = seen.body == body and content == canned.answers()[way.canned]
    else:
        as_it_was = ways.asked(seen.body) == ways.asked(body) and ways.heard(content, way.stream) == chats.REPLY
    if not as_it_was:
        raise BenchError(f'"{peer.name}" sent the upstream {seen.body[:300]!r} and the client {content[:300]!r}')
