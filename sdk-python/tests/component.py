"""A plugin called through a component's exports, with a case's services behind its imports."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr
from pathlib import Path
from types import ModuleType
from typing import Any

from bindings import Err, Ok

from tidegate._dispatch.told import Refused
from tidegate.testing.host import Host
from tidegate.testing.instance import HookFailed

Meta = dict[str, Any]

_WHERE = {
    "authenticate": ("Auth", "authenticate"),
    "admit": ("Admission", "admit"),
    "settle": ("Admission", "settle"),
    "transform_request": ("Transform", "request"),
    "transform_upstream": ("Transform", "upstream"),
    "transform_response": ("Transform", "response"),
    "transform_event": ("Transform", "events"),
    "moderate_input": ("Moderation", "input"),
    "moderate_output": ("Moderation", "output"),
    "completed": ("Observe", "completed"),
}


class Component:
    """What `play_on` plays against."""

    def __init__(self, world: dict[str, ModuleType], folder: Path, hello: Meta, host: Host) -> None:
        self._types, self._world = world["types"], world
        _connect(world, host)
        entry = hello["entry"]
        sys.modules.pop(entry.removesuffix(".py"), None)
        sys.path[:] = [str(folder), *(path for path in sys.path if path != str(folder))]
        from tidegate._component import exports

        exports.serve(entry, hello["hooks"], hello["windows"])
        self._exports = exports
        try:
            self.ready = self._ready(exports.Lifecycle().configure(json.dumps(hello["config"])))
        except Err as error:
            raise Refused(error.value) from None

    def call(self, meta: Meta, body: bytes) -> tuple[Any, bytes]:
        interface, name = _WHERE[meta["hook"]]
        told = [value for key, value in self._told(meta, body).items() if key not in ("hook", "ctx", "body_bytes")]
        known = meta["ctx"]["principal"]
        principal = known and self._types.Principal(**{**known, "attributes": [tuple(pair) for pair in known["attributes"]]})
        ctx = self._types.Context(**{**meta["ctx"], "principal": principal})
        try:
            verdict = getattr(getattr(self._exports, interface)(), name)(ctx, *told)
        except Err as error:
            raise HookFailed(error.value) from None
        return _meta(verdict)

    def close(self) -> None:
        """Ends with the world."""

    def _told(self, meta: Meta, body: bytes) -> Meta:
        """What comes after `ctx`, in the order of the contract."""
        types, told = self._types, dict(meta)
        if "head" in told:
            head, client = told["head"], told["head"]["client"]
            client = {**client, "certificate_sha256": _bytes(client["certificate_sha256"])}
            parts = {"headers": self._fields(head["headers"]), "client": self._world["auth"].Peer(**client)}
            told["head"] = self._world["auth"].Head(**{**head, **parts, "body_sha256": _bytes(head["body_sha256"])})
        for name in ("estimate", "actual"):
            if name in told:
                told[name] = types.Usage(**told[name])
        if "headers" in told:
            told["headers"], told["body"] = self._fields(told["headers"]), self._payload(told["body"], body)
        if "events" in told:
            told["events"] = [self._world["transform"].Event(**event) for event in told["events"]]
        if "texts" in told:
            told["texts"] = [types.Text(**text) for text in told["texts"]]
        if "outcome" in told:
            outcome = told["outcome"]
            findings = [types.Finding(**finding) for finding in outcome["findings"]]
            parts = {"usage": types.Usage(**outcome["usage"]), "findings": findings}
            told["outcome"] = self._world["observe"].Outcome(**{**outcome, **parts})
        return told

    def _fields(self, fields: list[Any]) -> list[Any]:
        return [self._types.Header(name, value.encode("latin-1")) for name, value in fields]

    def _payload(self, meta: Any, body: bytes) -> Any:
        types = self._types
        if meta == "whole":
            return types.Payload_Whole(body.decode())
        if meta == "absent":
            return types.Payload_Absent()
        if "opaque" in meta:
            return types.Payload_Opaque(meta["opaque"])
        return types.Payload_Fields([types.JsonSet(place, json.dumps(value)) for place, value in meta["fields"].items()])

    @staticmethod
    def _ready(made: Any) -> Meta:
        needs = {}
        for name in ("headers", "request_body", "response_body"):
            need = getattr(made, name)
            needs[name] = {"fields": need.value} if hasattr(need, "value") else _case(need)
        return {**vars(made), **needs, "windows": made.windows and vars(made.windows)}


def _bytes(digits: str | None) -> bytes | None:
    return None if digits is None else bytes.fromhex(digits)


def _case(variant: Any) -> str:
    """`Verdict_Pass()` is `pass`."""
    name = type(variant).__name__.split("_")[-1]
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def _meta(verdict: Any) -> tuple[Any, bytes]:
    """The meta and body of the `return` that a worker would send."""
    if hasattr(verdict, "judgement"):
        told = {"findings": [vars(finding) for finding in verdict.findings], "hold": [list(one) for one in verdict.hold]}
        return {"judgement": _plain(verdict.judgement), **told}, b""
    made = _plain(verdict)
    if isinstance(made, dict) and "reply" in made:
        return made, made["reply"].pop("body")
    if isinstance(made, dict) and "changed" in made:
        change = made["changed"]
        body = change.pop("body") or {}
        made = {"changed": {key: value for key, value in change.items() if value}}
        if "replace" in body:
            return {"changed": {**made["changed"], "replace": True}}, body["replace"].encode()
        made["changed"].update(body)
    return made, b""


def _plain(value: Any) -> Any:
    """Values of the bindings as those of a meta."""
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    name = type(value).__name__
    if name == "Header":
        return [value.name, value.value.decode("latin-1")]
    if name == "JsonSet":
        return {"pointer": value.pointer, "value": json.loads(value.value)}
    if "_" in name:
        case = _case(value)
        # `admitted` without a ticket holds nothing.
        return {case: _plain(value.value)} if getattr(value, "value", None) is not None else case
    if hasattr(value, "__dataclass_fields__"):
        return {key: _plain(part) for key, part in vars(value).items()}
    return value


def _connect(world: dict[str, ModuleType], host: Host) -> None:
    """Puts a case's services where the functions of the imports are."""

    def asked(service: str, body: bytes = b"", **parts: Any) -> tuple[Any, bytes]:
        meta, answer = host.ask({"service": service, **parts}, body)
        if "error" in meta:
            raise Err(_error(world[_INTERFACES[service]], meta["error"]))
        return meta["ok"], answer

    def note(key: str) -> bytes | None:
        is_there, value = asked("note", key=key)
        return value if is_there else None

    def entry(key: str) -> Any:
        there, value = asked("kv_get", key=key)
        return there and world["kv"].Entry(value, there["version"])

    def put(key: str, value: bytes, ttl_ms: int | None, if_version: int | None) -> int | None:
        return asked("kv_set", value, key=key, ttl_ms=ttl_ms, if_version=if_version)[0]

    def told(kind: str, key: str) -> Any:
        return lambda name, value, labels: host.note({kind: {"name": name, key: value, "labels": list(map(list, labels))}})

    def written(level: Any, message: str, fields: list[Any]) -> None:
        # The host prints it, and what a component prints is logged.
        with redirect_stderr(io.StringIO()):
            host.note({"log": {"level": level.name.lower(), "message": message, "fields": fields}})

    world["info"].attribute = lambda name: asked("attribute", name=name)[0]
    world["state"].get = note
    world["state"].set = lambda key, value: asked("set_note", value, key=key)[0]
    world["log"].write = written
    world["metrics"].count, world["metrics"].observe = told("count", "by"), told("observe", "value")
    world["secrets"].get = lambda name: asked("secret", name=name)[0]
    kv = world["kv"]
    kv.get, kv.set = entry, put
    kv.delete = lambda key: asked("kv_delete", key=key)[0]
    kv.increment = lambda key, by, ttl_ms: asked("kv_increment", key=key, by=by, ttl_ms=ttl_ms)[0]
    world["http"].send = lambda requests: _sent(world, host, requests)
    world["models"].ask = lambda route, body: asked("model", body.encode(), route=route)[1].decode()


_INTERFACES = {
    **dict.fromkeys(("kv_get", "kv_set", "kv_delete", "kv_increment"), "kv"),
    "set_note": "state",
    "secret": "secrets",
    "model": "models",
}


def _error(interface: ModuleType, error: Meta) -> Any:
    """The interface's `error` of this kind, with the message where its case carries one."""
    case = getattr(interface, "Error_" + error["kind"].title().replace("_", ""))
    return case(error["message"]) if "value" in case.__dataclass_fields__ else case()


def _sent(world: dict[str, ModuleType], host: Host, requests: list[Any]) -> list[Any]:
    told = [
        {**vars(request), "headers": [[one.name, one.value.decode("latin-1")] for one in request.headers]}
        for request in requests
    ]
    for request in told:
        request["length"] = len(request.pop("body"))
    meta, body = host.ask({"service": "http", "requests": told}, b"".join(request.body for request in requests))
    results: list[Any] = []
    for answer in meta["ok"]:
        if "error" in answer:
            results.append(Err(_error(world["http"], answer["error"])))
            continue
        reply = answer["ok"]
        content, body = body[: reply["length"]], body[reply["length"] :]
        headers = [world["types"].Header(name, value.encode("latin-1")) for name, value in reply["headers"]]
        results.append(Ok(world["types"].Reply(reply["status"], headers, content)))
    return results

