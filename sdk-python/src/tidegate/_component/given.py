"""What exports are called with, as the metas of the worker protocol: records have the same parts under the same names."""

from __future__ import annotations

from .. import _jsontext
from ..headers import Headers
from . import world

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # The meta of a call and the body of its frame.
    Call = tuple[dict[str, Any], bytes]


def context(ctx: Any) -> dict[str, Any]:
    """`ctx` of a call."""
    known = ctx.principal
    return vars(ctx) if known is None else {**vars(ctx), "principal": vars(known)}


def head(head: Any) -> Call:
    """Of `authenticate`."""
    client = head.client
    peer = {**vars(client), "certificate_sha256": _hex(client.certificate_sha256)}
    told = {**vars(head), "headers": fields(head.headers), "client": peer, "body_sha256": _hex(head.body_sha256)}
    return {"head": told}, b""


def _hex(digest: bytes | None) -> str | None:
    return None if digest is None else digest.hex()


def estimate(estimate: Any) -> Call:
    """Of `admit`."""
    return {"estimate": vars(estimate)}, b""


def settled(ticket: str, actual: Any) -> Call:
    """Of `settle`."""
    return {"ticket": ticket, "actual": vars(actual)}, b""


def message(headers: list[Any], body: Any) -> Call:
    """Of `transform_request` and `transform_upstream`."""
    meta, content = _payload(body)
    return {"headers": fields(headers), "body": meta}, content


def response(status: int, headers: list[Any], body: Any) -> Call:
    """Of `transform_response`."""
    meta, content = message(headers, body)
    return {"status": status, **meta}, content


def _payload(body: Any) -> tuple[Any, bytes]:
    types = world.types
    if isinstance(body, types.Payload_Whole):
        return "whole", body.value.encode("utf-8")
    if isinstance(body, types.Payload_Fields):
        return {"fields": {field.pointer: _jsontext.loads(field.value) for field in body.value}}, b""
    if isinstance(body, types.Payload_Opaque):
        return {"opaque": body.value}, b""
    return None, b""


def events(events: list[Any]) -> Call:
    """Of `transform_event`."""
    return {"events": [vars(event) for event in events]}, b""


def texts(texts: list[Any], last: bool = True) -> Call:
    """Of `moderate_input` and `moderate_output`."""
    return {"texts": [vars(text) for text in texts], "last": last}, b""


def outcome(outcome: Any) -> Call:
    """Of `completed`."""
    findings = [vars(finding) for finding in outcome.findings]
    return {"outcome": {**vars(outcome), "usage": vars(outcome.usage), "findings": findings}}, b""


def fields(headers: list[Any]) -> Headers:
    """Header fields."""
    return Headers._of([[header.name, header.value.decode("latin-1")] for header in headers])
