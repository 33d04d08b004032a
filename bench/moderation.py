"""The moderation part: what judging a stream adds to its first text, to the time between texts, and to memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles

import chats
import peers
import streams
from machine import BenchError, Cores
from peers import Peer, Place
from report import row
from services import BY_MODEL, KEYS, Service

HERE = Path(__file__).parent
AIM_MS = 0.3
MODES = ("none", "watch", "carry", "window")
EVENTS = 40
PACES = {"50 tokens/s": 20, "full speed": 0}


@dataclass(frozen=True)
class Plan:
    """Rounds of each pace, and streams at once for memory."""

    rounds: int
    streams: int
    seconds: int
    rate: int

    @staticmethod
    def from_environment() -> "Plan":
        names = {"ROUNDS": "30", "STREAMS": "1000", "STREAM_SECONDS": "8", "STREAM_RATE": "20"}
        return Plan(*(int(os.environ.get(name, default)) for name, default in names.items()))


@dataclass(frozen=True)
class Pace:
    """What one mode did to the times of streams, in milliseconds."""

    pace: str
    mode: str
    first: float
    first_p99: float
    added: float
    between: float
    between_p99: float

    def cells(self) -> list[str]:
        numbers = (self.first, self.first_p99, self.added, self.between, self.between_p99)
        met = "" if self.mode != "carry" else "met" if self.added <= AIM_MS else "**missed**"
        return [self.pace, self.mode, *(f"{number:.2f}" for number in numbers), met]


def services() -> list[Service]:
    """The same routes behind no filter, and behind one that looks for personal data and words in each mode."""
    return [Service(mode, [KEYS, *_filters(mode)], BY_MODEL) for mode in MODES]


def _filters(mode: str) -> list[dict[str, object]]:
    if mode == "none":
        return []
    action = "flag" if mode == "watch" else "redact"
    settings = {"detect": "all", "words": ["confidential"], "on": ["output"], "action": action, "stream": {"mode": mode}}
    return [{"content_moderation": settings}]


def measure(plan: Plan, cores: Cores, folder: Path) -> tuple[list[Pace], list[streams.Outcome]]:
    part = folder / "moderation"
    part.mkdir()
    body = part / "streamed.json"
    body.write_bytes(chats.streamed())
    paces = [pace for name in PACES for pace in _paced(name, plan.rounds, cores, part / name.replace("/", "-"), body)]
    return paces, _memory(plan, cores, part, body)


def _paced(name: str, rounds: int, cores: Cores, folder: Path, body: Path) -> list[Pace]:
    folder.mkdir()
    with peers.model(Place(folder, cores.load), events=EVENTS, every_ms=PACES[name]) as upstream:
        with peers.hooked(Place(folder, cores.proxy), upstream.port, services()) as peer:
            hosts = [service.host for service in services()]
            argv = [sys.executable, str(HERE / "pacer.py"), str(peer.port), str(body), str(rounds), *hosts]
            ran = subprocess.run(
                argv, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, cores.load)
            )
            if ran.returncode:
                raise BenchError(f"{ran.stderr.strip()}: {peer.process.last_words()}")
    seen = json.loads(ran.stdout)
    plain = seen["first"][services()[0].host]
    return [_pace(name, service, seen, plain) for service in services()]


def _pace(name: str, service: Service, seen: dict[str, dict[str, list[float]]], plain: list[float]) -> Pace:
    first, between = seen["first"][service.host], seen["between"][service.host] or [0.0, 0.0]
    added = median(own - other for own, other in zip(first, plain))
    times = (median(first), _p99(first), added, median(between), _p99(between))
    return Pace(name, service.name, *(1000 * time for time in times))


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


def _memory(plan: Plan, cores: Cores, folder: Path, body: Path) -> list[streams.Outcome]:
    """A fresh gateway for each mode, since memory that was used once stays with the process."""
    sized = streams.Plan(plan.streams, plan.seconds, plan.rate)
    streams.allow_files(sized.streams)
    outcomes = []
    with peers.model(Place(folder, cores.load), events=plan.seconds * plan.rate, every_ms=1000 // plan.rate) as upstream:
        for service in services():
            own = folder / f"memory-{service.name}"
            own.mkdir()
            starting = peers.hooked(Place(own, cores.proxy), upstream.port, [service])
            outcomes.append(streams.one(sized, cores, starting, body, service))
    return outcomes


def page(paces: list[Pace], outcomes: list[streams.Outcome]) -> str:
    head = "| pace | mode | first text ms | p99 | added | between texts ms | p99 | |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |\n"
    memory = "| mode | whole | KB a stream | µs/event |\n| --- | ---: | ---: | ---: |\n"
    lines = [row(pace.cells()) for pace in paces]
    cells = [
        row([outcome.peer, f"{outcome.whole} / {outcome.streams}", f"{outcome.kb_a_stream:.1f}", f"{outcome.cpu_us_an_event:.1f}"])
        for outcome in outcomes
    ]
    return "\n".join(["\n## Moderation\n", head + "\n".join(lines), "", memory + "\n".join(cells), ""])


def values(paces: list[Pace], outcomes: list[streams.Outcome]) -> dict[str, object]:
    return {"paces": [asdict(pace) for pace in paces], "memory": [outcome.values() for outcome in outcomes]}
