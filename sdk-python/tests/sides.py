"""The two sides of a worker, which have to do the same: the modules in Python, and those that the extension stands for."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tidegate import _extension, _jsontext
from tidegate._worker import frames

PURE, EXTENSION = BOTH = ("pure", "extension")
_BUILT = Path(__file__).parents[2] / "target/sdk/tidegate_worker.abi3.so"


class Side(NamedTuple):
    """The functions of one."""

    Reader: Any
    frame: Any
    dumps: Any
    loads: Any


def extension_file() -> Path:
    """The file of the extension: that of TIDEGATE_PYTHON_EXT, or what `scripts/test.sh python` builds."""
    named = os.environ.get("TIDEGATE_PYTHON_EXT")
    if named:
        return Path(named).absolute()
    if not _BUILT.exists():
        pytest.skip("the extension is not built; scripts/test.sh python builds it")
    return _BUILT


def pure() -> Side:
    return Side(frames.Reader, frames.frame, _jsontext.write, _jsontext.read)


def extension() -> Side:
    module: Any = _extension.compiled or _extension._loaded(str(extension_file()))
    return Side(
        module.Reader,
        partial(module.frame, frames.frame),
        partial(module.dumps, _jsontext.write),
        partial(module.loads, _jsontext.read),
    )


def of(name: str) -> Side:
    """The side of that name."""
    return pure() if name == PURE else extension()
