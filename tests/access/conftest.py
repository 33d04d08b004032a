"""What the tests of this folder share."""

import contextlib

import pytest

from support.guarded import Guarded, guarded_config


@pytest.fixture
def guarded():
    """Starts gateways with these settings of `auth_filter`."""
    with contextlib.ExitStack() as stack:

        def start(settings: dict, entry: dict | None = None, files: dict | None = None, **top) -> Guarded:
            return stack.enter_context(Guarded(guarded_config(settings, entry, **top), files=files))

        yield start
