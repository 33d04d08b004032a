"""Verdicts as values of the bindings, from metas of the worker protocol. None is a hook that returned nothing.

What the bindings cannot lower would end the instance, not the call, so it is refused here.
"""

from __future__ import annotations

from .. import _jsontext
from ..verdicts.parts import whole
from . import world

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ..headers import Wire


def sound(text: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair raises a UnicodeEncodeError."""
    if not text.isascii():
        text.encode("utf-8")
    return text


def json(value: Any) -> str:
    """A value as JSON text."""
    return sound(_jsontext.dumps(value))


def subscription(ready: dict[str, Any]) -> Any:
    """Of `configure`."""
    windows = ready["windows"]
    return world.lifecycle.Subscription(
        hooks=ready["hooks"],
        headers=_need(ready["headers"]),
        request_body=_need(ready["request_body"]),
        response_body=_need(ready["response_body"]),
        body_digest=ready["body_digest"],
        windows=None if windows is None else world.lifecycle.Windows(**windows),
        dialects=[sound(dialect) for dialect in ready["dialects"]],
    )


def _need(need: Any) -> Any:
    types = world.types
    if isinstance(need, dict):
        return types.Need_Fields([sound(pointer) for pointer in need["fields"]])
    return types.Need_Whole() if need == "whole" else types.Need_Nothing()


def auth(meta: Any, _: bytes) -> Any:
    """Of `authenticate`."""
    if meta is None or meta == "pass":
        return world.auth.Verdict_Pass()
    if "deny" in meta:
        return world.auth.Verdict_Deny(_refusal(meta["deny"]))
    grant = meta["allow"]
    known = grant["principal"]
    principal = world.types.Principal(
        id=sound(known["id"]),
        tenant=None if known["tenant"] is None else sound(known["tenant"]),
        attributes=[(sound(name), sound(value)) for name, value in known["attributes"]],
    )
    return world.auth.Verdict_Allow(world.auth.Grant(principal, _header_edits(grant["headers"])))


def admission(meta: Any, _: bytes) -> Any:
    """Of `admit`."""
    if meta is None or meta == "admitted":
        return world.admission.Verdict_Admitted(None)
    if "refused" in meta:
        return world.admission.Verdict_Refused(_refusal(meta["refused"]))
    return world.admission.Verdict_Admitted(sound(meta["admitted"]))


def transform(meta: Any, body: bytes) -> Any:
    """Of `transform_request`, `transform_upstream` and `transform_response`."""
    if meta is None or meta == "unchanged":
        return world.transform.Verdict_Unchanged()
    if "reply" in meta:
        reply = meta["reply"]
        return world.transform.Verdict_Reply(world.types.Reply(reply["status"], fields(reply["headers"]), body))
    change = meta["changed"]
    cluster = change.get("cluster")
    made = world.transform.Change(
        headers=_header_edits(change.get("headers") or ()),
        body=_body_change(change, body),
        cluster=None if cluster is None else sound(cluster),
        reroute=change.get("reroute", False),
    )
    return world.transform.Verdict_Changed(made)


def _body_change(change: dict[str, Any], body: bytes) -> Any:
    if change.get("replace"):
        return world.transform.BodyChange_Replace(body.decode("utf-8"))
    edits = change.get("edits")
    return None if edits is None else world.transform.BodyChange_Edits([_json_edit(edit) for edit in edits])


def _json_edit(edit: dict[str, Any]) -> Any:
    types = world.types
    ((kind, inside),) = edit.items()
    if kind == "remove":
        return types.JsonEdit_Remove(sound(inside))
    made = types.JsonSet(sound(inside["pointer"]), json(inside["value"]))
    return types.JsonEdit_Set(made) if kind == "set" else types.JsonEdit_Insert(made)


def events(meta: Any, _: bytes) -> Any:
    """Of `transform_event`: a verdict an event."""
    return [_event_verdict(verdict) for verdict in meta]


def _event_verdict(verdict: Any) -> Any:
    if isinstance(verdict, str):
        return world.transform.EventVerdict_Keep() if verdict == "keep" else world.transform.EventVerdict_Drop()
    return world.transform.EventVerdict_Replace(
        [
            world.transform.Event(None if event["name"] is None else sound(event["name"]), sound(event["data"]))
            for event in verdict["replace"]
        ]
    )


def moderation(meta: Any, _: bytes) -> Any:
    """Of `moderate_input` and `moderate_output`."""
    meta = meta or {"judgement": "allow"}
    return world.types.Judged(
        judgement=_judgement(meta["judgement"]),
        findings=[_finding(finding) for finding in meta.get("findings") or ()],
        hold=[(id, size) for id, size in meta.get("hold") or ()],
    )


def _judgement(judgement: Any) -> Any:
    types = world.types
    if judgement == "allow":
        return types.Judgement_Allow()
    if "block" in judgement:
        return types.Judgement_Block(sound(judgement["block"]))
    return types.Judgement_Edit([_text_edit(edit) for edit in judgement["edit"]])


def _text_edit(edit: dict[str, Any]) -> Any:
    places = {part: whole(f'"{part}" of an edit', edit[part]) for part in ("id", "start", "end")}
    return world.types.TextEdit(**places, replacement=sound(edit["replacement"]))


def _finding(finding: dict[str, Any]) -> Any:
    score = finding["score"]
    return world.types.Finding(
        category=sound(finding["category"]),
        score=None if score is None else float(score),
        text=finding["text"],
        detail=sound(finding["detail"]),
    )


def nothing(_: Any, __: bytes) -> None:
    """Of `settle` and `completed`."""


def _refusal(refusal: dict[str, Any]) -> Any:
    return world.types.Refusal(
        refusal["status"], sound(refusal["code"]), sound(refusal["message"]), fields(refusal["headers"])
    )


def _header_edits(edits: Iterable[dict[str, Any]]) -> list[Any]:
    made = []
    for edit in edits:
        ((kind, inside),) = edit.items()
        if kind == "remove":
            made.append(world.types.HeaderEdit_Remove(sound(inside)))
        else:
            make: Callable[[Any], Any] = world.types.HeaderEdit_Set if kind == "set" else world.types.HeaderEdit_Add
            made.append(make(fields([inside])[0]))
    return made


def fields(fields: Wire) -> list[Any]:
    """Header fields."""
    return [world.types.Header(sound(name), value.encode("latin-1")) for name, value in fields]
