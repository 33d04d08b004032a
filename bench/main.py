"""The parts of the bench by name: `main.py cpu|streams|hooks|moderation|translation|all|profile`."""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

import cpu
import hooks
import moderation
import profiler
import report
import report_hooks
import report_translation
import streams
import translation
from machine import BenchError, Cores

OUT = Path(__file__).parent / "out"
PARTS = ("cpu", "streams", "hooks", "moderation", "translation", "all", "profile")


def main(part: str) -> int:
    """0 where every request and stream was answered, whatever the figures are; an aim missed is for a person to judge."""
    # Leaving by an exception ends what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name:
        folder, cores = Path(name), Cores.split()
        if part == "profile":
            print(profiler.profile(cores, folder))
            return 0
        return _compare(part, cores, folder)


def _compare(part: str, cores: Cores, folder: Path) -> int:
    page, values, failures = report.title(cores), {}, 0
    if part in ("cpu", "all"):
        cases, written = cpu.measure(cpu.Plan.from_environment(), cores, folder)
        page += report.cpu_page(cases, written)
        values["cpu"] = report.cpu_values(cases, written)
        failures += sum(case.failed for case in cases)
    if part in ("streams", "all"):
        outcomes = streams.measure(streams.Plan.from_environment(), cores, folder)
        page += report.streams_page(outcomes)
        values["streams"] = [outcome.values() for outcome in outcomes]
        failures += sum(outcome.streams - outcome.whole for outcome in outcomes)
    if part in ("hooks", "all"):
        served = hooks.measure(hooks.Plan.from_environment(), cores, folder)
        page += report_hooks.page(served)
        values["hooks"] = report_hooks.values(served)
        failures += sum(case.failed for case in served)
    if part in ("moderation", "all"):
        paces, outcomes = moderation.measure(moderation.Plan.from_environment(), cores, folder)
        page += moderation.page(paces, outcomes)
        values["moderation"] = moderation.values(paces, outcomes)
        failures += sum(outcome.streams - outcome.whole for outcome in outcomes)
    if part in ("translation", "all"):
        cases, memory = translation.measure(translation.Plan.from_environment(), cores, folder)
        page += report_translation.page(cases, memory)
        values["translation"] = report_translation.values(cases, memory)
        failures += sum(entry.failed for entry in [*cases, *memory])
    report.save(OUT, page, values)
    print(page)
    return 1 if failures else 0


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else "all"
    if wanted not in PARTS:
        sys.exit(f'error: the bench has no part "{wanted}"; it has {", ".join(PARTS)}')
    try:
        sys.exit(main(wanted))
    except BenchError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
