"""Waiting for something to become true, with a bound."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(probe: Callable[[], T], what: str, seconds: float = 10.0, pause: float = 0.01) -> T:
    """The first true value of `probe`; fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {seconds} s; last value: {value!r}")
        time.sleep(pause)
