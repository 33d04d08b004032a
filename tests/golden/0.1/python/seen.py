"""What a call was given, as JSON, down to the last field."""

from data import show
from tidegate import Body, Context, Finding, Head, Headers, Outcome, Text, Usage


def context(ctx: Context) -> dict:
    known = ctx.principal
    return {
        "request_id": ctx.request_id,
        "route": ctx.route,
        "dialect": ctx.dialect,
        "operation": ctx.operation,
        "model": ctx.model,
        "principal": known and {"id": known.id, "tenant": known.tenant, "attributes": known.attributes},
        "streaming": ctx.streaming,
        "attempt": ctx.attempt,
        "in_time": ctx.deadline_ms > 0,
    }


def fields(headers: Headers) -> list:
    """Every field; the values of one name stand in their order."""
    values = {name: iter(headers.raw(name)) for name, _ in headers}
    return [[name, show(next(values[name]))] for name, _ in headers]


def head(head: Head) -> dict:
    client = head.client
    return {
        "method": head.method,
        "scheme": head.scheme,
        "authority": head.authority,
        "path": head.path,
        "query": head.query,
        "headers": fields(head.headers),
        "client": {
            "address": client.address,
            "certificate_sha256": client.certificate_sha256 and client.certificate_sha256.hex(),
            "names": client.names,
        },
        "body_sha256": head.body_sha256 and head.body_sha256.hex(),
    }


def usage(usage: Usage) -> dict:
    return {
        "input": usage.input,
        "output": usage.output,
        "cached_input": usage.cached_input,
        "cache_write": usage.cache_write,
        "reasoning": usage.reasoning,
        "cost_micro_usd": usage.cost_micro_usd,
        "estimated": usage.estimated,
    }


def body(body: Body):
    if body.kind == "opaque":
        return {"opaque": body.media_type}
    if body.kind == "fields":
        return {"fields": body.fields}
    return {"whole": body.json()} if body.kind == "whole" else "absent"


def message(headers: Headers, told: Body) -> dict:
    return {"headers": fields(headers), "body": body(told)}


def texts(texts: list[Text]) -> list:
    return [
        {
            "id": text.id,
            "role": text.role,
            "kind": text.kind,
            "content": text.content,
            "start": text.start,
            "released": text.released,
            "complete": text.complete,
            "new_turn": text.new_turn,
            "bytes": text.size(),
        }
        for text in texts
    ]


def finding(finding: Finding) -> dict:
    return {"category": finding.category, "score": finding.score, "text": finding.text, "detail": finding.detail}


def outcome(outcome: Outcome) -> dict:
    return {
        "status": outcome.status,
        "error": outcome.error,
        "cluster": outcome.cluster,
        "attempts": outcome.attempts,
        "duration_ms": outcome.duration_ms,
        "first_token_ms": outcome.first_token_ms,
        "usage": usage(outcome.usage),
        "findings": [finding(one) for one in outcome.findings],
        "cancelled": outcome.cancelled,
    }
