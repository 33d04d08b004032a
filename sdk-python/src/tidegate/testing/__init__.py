"""Plays case files against a plugin, in this process, with services made of the case; plugin-sdk/testkit has their format.

    @pytest.mark.parametrize("case", cases("cases"), ids=str)
    def test_case(case):
        play(case, ".")

A case goes through the JSON of the same frames as in the gateway, and is compared as in the other languages.
"""

from __future__ import annotations

from .case import Case, CaseError, cases
from .hand import async_context, context
from .mismatch import Mismatch
from .play import Package, play

__all__ = ["Case", "CaseError", "Mismatch", "Package", "async_context", "cases", "context", "play"]
