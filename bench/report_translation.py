"""Turns the figures of the translation part into tables and values."""

from __future__ import annotations

from dataclasses import asdict

import translation
import ways
from report import load_cells, met, row
from translation import Case, Memory

CPU_HEAD = """
## Translation

OpenAI's chat completions, passed on to a provider of the same API and translated for others.

| body | answer | to | µs/request | lowest to highest | in the kernel | × pass | requests/s | CPU use | p99 ms | |
| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
"""

MEMORY_HEAD = """
Memory of a fresh process with bodies of 10 MB.

| answer | to | at once | idle MB | peak MB | grown MB | × body, each | requests |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def page(cases: list[Case], memory: list[Memory]) -> str:
    lines = [CPU_HEAD.rstrip("\n"), *(_cpu_row(case) for case in cases), ""]
    lines += [_cpu_aim(case) for case in cases if _has_cpu_aim(case)]
    lines += [MEMORY_HEAD.rstrip("\n"), *(_memory_row(entry) for entry in memory), ""]
    lines += [_memory_aim(entry) for entry in memory if entry.way.name != ways.PASS]
    return "\n".join(lines) + "\n"


def values(cases: list[Case], memory: list[Memory]) -> dict[str, object]:
    return {
        "cases": [
            {
                "body": case.size,
                "answer": ways.answer(case.way.stream),
                "to": case.way.name,
                "cpu_us": case.middle(lambda sample: sample.cpu_us),
                "ratio_to_pass": case.ratio(case.beside or case),
                "failed": case.failed,
                "samples": [{**asdict(sample), "cpu_us": sample.cpu_us} for sample in case.samples],
            }
            for case in cases
        ],
        "memory": [
            {
                "answer": ways.answer(entry.way.stream),
                "to": entry.way.name,
                "at_once": entry.at_once,
                "idle_kb": entry.idle_kb,
                "peak_kb": entry.peak_kb,
                "bodies": entry.bodies,
                "requests": entry.requests,
                "failed": entry.failed,
            }
            for entry in memory
        ],
    }


def _cpu_row(case: Case) -> str:
    return row([case.size, ways.answer(case.way.stream), case.way.name, *load_cells(case, case.beside or case)])


def _has_cpu_aim(case: Case) -> bool:
    """Signing is no translation: its row stands beside the others to be looked at."""
    return case.size == translation.SMALLEST and case.beside is not None and case.way.name != ways.signed().name


def _cpu_aim(case: Case) -> str:
    ratio = case.ratio(case.beside or case)
    head = f"- Aim at 1 KB, {_named(case)}: at most {translation.CPU_AIM:.0f} × pass."
    return f"{head} Measured {ratio:.2f}: {met(ratio <= translation.CPU_AIM)}."


def _memory_row(entry: Memory) -> str:
    cells = [ways.answer(entry.way.stream), entry.way.name, str(entry.at_once)]
    cells += [f"{entry.idle_kb / 1024:.1f}", f"{entry.peak_kb / 1024:.1f}", f"{entry.grown_mb:.1f}"]
    requests = f"{entry.requests}" + (f", {entry.failed} failed" if entry.failed else "")
    return row([*cells, f"{entry.bodies:.2f}", requests])


def _memory_aim(entry: Memory) -> str:
    head = f"- Aim at 10 MB, {_named(entry)}, {entry.at_once} at once: at most {translation.MEMORY_AIM:.0f} × body."
    return f"{head} Measured {entry.bodies:.2f}: {met(entry.bodies <= translation.MEMORY_AIM)}."


def _named(entry: Case | Memory) -> str:
    return f"{entry.way.name}, {ways.answer(entry.way.stream)}"
