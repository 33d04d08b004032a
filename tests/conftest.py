"""Fixtures that several folders share."""

import os

import pytest

from support.tls import Authority


@pytest.fixture
def authority(tmp_path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture(scope="session")
def count():
    """How often a test repeats: the first number in `make test`, the second in `make proof`."""
    proof = os.environ.get("TIDEGATE_PROOF") == "1"
    return lambda quick, full: full if proof else quick
