"""Turns the figures into one Markdown page and one JSON file."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import asdict
from pathlib import Path

import cpu
import load
import streams
from cpu import Case, Written
from machine import Cores
from rounds import Runs
from streams import Outcome

CPU_HEAD = """
## CPU a request

| log | body | proxy | µs/request | lowest to highest | in the kernel | × nginx | requests/s | CPU use | p99 ms | |
| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
"""

STREAMS_HEAD = """
## Streams

| proxy | whole / streams | most at once | RSS before, peak, after (MB) | KB a stream | events/s | µs/event | CPU use | length (s) | host took |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def title(cores: Cores) -> str:
    model = next((line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")), "unknown")
    shared = " Proxy and load share a core: nothing here is comparable." if cores.proxy == cores.load else ""
    versions = ", ".join(filter(None, (_version("nginx", "-v"), _version("haproxy", "-v"))))
    return (
        f"# Gateway beside nginx and haproxy\n\n{model}, {os.cpu_count()} cores, Linux {platform.release()}; {versions}."
        f" Proxy on core {_names(cores.proxy)}, load and upstream on {_names(cores.load)}.{shared}\n"
    )


def cpu_page(cases: list[Case], written: list[Written]) -> str:
    lines = [CPU_HEAD.rstrip("\n")]
    lines += [_cpu_row(case, _reference(case, cases)) for case in cases]
    lines.append("")
    lines += [_written_line(entry) for entry in written]
    for case in cases:
        if case.peer == "gateway" and case.size == "1KB":
            ratio = case.ratio(_reference(case, cases))
            aim = f"- Aim at 1 KB, log {'on' if case.log else 'off'}: at most {cpu.AIM} × nginx."
            lines.append(f"{aim} Measured {ratio:.2f}: {met(ratio <= cpu.AIM)}.")
    return "\n".join(lines) + "\n"


def streams_page(outcomes: list[Outcome]) -> str:
    lines = [STREAMS_HEAD.rstrip("\n")]
    lines += [_stream_row(outcome) for outcome in outcomes]
    gateway = outcomes[0]
    kb = gateway.kb_a_stream
    lines.append("")
    lines.append(f"- Aim: at most {streams.AIM_KB:.0f} KB a stream. Measured {kb:.1f}: {met(kb <= streams.AIM_KB)}.")
    counts = ", ".join(f"{outcome.peer} {outcome.events / outcome.streams:.2f}" for outcome in outcomes)
    lines.append(f"- Events a stream, `[DONE]` included: {counts}.")
    lines.append(f"- Aim: every stream ends with `[DONE]`. {met(gateway.whole == gateway.streams).capitalize()}.")
    return "\n".join(lines) + "\n"


def cpu_values(cases: list[Case], written: list[Written]) -> dict[str, object]:
    return {
        "cases": [
            {
                "log": case.log,
                "body": case.size,
                "proxy": case.peer,
                "cpu_us": case.middle(lambda sample: sample.cpu_us),
                "ratio_to_nginx": case.ratio(_reference(case, cases)),
                "requests_a_second": case.middle(lambda sample: sample.rate),
                "use": case.middle(lambda sample: sample.use),
                "failed": case.failed,
                "samples": [{**asdict(sample), "cpu_us": sample.cpu_us} for sample in case.samples],
            }
            for case in cases
        ],
        "logs": [asdict(entry) for entry in written],
    }


def save(folder: Path, page: str, values: dict[str, object]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "report.md").write_text(page)
    (folder / "report.json").write_text(json.dumps(values, indent=2) + "\n")


def met(yes: bool) -> str:
    return "met" if yes else "**missed**"


def row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def notes(runs: Runs) -> list[str]:
    """Why a figure is not to be taken for what it says."""
    use = runs.middle(lambda sample: sample.use)
    found = [] if use >= cpu.SATURATED else ["not saturated"]
    waited = runs.middle(lambda sample: sample.waited)
    found += [f"core shared {waited:.0%}"] if found and waited > 0.05 else []
    stolen = runs.middle(lambda sample: sample.stolen)
    found += [f"host took {stolen:.0%}"] if stolen > load.CALM else []
    return found + ([f"{runs.failed} failed"] if runs.failed else [])


def load_cells(runs: Runs, reference: Runs) -> list[str]:
    """What a proxy did under one load, beside another."""
    costs = [sample.cpu_us for sample in runs.samples]
    return [
        f"{runs.middle(lambda sample: sample.cpu_us):.1f}",
        f"{min(costs):.1f} to {max(costs):.1f}",
        f"{runs.middle(lambda sample: sample.spent.kernel_share):.0%}",
        f"{runs.ratio(reference):.2f}",
        f"{runs.middle(lambda sample: sample.rate):,.0f}",
        f"{runs.middle(lambda sample: sample.use):.0%}",
        f"{runs.middle(lambda sample: sample.p99_us / 1000):.1f}",
        ", ".join(notes(runs)),
    ]


def _reference(case: Case, cases: list[Case]) -> Case:
    return next(other for other in cases if (other.log, other.size, other.peer) == (case.log, case.size, "nginx"))


def _cpu_row(case: Case, reference: Case) -> str:
    return row(["on" if case.log else "off", case.size, case.peer, *load_cells(case, reference)])


def _written_line(entry: Written) -> str:
    share = min(1.0, entry.lines / max(1, entry.answered))
    counted = "" if entry.counted is None else f"; {entry.counted:,} observations in its histogram of durations"
    return f"- {entry.peer} with its log on: {entry.lines:,} lines for {entry.answered:,} answers ({share:.1%}){counted}."


def _stream_row(outcome: Outcome) -> str:
    memory = ", ".join(f"{kb / 1024:.0f}" for kb in (outcome.before_kb, outcome.peak_kb, outcome.after_kb))
    cells = [
        outcome.peer,
        f"{outcome.whole} / {outcome.streams}",
        str(outcome.most_at_once),
        memory,
        f"{outcome.kb_a_stream:.1f}",
        f"{outcome.events_a_second:,.0f}",
        f"{outcome.cpu_us_an_event:.1f}",
        f"{outcome.use:.0%}",
        f"{outcome.median_length:.1f}, longest {outcome.longest:.1f}",
        f"{outcome.stolen:.0%}",
    ]
    return row(cells)


def _names(cores: frozenset[int]) -> str:
    return ", ".join(str(core) for core in sorted(cores))


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def _version(program: str, flag: str) -> str:
    try:
        ran = subprocess.run([program, flag], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    first = (ran.stdout + ran.stderr).splitlines()[0]
    return first.removeprefix("nginx version: ").split(" 20")[0].split(" (")[0]
