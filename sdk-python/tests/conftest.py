"""What the tests share."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
import sides
from gateway import Worker


@pytest.fixture(params=sides.BOTH)
def side(request: pytest.FixtureRequest):
    """What a worker is made of: of Python alone, or with the extension."""
    if request.param == sides.EXTENSION:
        Worker.extension = sides.extension_file()
    yield request.param
    Worker.extension = "off"


@pytest.fixture
def package(tmp_path: Path):
    """Writes files of a package; gives its folder."""

    def write(source: str, **files: str) -> Path:
        for name, text in {"plugin": source, **files}.items():
            file = tmp_path / (name.replace("__", "/", 1) + ".py")
            file.parent.mkdir(exist_ok=True)
            file.write_text(textwrap.dedent(text), "utf-8")
        return tmp_path

    return write
