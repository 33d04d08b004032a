"""What a step must answer: `out` of the case file, with its defaults filled in."""

from __future__ import annotations

import struct
from typing import Any

from .shapes import (
    REQUIRED,
    Reader,
    Wrong,
    anything,
    data,
    event,
    finding,
    flag,
    header_edit,
    json_edit,
    listed,
    mapped,
    optional,
    principal,
    record,
    refusal,
    reply,
    shaped,
    text,
    text_edit,
    u32,
    variant,
)

# Either ("answer", as `show` has it) or ("error", a part of its text).
Expected = tuple[str, Any]

_nothing = shaped({})

_auth = variant(
    {
        "pass": _nothing,
        "allow": shaped({"principal": (principal, REQUIRED), "headers": (listed(header_edit), list)}),
        "deny": refusal,
    }
)

_admission = variant({"admitted": optional(data), "refused": refusal})

_transform = variant(
    {
        "unchanged": _nothing,
        "changed": shaped(
            {
                "headers": (listed(header_edit), list),
                "edits": (listed(json_edit), list),
                "replace": (anything, None),
                "cluster": (optional(text), None),
                "reroute": (flag, False),
            }
        ),
        "reply": reply,
    }
)

_done = variant({"done": _nothing})


def _event_verdict(place: str, value: Any) -> Any:
    if value in ("keep", "drop"):
        return value
    return variant({"replace": listed(event)})(place, value)


def _judged(place: str, value: Any) -> dict[str, Any]:
    read = record(
        place,
        value,
        {
            "allow": (optional(_nothing), None),
            "edit": (optional(listed(text_edit)), None),
            "block": (optional(data), None),
            "findings": (listed(finding), list),
            "hold": (mapped(u32), dict),
        },
    )
    named = {name: read[name] for name in ("allow", "edit", "block") if read[name] is not None}
    if len(named) > 1:
        raise Wrong(place, 'has more than one of "allow", "edit" and "block"; keep one')
    for one in read["findings"]:
        one["score"] = short(one["score"])
    return {**(named or {"allow": {}}), "findings": read["findings"], "hold": read["hold"]}


_BY_HOOK: dict[str, Reader] = {
    "authenticate": _auth,
    "admit": _admission,
    "settle": _done,
    "transform_request": _transform,
    "transform_upstream": _transform,
    "transform_response": _transform,
    "transform_event": listed(_event_verdict),
    "moderate_input": _judged,
    "moderate_output": _judged,
    "completed": _done,
}


def expected(hook: str, place: str, out: Any, is_given: bool) -> Expected:
    """Reads `out` of a step of `hook`."""
    if not is_given:
        if hook not in ("settle", "completed"):
            raise Wrong(place, "is missing; it says what the plugin must answer")
        out = "done"
    if isinstance(out, dict) and "error" in out:
        return "error", record(place, out, {"error": (text, REQUIRED)})["error"]
    if isinstance(out, str):
        # "pass" is short for {"pass": {}}.
        out = {out: None if out == "admitted" else {}}
    return "answer", _BY_HOOK[hook](place, out)


def short(score: float | None) -> float | None:
    """A score as 32 bits can hold it, as somebody would write it: 0.9, not the 0.8999999761581421 that its bits are."""
    if score is None:
        return None
    bits = struct.pack("<f", score)
    for digits in range(1, 10):
        written = float(f"{score:.{digits}g}")
        if struct.pack("<f", written) == bits:
            return written
    return float(score)
