"""Calls of the gateway's services, and what came of them."""

from data import content, fields, show, verdict
from seen import fields as seen_fields
from tidegate import Context, Denied, Full, Request, ServiceError, Timeout, TooLarge, Unavailable

NO_ANSWER = "the store gives no answer: "


def call(ctx: Context, wanted: dict):
    """The result of one call, as JSON."""
    name, value = verdict(wanted)
    if name not in CALLS:
        raise ValueError(f'the conformance plugin has no call "{name}"')
    try:
        return CALLS[name](ctx, value)
    except ServiceError as error:
        return told(error)


def told(error: ServiceError) -> dict:
    words = {Denied: "denied", TooLarge: "too_large", Timeout: "timeout", Full: "full"}
    if type(error) in words:
        return {"error": words[type(error)]}
    kind = "unavailable" if isinstance(error, Unavailable) else "failed"
    return {"error": f"{kind}: {str(error).removeprefix(NO_ANSWER)}"}


def note(ctx: Context, key):
    value = ctx.state.get(key)
    return None if value is None else show(value)


def get(ctx: Context, key):
    entry = ctx.kv.get(key)
    return entry and {"value": show(entry.value), "version": entry.version}


def store(ctx: Context, value):
    options = {"ttl_ms": value.get("ttl_ms"), "if_version": value.get("if_version")}
    return ctx.kv.set(value["key"], content(value.get("value")), **options)


def increment(ctx: Context, value):
    return ctx.kv.increment(value["key"], value.get("by", 1), ttl_ms=value.get("ttl_ms"))


def request(value) -> Request:
    return Request(
        value["url"],
        value.get("method") or "GET",
        headers=fields(value.get("headers")),
        body=content(value.get("body")),
        timeout_ms=value.get("timeout_ms"),
    )


def http(ctx: Context, requests):
    return [answer(reply) for reply in ctx.http.send([request(one) for one in requests])]


def answer(reply):
    if isinstance(reply, ServiceError):
        return told(reply)
    return {"status": reply.status, "headers": seen_fields(reply.headers), "body": show(reply.body)}


def log(ctx: Context, value):
    getattr(ctx.log, value.get("level") or "info")(value["message"], **(value.get("fields") or {}))


CALLS = {
    "attribute": lambda ctx, name: ctx.attribute(name),
    "note": note,
    "set_note": lambda ctx, pair: ctx.state.set(pair[0], content(pair[1])),
    "secret": lambda ctx, name: ctx.secrets.get(name),
    "model": lambda ctx, pair: ctx.models.ask(pair[0], pair[1]),
    "get": get,
    "set": store,
    "delete": lambda ctx, key: ctx.kv.delete(key),
    "increment": increment,
    "http": http,
    "count": lambda ctx, value: ctx.metrics.count(value["name"], value.get("by", 1), **(value.get("labels") or {})),
    "observe": lambda ctx, value: ctx.metrics.observe(value["name"], value["value"], **(value.get("labels") or {})),
    "log": log,
}
