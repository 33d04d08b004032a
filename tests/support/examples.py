"""Examples: folders with a page whose commands run in order, in a copy, and print what the page shows."""

import pathlib
import re
import shutil

import pytest

from support import pages
from support.environments import wheels
from support.gateway import BINARY, ROOT
from support.wait import until

ALL = sorted(page.parent for page in (ROOT / "examples").glob("*/README.md"))
# What builds leave beside the sources.
MADE = shutil.ignore_patterns("*.so", "*.wasm", "target", ".tidegate", ".venv", "__pycache__")


def needs_a_toolchain(example: pathlib.Path) -> bool:
    return any("tidegate plugin build" in text for text in pages.commands(example / "README.md"))


def ports(example: pathlib.Path) -> list[int]:
    """What its page listens on: the gateway's, and those of services that its configuration names."""
    named = re.findall(r"127\.0\.0\.1:(\d+)", (example / "tidegate.yaml").read_text())
    return sorted({*pages.PORTS, *map(int, named)})


def check(example: pathlib.Path, tmp_path: pathlib.Path):
    pages.skip_where_taken(ports(example))
    folder = tmp_path / "examples" / example.name
    shutil.copytree(example, folder, ignore=MADE)
    (tmp_path / "plugin-sdk").symlink_to(ROOT / "plugin-sdk")
    shown = pages.shown(example / "README.md")
    assert shown, "a page that shows nothing"
    try:
        with pytest.MonkeyPatch.context() as patch:
            if list(example.glob("*/requirements.txt")):
                # What such a page installs from PyPI was fetched when the machine was set up.
                patch.setenv("PIP_NO_INDEX", "1")
                patch.setenv("PIP_FIND_LINKS", str(wheels()))
            printed = pages.pasted(example / "README.md", folder, BINARY)
        for number, text in shown.items():
            assert pages.is_as_shown(text, printed[number]), printed[number]
        until(lambda: not any(map(pages.taken, ports(example))), "the end of all that the page started", 40)
    finally:
        pages.end(folder)
