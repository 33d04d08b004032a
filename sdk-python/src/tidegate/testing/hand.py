"""A context for tests that call a hook by hand."""

from __future__ import annotations

from typing import Any

from ..context import AsyncContext, Context
from .case import Case
from .host import Host
from .instance import _AsyncCaller, _Caller

_ALL = {"http": ["*"], "kv": True, "secrets": [], "metrics": True, "models": []}


def context(*, secrets: dict[str, str] | None = None, **known: Any) -> Context:
    """A context with services in memory, for `Guard().moderate_input(context(model="gpt-4o"), [Text("hi")])`. `known` is what
    the context knows, as in a case; no other server answers."""
    return Context(_meta(known), _Caller(_host(secrets)))


def async_context(*, secrets: dict[str, str] | None = None, **known: Any) -> AsyncContext:
    """The same for async hooks."""
    return AsyncContext(_meta(known), _AsyncCaller(_host(secrets)))


def _host(secrets: dict[str, str] | None) -> Host:
    case = Case("", {"name": "", "configure": {}, "services": {"secrets": secrets or {}}})
    return Host({**_ALL, "secrets": list(secrets or {})}, case.attributes, case.services)


def _meta(known: dict[str, Any]) -> dict[str, Any]:
    case = Case("", {"name": "", "steps": [{"hook": "completed", "ctx": known}]})
    ctx = case.steps[0].ctx
    if ctx["principal"] is not None:
        ctx["principal"] = {**ctx["principal"], "attributes": list(ctx["principal"]["attributes"].items())}
    return ctx
