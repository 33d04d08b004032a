"""What all projects of these tests share."""

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_target_folder(tmp_path_factory):
    """What projects in Rust are built with is compiled once, and not for each of them, or for each process of the tests.

    A folder that `CARGO_TARGET_DIR` names already is taken, and outlives the tests.
    """
    if "CARGO_TARGET_DIR" in os.environ:
        yield
        return
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    os.environ["CARGO_TARGET_DIR"] = str(shared / "target")
    yield
    del os.environ["CARGO_TARGET_DIR"]
