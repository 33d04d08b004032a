"""Runs of several proxies in turn: A B C, C B A, A B C, so that what slows the machine for a while slows all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from load import Sample, calm_runs, drive
from machine import Cores
from peers import Peer


@dataclass(frozen=True)
class Load:
    """What every proxy is given: a body of this size, for so long a run."""

    body: Path
    size: str
    seconds: int
    cores: Cores


@dataclass(kw_only=True)
class Runs:
    """All samples of one proxy under one load."""

    samples: list[Sample] = field(default_factory=list)
    answered: int = 0
    failed: int = 0

    def count(self, runs: list[Sample]) -> None:
        """Every answer has its line in the log, a disturbed run's too."""
        self.answered += sum(run.requests for run in runs)
        self.failed += sum(run.failed for run in runs)

    def add(self, runs: list[Sample]) -> None:
        self.count(runs)
        self.samples.append(runs[0])

    def middle(self, value: Callable[[Sample], float]) -> float:
        return median(value(sample) for sample in self.samples)

    def ratio(self, other: "Runs") -> float:
        """Of CPU a request, round by round: what disturbs a round disturbs both of its halves."""
        return median(a.cpu_us / b.cpu_us for a, b in zip(self.samples, other.samples))


def alternate(rounds: int, peers: Sequence[Peer], runs: Sequence[Runs], load: Load) -> Iterator[int]:
    """Warms every proxy up, then fills its runs; yields the number of each round that is done, from 1."""
    for peer, own in zip(peers, runs):
        own.count([drive(peer, load.body, load.size, 1, load.cores)])
    for number in range(rounds):
        # There and back: a machine that grows slower over a round harms the first and the last alike.
        for peer, own in list(zip(peers, runs))[:: 1 if number % 2 == 0 else -1]:
            own.add(calm_runs(peer, load.body, load.size, load.seconds, load.cores))
        yield number + 1
