"""Turns the figures of the hooks part into tables and values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import quantiles

import hooks
from hooks import Case
from load import Sample
from report import load_cells, met, notes, row
from services import Chain

ONE_HEAD = """
## Hooks

One plugin on a request, in µs of CPU.

| body | runtime | reads | without | with | added | middle half | share, middle half | thousand instructions | |
| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |
"""

CHAINS_HEAD = """
Several plugins on a request, each reading two pointers; the added time divided by their number.

| body | runtime | plugins | without | with | a call | middle half | share, middle half | thousand instructions | |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
"""

JOBS_HEAD = """
The same job: check a key, look for words, set a field.

| body | proxy | µs/request | lowest to highest | in the kernel | × nginx-lua | requests/s | CPU use | p99 ms | |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
"""

# Fewer rounds have no spread to speak of.
MANY = 4


@dataclass(frozen=True)
class Added:
    """What a call of a chain adds to a request: the difference to the plain service within each round, in microseconds."""

    case: Case
    plain: Case
    chain: Chain

    @property
    def quartiles(self) -> list[float]:
        return _quartiles([(case - plain) / self.chain.length for case, plain in self._rounds()])

    @property
    def shares(self) -> list[float]:
        """Quartiles too, of what a call adds by what the request costs without."""
        return _quartiles([(case / plain - 1) / self.chain.length for case, plain in self._rounds()])

    @property
    def a_call(self) -> float:
        return self.quartiles[1]

    def _rounds(self) -> list[tuple[float, float]]:
        return [(case.cpu_us, plain.cpu_us) for case, plain in zip(self.case.samples, self.plain.samples)]

    @property
    def instructions(self) -> float | None:
        if self.case.instructions is None or self.plain.instructions is None:
            return None
        return (self.case.instructions - self.plain.instructions) / self.chain.length

    @property
    def is_blurred(self) -> bool:
        """Whether the rounds differ by more than what is to be seen in them."""
        low, middle, high = self.quartiles
        return high - low > abs(middle)

    def row(self, label: str) -> str:
        low, middle, high = self.quartiles
        found = ["**the spread is larger than the figure**"] if self.is_blurred else []
        found += [", ".join(notes(self.case))] if notes(self.case) else []
        found += [f"without: {', '.join(notes(self.plain))}"] if notes(self.plain) else []
        cells = [self.case.size, self.chain.runtime, label]
        cells += [f"{self.plain.middle(_cpu):.1f}", f"{self.case.middle(_cpu):.1f}", f"{middle:.1f}"]
        cells += [f"{low:.1f} to {high:.1f}", "{1:.0%}, {0:.0%} to {2:.0%}".format(*self.shares)]
        counted = "" if self.instructions is None else f"{self.instructions / 1000:.1f}"
        return row([*cells, counted, "; ".join(found)])

    def values(self) -> dict[str, object]:
        low, middle, high = self.quartiles
        return {
            "body": self.case.size,
            **asdict(self.chain),
            "without_us": self.plain.middle(_cpu),
            "with_us": self.case.middle(_cpu),
            "a_call_us": middle,
            "a_call_quartiles_us": [low, high],
            "share_quartiles": self.shares,
            "spread_is_larger": self.is_blurred,
            "a_call_instructions": self.instructions,
        }


def page(cases: list[Case]) -> str:
    added = _added(cases)
    lines = [ONE_HEAD.rstrip("\n")]
    lines += [entry.row(entry.chain.reads) for entry in added if entry.chain.length == 1]
    lines += ["", *(_call_aim(entry) for entry in added if _has_aim(entry))]
    return "\n".join([*lines, *_chains(added), *_jobs(cases)]) + "\n"


def values(cases: list[Case]) -> dict[str, object]:
    return {
        "added": [entry.values() for entry in _added(cases)],
        "cases": [
            {
                "body": case.size,
                "service": case.name,
                "cpu_us": case.middle(_cpu),
                "instructions": case.instructions,
                "failed": case.failed,
                "samples": [{**asdict(sample), "cpu_us": sample.cpu_us} for sample in case.samples],
            }
            for case in cases
        ],
    }


def _chains(added: list[Added]) -> list[str]:
    """Every length of what there is in more than one."""
    long = {(entry.case.size, entry.chain.runtime, entry.chain.reads) for entry in added if entry.chain.length > 1}
    if not long:
        return []
    shown = [entry for entry in added if (entry.case.size, entry.chain.runtime, entry.chain.reads) in long]
    return [CHAINS_HEAD.rstrip("\n"), *(entry.row(str(entry.chain.length)) for entry in shown)]


def _jobs(cases: list[Case]) -> list[str]:
    lines, aims = [JOBS_HEAD.rstrip("\n")], []
    for case in cases:
        if case.name == hooks.NGINX:
            lines.append(row([case.size, case.name, *load_cells(case, case)]))
        elif case.beside and case.beside.name == hooks.NGINX:
            lines.append(row([case.size, case.name, *load_cells(case, case.beside)]))
            aims.append(_job_aim(case, case.ratio(case.beside)))
    return [*lines, "", *aims]


def _added(cases: list[Case]) -> list[Added]:
    return [Added(case, case.beside, case.chain) for case in cases if case.chain and case.beside]


def _has_aim(entry: Added) -> bool:
    return entry.case.size == "1KB" and entry.chain.reads == "pointers" and entry.chain.length == 1


def _call_aim(entry: Added) -> str:
    aim = hooks.CALL_AIMS[entry.chain.runtime]
    verdict = met(entry.a_call <= aim)
    if entry.is_blurred:
        verdict = "the spread is too large to tell"
    elif len(entry.case.samples) < MANY:
        verdict = "too few rounds to tell"
    head = f"- Aim at 1 KB, two pointers, {entry.chain.runtime}: at most {aim:.0f} µs."
    return f"{head} Measured {entry.a_call:.1f}: {verdict}."


def _job_aim(case: Case, ratio: float) -> str:
    head = f"- Aim of {case.name} at {case.size}: at most {hooks.JOB_AIM} × nginx-lua."
    return f"{head} Measured {ratio:.2f}: {met(ratio <= hooks.JOB_AIM)}."


def _quartiles(found: list[float]) -> list[float]:
    return quantiles(found, n=4, method="inclusive") if len(found) > 1 else found * 3


def _cpu(sample: Sample) -> float:
    return sample.cpu_us
