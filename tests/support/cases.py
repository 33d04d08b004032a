"""Cases of tests, with their names before their values."""

import pytest


def case(name: str, *values):
    return pytest.param(*values, id=name)


def cases(values: dict) -> list:
    """One for each value, by its name."""
    return [case(name, value) for name, value in values.items()]
