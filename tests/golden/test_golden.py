"""The folder of a published version holds what it held when it was published."""

import hashlib
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[2]
VERSIONS = sorted(sums.parent for sums in pathlib.Path(__file__).parent.glob("*/SHA256SUMS"))


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_nothing_was_changed_added_or_taken_away(version):
    lines = (version / "SHA256SUMS").read_text().splitlines()
    published = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    files = (path for path in version.rglob("*") if path.is_file() and path.name != "SHA256SUMS" and path.suffix != ".pyc")
    found = {str(path.relative_to(version)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert found == published


def shapes(text: str) -> list[str]:
    """A contract without what is said of it."""
    return " ".join(line.split("//")[0] for line in text.splitlines()).split()


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_no_shape_of_a_published_contract_changes(version):
    now = (ROOT / "plugin-sdk/wit" / version.name / "plugin.wit").read_text()
    assert shapes(now) == shapes((version / "plugin.wit").read_text())


def test_there_is_a_version():
    assert [version.name for version in VERSIONS] == ["0.1"]
