"""Answers of plugins, read from their frames as a gateway reads them, in the form in which cases expect them."""

from __future__ import annotations

import json
from typing import Any

from .content import shown, shown_fields, wire_bytes
from .expect import short


class Invalid(Exception):
    """The verdict cannot be carried out."""

    def __str__(self) -> str:
        return f"the verdict cannot be carried out: {super().__str__()}"


def answer(hook: str, meta: Any, body: bytes) -> Any:
    """The verdict of a `return` frame."""
    if hook in ("settle", "completed"):
        return {"done": {}}
    if hook == "authenticate":
        return _auth(meta)
    if hook == "admit":
        return _admission(meta)
    if hook == "transform_event":
        return [_event_verdict(verdict) for verdict in meta or ()]
    if hook in ("moderate_input", "moderate_output"):
        return _judged(meta or {})
    return _transform(meta, body)


def _named(meta: Any, default: str) -> tuple[str, Any]:
    if meta is None:
        return default, {}
    if isinstance(meta, str):
        return meta, {}
    ((name, value),) = meta.items()
    return name, value


def _auth(meta: Any) -> Any:
    name, value = _named(meta, "pass")
    if name == "allow":
        principal = value["principal"]
        attributes = dict(principal.get("attributes") or ())
        known = {"id": principal["id"], "tenant": principal.get("tenant"), "attributes": attributes}
        return {"allow": {"principal": known, "headers": _header_edits(value)}}
    return {name: _refusal(value) if name == "deny" else {}}


def _admission(meta: Any) -> Any:
    if meta in (None, "admitted"):
        return {"admitted": None}
    name, value = _named(meta, "admitted")
    return {name: _refusal(value) if name == "refused" else value}


def _refusal(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "headers": shown_fields(value.get("headers") or [])}


def _header_edits(value: dict[str, Any]) -> list[Any]:
    edits = []
    for edit in value.get("headers") or ():
        ((kind, inside),) = edit.items()
        if kind != "remove":
            name, text = inside
            inside = {"name": name, "value": shown(wire_bytes(text))}
        edits.append({kind: inside})
    return edits


def _transform(meta: Any, body: bytes) -> Any:
    name, value = _named(meta, "unchanged")
    if name == "reply":
        headers = shown_fields(value.get("headers") or [])
        return {"reply": {"status": value["status"], "headers": headers, "body": shown(body)}}
    if name == "changed":
        edits = value.get("edits") or []
        if value.get("replace") and edits:
            raise Invalid("it replaces the body and edits it; do one of them")
        return {
            "changed": {
                "headers": _header_edits(value),
                "edits": edits,
                "replace": json.loads(body) if value.get("replace") else None,
                "cluster": value.get("cluster"),
                "reroute": bool(value.get("reroute")),
            }
        }
    return {"unchanged": {}}


def _event_verdict(verdict: Any) -> Any:
    if isinstance(verdict, str):
        return verdict
    events = [{"name": event.get("name"), "data": json.loads(event["data"])} for event in verdict["replace"]]
    return {"replace": events}


def _judged(meta: dict[str, Any]) -> Any:
    name, value = _named(meta.get("judgement"), "allow")
    findings = [{**finding, "score": short(finding.get("score"))} for finding in meta.get("findings") or ()]
    return {name: value, "findings": findings, "hold": {str(id): size for id, size in meta.get("hold") or ()}}
