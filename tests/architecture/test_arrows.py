"""The architecture: which crate of the workspace may know which other; the same table stands in ARCHITECTURE.md."""

import json
import pathlib
import subprocess

import pytest

from support.gateway import ROOT

ALLOWED = {
    # What both sides of the border to native plugins are built with.
    "abi": set(),
    "admin": {"proxy", "pipeline", "telemetry"},
    "config": set(),
    "contract": set(),
    "credentials": {"pipeline", "contract"},
    # Scanners of personal data, which plugins are built with, too.
    "detect": set(),
    "ext-authz": {"pipeline", "contract"},
    "filters": {"pipeline", "contract", "detect", "store"},
    "pipeline": {"contract", "telemetry"},
    "providers": {"contract"},
    "proxy": {"pipeline", "providers", "config", "contract", "credentials", "telemetry"},
    # The runtimes and the gateway play case files in their tests.
    "runtime-lua": {"pipeline", "contract", "testkit"},
    "runtime-native": {"abi", "pipeline", "contract", "workers"},
    "runtime-python": {"pipeline", "workers"},
    "runtime-wasm": {"pipeline", "contract", "testkit"},
    "store": {"pipeline"},
    "telemetry": {"contract"},
    # Its tests try the processes with a real store.
    "workers": {"pipeline", "contract", "store"},
    # Streams of a case go through the windows of the gateway, which count what they do.
    "testkit": {"pipeline", "contract", "telemetry"},
    "toolkit": {"pipeline", "contract", "testkit"},
    "gateway": {
        "admin",
        "config",
        "contract",
        "credentials",
        "ext-authz",
        "filters",
        "pipeline",
        "providers",
        "proxy",
        "runtime-lua",
        "runtime-native",
        "runtime-python",
        "runtime-wasm",
        "store",
        "telemetry",
        "testkit",
        "toolkit",
    },
}


def arrows() -> dict[str, set[str]]:
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1", "--locked", "--offline"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    inside = {package["name"] for package in metadata["packages"]}
    return {
        short(package["name"]): {short(dep["name"]) for dep in package["dependencies"] if dep["name"] in inside}
        for package in metadata["packages"]
    }


def short(name: str) -> str:
    return name.removeprefix("tidegate-")


ARROWS = arrows()


@pytest.mark.parametrize("crate", ARROWS)
def test_a_crate_knows_only_what_it_may(crate):
    assert crate in ALLOWED, f'crate "{crate}" has no row in the table; say here and in ARCHITECTURE.md what it may know'
    assert ARROWS[crate] <= ALLOWED[crate]


def test_every_crate_is_described():
    page = (ROOT / "ARCHITECTURE.md").read_text()
    assert not [crate for crate in ARROWS if crate not in page]


def test_every_crate_takes_the_shared_lints():
    """Guests are crates of their own, as an outsider's are, and take none."""
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1", "--locked", "--offline"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    for package in metadata["packages"]:
        assert "[lints]\nworkspace = true" in pathlib.Path(package["manifest_path"]).read_text(), package["name"]
