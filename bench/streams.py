"""The streams part: what many busy streams cost a proxy in memory and CPU."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

import chats
import peers
from machine import BenchError, Cores, stolen_seconds
from peers import Peer, Place
from services import Service

HERE = Path(__file__).parent
AIM_KB = 40.0


@dataclass(frozen=True)
class Plan:
    """How many streams, how long each, and how fast."""

    streams: int
    seconds: int
    rate: int

    @staticmethod
    def from_environment() -> "Plan":
        names = {"STREAMS": "2000", "STREAM_SECONDS": "15", "STREAM_RATE": "20"}
        return Plan(*(int(os.environ.get(name, default)) for name, default in names.items()))


@dataclass(frozen=True)
class Outcome:
    """What one proxy needed for all streams."""

    peer: str
    streams: int
    whole: int
    most_at_once: int
    events: int
    events_a_second: float
    median_length: float
    longest: float
    first_byte: float
    before_kb: int
    peak_kb: int
    after_kb: int
    cpu_us_an_event: float
    use: float
    stolen: float

    @property
    def kb_a_stream(self) -> float:
        return (self.peak_kb - self.before_kb) / self.streams

    def values(self) -> dict[str, object]:
        return {**asdict(self), "kb_a_stream": self.kb_a_stream}


def measure(plan: Plan, cores: Cores, folder: Path) -> list[Outcome]:
    """The gateway, then nginx, each fresh, on the same upstream."""
    allow_files(plan.streams)
    part = folder / "streams"
    part.mkdir()
    body = part / "streamed.json"
    body.write_bytes(chats.streamed())
    with peers.model(Place(part, cores.load), events=plan.seconds * plan.rate, every_ms=1000 // plan.rate) as upstream:
        place = Place(part, cores.proxy)
        return [
            one(plan, cores, peers.gateway(place, upstream.port), body),
            one(plan, cores, peers.nginx(place, upstream.port, hold_answer=False), body),
        ]


def allow_files(streams: int) -> None:
    """A proxy needs two sockets a stream."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 2 * streams + 200:
        raise BenchError(f"{streams} streams need {2 * streams + 200} open files, the limit is {most}; lower STREAMS")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def one(
    plan: Plan, cores: Cores, starting: AbstractContextManager[Peer], body: Path, service: Service | None = None
) -> Outcome:
    """All streams on a proxy that is started for them; on one of its services where it has several."""
    with starting as peer:
        peer = peer.serving(service) if service else peer
        time.sleep(0.5)
        before_kb = peak_kb = peer.process.resident_kb()
        stolen, before, start = stolen_seconds(cores.proxy), peer.process.usage(), time.monotonic()
        argv = [sys.executable, str(HERE / "readers.py"), str(peer.port), str(plan.streams), str(body), *([peer.host] if peer.host else [])]
        readers = subprocess.Popen(
            argv, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, cores.load)
        )
        try:
            while readers.poll() is None:
                peak_kb = max(peak_kb, peer.process.resident_kb())
                time.sleep(0.2)
        finally:
            readers.kill()
        spent, wall = peer.process.usage().since(before), time.monotonic() - start
        taken = (stolen_seconds(cores.proxy) - stolen) / wall
        seen = json.loads(readers.communicate()[0] or "{}")
        return _outcome(peer, seen, (before_kb, peak_kb), (spent.cpu, wall, taken))


def _outcome(peer: Peer, seen: dict[str, float], memory: tuple[int, int], times: tuple[int, float, float]) -> Outcome:
    if not seen or not peer.process.alive():
        raise BenchError(f'the streams through "{peer.name}" broke off: {peer.process.last_words()}')
    cpu, wall, stolen = times
    return Outcome(
        peer=peer.name,
        streams=int(seen["streams"]),
        whole=int(seen["whole"]),
        most_at_once=int(seen["most_at_once"]),
        events=int(seen["events"]),
        events_a_second=seen["events"] / seen["seconds"],
        median_length=seen["median_length"],
        longest=seen["longest"],
        first_byte=seen["first_byte"],
        before_kb=memory[0],
        peak_kb=memory[1],
        after_kb=peer.process.resident_kb(),
        cpu_us_an_event=cpu / 1000 / max(1, seen["events"]),
        use=cpu / 1e9 / wall,
        stolen=stolen,
    )
