"""Whoever knows one toolkit finds their way in the next: every README has the same headings, in the same order."""

import re

import pytest

from support.gateway import ROOT

HEADINGS = ["Install", "A plugin", "Hooks", "Configuration", "Services", "Build", "Test", "Limits"]
TOOLKITS = ("plugin-sdk/rust", "sdk-python", "sdk-go-wasm", "sdk-cpp-wasm", "sdk-js-wasm", "sdk-lua")


@pytest.mark.parametrize("folder", TOOLKITS)
def test_the_headings_are_those_of_every_toolkit(folder):
    text = re.sub(r"^```.*?^```", "", (ROOT / folder / "README.md").read_text(), flags=re.DOTALL | re.MULTILINE)
    found = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert [heading for heading in found if heading in HEADINGS] == HEADINGS


@pytest.mark.parametrize("folder", TOOLKITS)
def test_every_toolkit_has_every_service(folder):
    text = (ROOT / folder / "README.md").read_text()
    missing = [service for service in ("log", "info", "state", "kv", "http", "secrets", "metrics", "models") if not re.search(rf"\b{service}\b", text)]
    assert not missing
