"""Go's collector, timers and goroutines under load: no call fails, nothing is written over, and memory stays flat."""

import json
import os
import shutil
import subprocess

import pytest

from support.gateway import BINARY, ROOT

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
    built = subprocess.run([BINARY, "plugin", "build", folder], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    command = [BINARY, "plugin", "bench", folder, "--cases", folder / "load", "--calls", str(CALLS), "--json"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    cost = json.loads(told.stdout)
    assert cost["failed"] == 0, cost
    assert {hook: of["calls"] for hook, of in cost["hooks"].items()} == {"transform_request": CALLS, "moderate_input": CALLS}
    assert cost["grown"] < MOST, cost
