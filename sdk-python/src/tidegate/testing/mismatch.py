"""A plugin that does not do what its case says."""

from __future__ import annotations


class Mismatch(AssertionError):
    """Where a plugin and its case part, as text for the plugin's author."""

    def __init__(self, case: str, place: str, problem: str) -> None:
        super().__init__(f'case "{case}", {place}: {problem}')
