"""Verdicts of the moderation hooks."""

from __future__ import annotations

from .._record import Record
from ..text import Text, TextEdit
from ..values import Finding
from .parts import text, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, Union

    Hold = Union[int, Mapping[int | Text, int]]
    Findings = Union[Finding, Iterable[Finding]]


class Moderation(Record):
    """Made by `allow`, `flag`, `redact` or `block`."""

    __slots__ = ("judgement", "findings", "hold")

    def __init__(self, judgement: Any, findings: Findings, hold: Hold | None) -> None:
        self.judgement = judgement
        self.findings = [_finding(finding) for finding in _listed(findings)]
        self.hold = _hold(hold)

    def wire(self, ids: list[int]) -> dict[str, Any]:
        """The meta of a `return`, for texts with these ids."""
        meta = {"judgement": self.judgement}
        if self.findings:
            meta["findings"] = self.findings
        if isinstance(self.hold, int):
            meta["hold"] = [[id, self.hold] for id in ids]
        elif self.hold:
            meta["hold"] = self.hold
        return meta


def allow(*, findings: Findings = (), hold: Hold | None = None) -> Moderation:
    """The texts pass.

    `hold`, here and in the other verdicts: of a stream, how many bytes at the end of a text to keep back until more is known,
    by the text's id or for all texts; without it the manifest's `max_match`.
    """
    return Moderation("allow", findings, hold)


def flag(findings: Findings, *, hold: Hold | None = None) -> Moderation:
    """The texts pass, and what was found is counted and logged."""
    return Moderation("allow", findings, hold)


def redact(edits: TextEdit | Iterable[TextEdit], *, findings: Findings = (), hold: Hold | None = None) -> Moderation:
    """The texts pass with these edits of `Text.edit`: in any order, without overlap. Without any it is `allow`."""
    listed = [edits] if isinstance(edits, TextEdit) else list(edits)
    made = [_edit(edit) for edit in listed]
    made.sort(key=lambda edit: (edit["id"], edit["start"], edit["end"]))
    return Moderation({"edit": made} if made else "allow", findings, hold)


def block(reason: str, *, findings: Findings = (), hold: Hold | None = None) -> Moderation:
    """The exchange ends; the reason is told to the client."""
    return Moderation({"block": text("the reason of a block", reason)}, findings, hold)


def _listed(findings: Findings) -> Iterable[Finding]:
    return [findings] if isinstance(findings, Finding) else findings


def _finding(finding: Finding) -> dict[str, Any]:
    if not isinstance(finding, Finding):
        raise TypeError(f'a finding is a Finding, not {type(finding).__name__}; write Finding("email", text=text)')
    score = finding.score
    if score is not None and (isinstance(score, bool) or not isinstance(score, (int, float))):
        raise TypeError(f"the score of a finding is a number, not {type(score).__name__}")
    return {
        "category": text("the category of a finding", finding.category),
        "score": score,
        "text": None if finding.text is None else whole("the text of a finding", finding.text),
        "detail": text("the detail of a finding", finding.detail),
    }


def _edit(edit: TextEdit) -> dict[str, Any]:
    if not isinstance(edit, TextEdit):
        raise TypeError(f"redact takes what text.edit makes, not {type(edit).__name__}")
    return {"id": edit.id, "start": edit.start, "end": edit.end, "replacement": edit.replacement}


def _hold(hold: Hold | None) -> int | list[list[int]] | None:
    if hold is None:
        return None
    if isinstance(hold, int):
        return whole("hold", hold)
    held = []
    for key, size in hold.items():
        id = key.id if isinstance(key, Text) else whole("the text of hold", key)
        held.append([id, whole("hold", size)])
    return held
