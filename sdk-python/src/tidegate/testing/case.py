"""A case: one file that says how a plugin is configured, what it is told, and what it must answer."""

from __future__ import annotations

import ipaddress
import json
import os
from pathlib import Path
from typing import Any

from ..plugin import HOOKS
from .expect import Expected, expected
from .shapes import (
    KINDS,
    REQUIRED,
    ROLES,
    Reader,
    Wrong,
    a_list,
    an_object,
    anything,
    data,
    digest,
    event,
    fields,
    finding,
    flag,
    listed,
    mapped,
    number,
    one_of,
    optional,
    principal,
    record,
    reply,
    shaped,
    text,
    u16,
    u32,
    u64,
    usage,
    variant,
)

Shape = dict[str, tuple[Reader, Any]]


class CaseError(Exception):
    """Why a file is no case. The text names the file, and the place in it where there is one."""


class Step:
    """One call of the plugin."""

    def __init__(self, hook: str, ctx: dict[str, Any], told: dict[str, Any], out: Expected, after: dict[str, Any]) -> None:
        self.hook = hook
        self.ctx = ctx
        self.told = told
        self.expected = out
        self.after = after


class Case:
    """A case that was read and whose every key is known. Shown as the name of its file."""

    def __init__(self, file: str, tree: Any) -> None:
        read = record("", tree, _CASE)
        self.file = file
        self.name: str = read["name"]
        self.config = read["config"]
        self.grants: dict[str, Any] | None = read["grants"]
        self.attributes: dict[str, Any] = read["attributes"]
        self.services: dict[str, Any] = read["services"]
        self.configure: dict[str, Any] | None = read["configure"]
        self._check(read["steps"])
        self.request_id = _request_id(read["steps"])
        self.steps = [_step(f"steps[{at}]", step, self.request_id) for at, step in enumerate(read["steps"])]

    @classmethod
    def read(cls, file: str | os.PathLike[str]) -> Case:
        """Reads a case."""
        path = Path(file)
        try:
            return cls.parse(path.name, path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise CaseError(f'"{path}" cannot be read: {error}; check the path') from None

    @classmethod
    def parse(cls, file: str, source: str) -> Case:
        """Reads the text of a case; `file` is its name in errors."""
        try:
            return cls(file, json.loads(source))
        except json.JSONDecodeError as error:
            raise CaseError(f"{file}: no JSON: {error}") from None
        except Wrong as wrong:
            raise CaseError(f"{file}: {wrong.place or 'the case'}: {wrong.problem}") from None

    def _check(self, steps: list[Any]) -> None:
        if self.configure and "error" in self.configure:
            if len(self.configure) > 1:
                raise Wrong("configure", 'has "error" and a subscription; keep one')
            if steps:
                raise Wrong("steps", "has steps after a refused configuration; take them away")
        if self.configure is None and not steps:
            raise Wrong("steps", 'is empty; add a step, or say in "configure" what comes of the configuration')

    def __str__(self) -> str:
        return self.file.removesuffix(".json")


def cases(folder: str | os.PathLike[str]) -> list[Case]:
    """Reads every case of a folder, in the order of the names. A folder without one is an error: a test must not pass because
    it looks into the wrong folder."""
    files = sorted(Path(folder).glob("*.json"))
    if not files:
        raise CaseError(f'"{folder}" has no file that ends in ".json"; a case is one such file')
    return [Case.read(file) for file in files]


def _address(place: str, value: Any) -> str:
    try:
        return str(ipaddress.ip_address(text(place, value)))
    except ValueError:
        raise Wrong(place, f'"{value}" is no IP address') from None


def _content(place: str, value: Any) -> str:
    """Bytes in their forms, but a text is UTF-8."""
    read = data(place, value)
    if isinstance(read, str):
        return read
    if "json" in read:
        return json.dumps(read["json"], ensure_ascii=False, separators=(",", ":"))
    raise Wrong(place, 'a text is UTF-8, so it has no form {"hex": ...}')


def _stored(place: str, value: Any) -> dict[str, Any]:
    """A stored value; its time to live is compared only where it is written."""
    if isinstance(value, dict) and "value" in value:
        return record(place, value, {"value": (data, REQUIRED), "ttl_ms": (optional(u64), None)})
    return {"value": data(place, value)}


def _http_error(place: str, value: Any) -> dict[str, Any]:
    if value in ("timeout", "too_large"):
        return {value: ""}
    return variant({"denied": text, "failed": text})(place, value)  # type: ignore[no-any-return]


def _exchange(place: str, value: Any) -> dict[str, Any]:
    read = record(place, value, _EXCHANGE)
    if (read["reply"] is None) == (read["error"] is None):
        raise Wrong(place, 'needs either "reply" or "error"')
    return read


_EXCHANGE: Shape = {
    "request": (
        shaped(
            {
                "method": (text, "GET"),
                "url": (text, REQUIRED),
                "headers": (optional(fields), None),
                "body": (optional(data), None),
                "timeout_ms": (optional(u64), None),
            }
        ),
        REQUIRED,
    ),
    "reply": (optional(reply), None),
    "error": (optional(_http_error), None),
}

_METRIC = variant(
    {
        "count": shaped({"name": (text, REQUIRED), "by": (number, 1), "labels": (mapped(text), dict)}),
        "observe": shaped({"name": (text, REQUIRED), "value": (number, REQUIRED), "labels": (mapped(text), dict)}),
    }
)

_QUESTION = shaped(
    {"route": (text, REQUIRED), "body": (anything, None), "reply": (anything, None), "error": (optional(_http_error), None)}
)

_SERVICES: Shape = {
    "kv": (mapped(data), dict),
    "kv_error": (optional(text), None),
    "kv_after": (optional(mapped(_stored)), None),
    "http": (listed(_exchange), list),
    "models": (listed(_QUESTION), list),
    "secrets": (mapped(text), dict),
    "metrics_after": (optional(listed(_METRIC)), None),
}

_ATTRIBUTES: Shape = {
    "service": (text, ""),
    "listener": (text, ""),
    "method": (text, "GET"),
    "path": (text, ""),
    "client.address": (optional(_address), None),
}

_GRANTS: Shape = {
    "http": (listed(text), list),
    "kv": (flag, False),
    "secrets": (listed(text), list),
    "metrics": (flag, False),
    "models": (listed(text), list),
}

_CONFIGURE: Shape = {
    "error": (text, None),
    "hooks": (listed(text), None),
    "headers": (anything, None),
    "request_body": (anything, None),
    "response_body": (anything, None),
    "body_digest": (flag, None),
    "windows": (optional(an_object), None),
    "dialects": (listed(text), None),
}


def _configured(place: str, value: Any) -> dict[str, Any]:
    """What is named, and no defaults."""
    read = record(place, value, _CONFIGURE)
    named = {key: read[key] for key in value}
    if "hooks" in named:
        named["hooks"] = sorted(named["hooks"])
    return named


_CASE: Shape = {
    "name": (text, REQUIRED),
    "config": (anything, dict),
    "grants": (optional(shaped(_GRANTS)), None),
    "attributes": (shaped(_ATTRIBUTES), lambda: record("", {}, _ATTRIBUTES)),
    "services": (shaped(_SERVICES), lambda: record("", {}, _SERVICES)),
    "configure": (optional(_configured), None),
    "steps": (a_list, list),
}

_CTX: Shape = {
    "request_id": (optional(text), None),
    "route": (text, ""),
    "dialect": (text, "openai"),
    "operation": (text, "chat"),
    "model": (optional(text), None),
    "principal": (optional(principal), None),
    "streaming": (flag, False),
    "attempt": (u32, 0),
    "deadline_ms": (u32, 10_000),
}

_AFTER: Shape = {"headers": (fields, None), "body": (anything, None), "texts": (listed(data), None)}


def _after(place: str, value: Any) -> dict[str, Any]:
    """What is named, and no defaults."""
    read = record(place, value, _AFTER)
    return {key: read[key] for key in value}


_STEP: Shape = {
    "hook": (one_of("hook", tuple(HOOKS)), REQUIRED),
    "ctx": (shaped(_CTX), lambda: record("", {}, _CTX)),
    "in": (anything, dict),
    "out": (anything, None),
    "after": (_after, dict),
    "split": (optional(text), None),
}

_CLIENT: Shape = {
    "address": (_address, "127.0.0.1"),
    "certificate_sha256": (optional(digest), None),
    "names": (listed(text), list),
}

_HEAD: Shape = {
    "method": (text, "POST"),
    "scheme": (text, "http"),
    "authority": (text, "gateway.test"),
    "path": (text, "/v1/chat/completions"),
    "query": (text, ""),
    "headers": (fields, dict),
    "client": (shaped(_CLIENT), lambda: record("", {}, _CLIENT)),
    "body_sha256": (optional(digest), None),
}

_TEXT: Shape = {
    "id": (optional(u32), None),
    "role": (one_of("role", ROLES), "user"),
    "kind": (one_of("kind", KINDS), "text"),
    "content": (_content, ""),
    "start": (u64, 0),
    "released": (u32, 0),
    "complete": (flag, True),
    "new_turn": (flag, True),
}

_OUTCOME: Shape = {
    "status": (u16, 200),
    "error": (optional(text), None),
    "cluster": (optional(text), None),
    "attempts": (u32, 1),
    "duration_ms": (u32, 0),
    "first_token_ms": (optional(u32), None),
    "usage": (usage, lambda: usage("", {})),
    "findings": (listed(finding), list),
    "cancelled": (flag, False),
}

_REQUEST: Shape = {"headers": (fields, dict), "body": (anything, None)}

_IN: dict[str, Shape] = {
    "authenticate": {"head": (shaped(_HEAD), lambda: record("", {}, _HEAD))},
    "admit": {"estimate": (usage, lambda: usage("", {}))},
    "settle": {"ticket": (text, REQUIRED), "actual": (usage, lambda: usage("", {}))},
    "transform_request": _REQUEST,
    "transform_upstream": _REQUEST,
    "transform_response": {"status": (u16, 200), **_REQUEST},
    "transform_event": {"events": (listed(event), REQUIRED)},
    "moderate_input": {"texts": (listed(shaped(_TEXT)), REQUIRED)},
    "moderate_output": {"texts": (listed(shaped(_TEXT)), REQUIRED), "last": (flag, True)},
    "completed": {"outcome": (shaped(_OUTCOME), lambda: record("", {}, _OUTCOME))},
}


def _step(place: str, value: Any, request_id: str) -> Step:
    read = record(place, value, _STEP)
    if read["split"] is not None:
        raise Wrong(f"{place}.split", 'streams cannot be played yet; take "split" away and give the whole texts')
    told = record(f"{place}.in", read["in"], _IN[read["hook"]])
    for at, one in enumerate(told.get("texts", ())):
        if one["id"] is None:
            one["id"] = at
    ctx = {**read["ctx"], "request_id": request_id}
    out = expected(read["hook"], f"{place}.out", read["out"] if "out" in value else None, "out" in value)
    return Step(read["hook"], ctx, told, out, read["after"])


def _request_id(steps: list[Any]) -> str:
    """The steps of a case are one request, so that they have one id."""
    found: str | None = None
    for at, step in enumerate(steps):
        ctx = step.get("ctx") if isinstance(step, dict) else None
        id = ctx.get("request_id") if isinstance(ctx, dict) else None
        if id is None:
            continue
        if found is not None and id != found:
            problem = f'is "{id}" where an earlier step has "{found}"; a case is one request'
            raise Wrong(f"steps[{at}].ctx.request_id", problem)
        found = id
    return "request-1" if found is None else found
