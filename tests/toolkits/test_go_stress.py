"""Go's collector, timers and goroutines under load: no call fails, nothing is written over, and memory stays flat."""

import json
import os
import shutil

import pytest

from support.gateway import ROOT
from support.toolkit import works

STRESS = ROOT / "tests/hostile/plugins/go-stress"
# Calls of each of the two cases; the long count is half a million in all.
CALLS = 250_000 if os.environ.get("TIDEGATE_PROOF") else 2_500
# Of it the times that are kept of the calls are some MiB.
MOST = 48 * 1024 * 1024


@pytest.mark.timeout(7200)
def test_calls_of_16_kb_with_goroutines_and_timers_hold_and_leave_no_memory_behind(tmp_path):
    folder = tmp_path / "go-stress"
    shutil.copytree(STRESS, folder)
    source = folder / "go.mod"
    source.write_text(source.read_text().replace("../../../../sdk-go-wasm", str(ROOT / "sdk-go-wasm")))
    works("plugin", "build", folder)
    told = works("plugin", "bench", folder, "--cases", folder / "load", "--calls", CALLS, "--json", seconds=7000)
    cost = json.loads(told)
    assert cost["failed"] == 0, cost
    assert {hook: of["calls"] for hook, of in cost["hooks"].items()} == {"transform_request": CALLS, "moderate_input": CALLS}
    assert cost["grown"] < MOST, cost
