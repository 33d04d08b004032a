"""Verdicts made of JSON: `answer` of a hook's plan, in the form of `out` of a case."""

import json
import re

from data import content, fields, verdict
from tidegate import (
    Event,
    Finding,
    Subscription,
    Text,
    TextEdit,
    Windows,
    admit,
    allow,
    block,
    changed,
    deny,
    drop,
    flag,
    grant,
    keep,
    pass_,
    redact,
    refuse,
    replace,
    reply,
    unchanged,
)


def subscription(asked: dict, plans: dict) -> Subscription:
    return Subscription(
        list(plans),
        headers=asked.get("headers", "whole"),
        request_body=asked.get("request_body") or "nothing",
        response_body=asked.get("response_body") or "nothing",
        body_digest=bool(asked.get("body_digest")),
        windows=Windows(**asked["windows"]) if asked.get("windows") else None,
        dialects=asked.get("dialects") or [],
    )


def unknown(name) -> ValueError:
    return ValueError(f'the conformance plugin has no answer "{name}" for this hook')


def header_edits(edits) -> list:
    made = []
    for edit in edits or ():
        kind, value = verdict(edit)
        made.append((kind, value) if kind == "remove" else (kind, value["name"], content(value["value"])))
    return made


def refusal(make, value: dict):
    return make(value["status"], value["code"], value["message"], headers=fields(value.get("headers")))


def auth(plan: dict, told: str):
    name, value = verdict(plan.get("answer"))
    if name in (None, "pass"):
        return name and pass_()
    if name == "echo":
        return grant("echo", attributes={"echo": told})
    if name == "allow":
        known = value["principal"]
        return grant(
            known["id"],
            tenant=known.get("tenant"),
            attributes=known.get("attributes"),
            headers=header_edits(value.get("headers")),
        )
    if name == "deny":
        return refusal(deny, value)
    raise unknown(name)


def admission(plan: dict, told: str):
    name, value = verdict(plan.get("answer"))
    if name is None:
        return None
    if name == "echo":
        return admit(told)
    if name == "admitted":
        return admit(value)
    if name == "refused":
        return refusal(refuse, value)
    raise unknown(name)


def transform(plan: dict, told: str):
    name, value = verdict(plan.get("answer"))
    if name in (None, "unchanged"):
        return name and unchanged()
    if name == "echo":
        return reply(200, told)
    if name == "changed":
        return change(value)
    if name == "reply":
        return reply(value.get("status", 200), content(value.get("body")), headers=fields(value.get("headers")))
    raise unknown(name)


def change(value: dict):
    parts = {name: value[name] for name in ("replace", "cluster", "reroute") if name in value}
    return changed(
        edits=[json_edit(edit) for edit in value.get("edits") or ()],
        headers=header_edits(value.get("headers")),
        **parts,
    )


def json_edit(edit: dict) -> tuple:
    kind, value = verdict(edit)
    return (kind, value) if kind == "remove" else (kind, value["pointer"], value["value"])


def event(plan: dict, event: Event, told: str):
    """`by_name` picks another answer for events of that name."""
    own = (plan.get("by_name") or {}).get(event.name or "")
    kind, value = verdict(own or plan.get("answer"))
    if kind in (None, "keep"):
        return kind and keep()
    if kind == "drop":
        return drop()
    if kind == "echo":
        return replace(Event(json.loads(told), event.name))
    if kind == "replace":
        return replace([Event(one["data"], one.get("name")) for one in value])
    raise unknown(kind)


def moderation(plan: dict, texts: list[Text], told: str):
    answer = plan.get("answer")
    if answer is None and "redact" not in plan:
        return None
    if answer == "echo":
        return flag(Finding("echo", detail=told))
    answer = answer if isinstance(answer, dict) else {}
    options = {
        "findings": [Finding(one.pop("category"), **one) for one in map(dict, answer.get("findings") or ())],
        "hold": {int(id): size for id, size in (answer.get("hold") or {}).items()},
    }
    if "redact" in plan:
        return redact(masked(texts, plan["redact"], plan["with"]), **options)
    if "block" in answer:
        return block(answer["block"], **options)
    if "edit" in answer:
        return redact([TextEdit(**edit) for edit in answer["edit"]], **options)
    return allow(**options)


def masked(texts: list[Text], word: str, mask: str) -> list:
    """One edit for each place where the word stands."""
    return [text.edit(*found.span(), mask) for text in texts for found in re.finditer(re.escape(word), text.content)]
