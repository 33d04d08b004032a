"""A gateway's services, made of what a case says: what a plugin asks and tells goes through the metas of the frames."""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import urlsplit

from .compare import difference, same
from .content import content, shown, shown_fields, wire_fields, written
from .shapes import Wrong

Answer = tuple[dict[str, Any], bytes]

_MOST_NOTES = 16 * 1024
_MOST_KEY = 512
_MOST_VALUE = 64 * 1024
_MOST_REQUESTS = 16


class _Refused(Exception):
    """A service does not do what is asked."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def _refused(error: dict[str, str | None]) -> _Refused:
    """What a case writes for an error of `http` or `models`."""
    ((kind, message),) = error.items()
    return _Refused(kind, message or _NO_ANSWER[kind])


class Slot:
    """A key of the store. It stays known once its value is gone, so that no version comes twice."""

    def __init__(self, value: bytes | None = None, version: int = 0) -> None:
        self.value = value
        self.version = version
        self.ttl_ms: int | None = None

    def put(self, value: bytes, ttl_ms: int | None) -> int:
        """Another value."""
        self.version += 1
        self.value = value
        self.ttl_ms = ttl_ms
        return self.version


class Host:
    """The services of one case, and what became of them."""

    def __init__(self, granted: dict[str, Any], attributes: dict[str, Any], services: dict[str, Any]) -> None:
        self._granted = granted
        self._attributes = attributes
        self._services = services
        self._notes: dict[str, bytes] = {}
        self.store = {key: Slot(content(value), 1) for key, value in services["kv"].items()}
        self._open = list(services["http"])
        self._questions = list(services["models"])
        self._strangers: list[Any] = []
        self._stray_questions: list[Any] = []
        self.metrics: list[Any] = []

    def ask(self, meta: dict[str, Any], body: bytes) -> Answer:
        """Answers the meta and body of an `ask`."""
        ask = getattr(self, f"_ask_{meta['service']}", None)
        if ask is None:
            return {"error": {"kind": "failed", "message": f'there is no service "{meta["service"]}"'}}, b""
        try:
            ok, answer = ask(meta, body)
        except _Refused as refused:
            return {"error": {"kind": refused.kind, "message": str(refused)}}, b""
        return {"ok": ok}, answer

    def note(self, meta: dict[str, Any]) -> None:
        """Takes the meta of a `note`."""
        if "log" in meta:
            line = meta["log"]
            print(f"[{line['level']}] {line['message']} {written(dict(line['fields']))}", file=sys.stderr)
        if not self._granted["metrics"]:
            return
        for kind in ("count", "observe"):
            if kind in meta:
                self.metrics.append({kind: {**meta[kind], "labels": dict(meta[kind]["labels"])}})

    # Facts, notes and secrets.

    def _ask_attribute(self, meta: dict[str, Any], _: bytes) -> tuple[Any, bytes]:
        return self._attributes.get(meta["name"]), b""

    def _ask_note(self, meta: dict[str, Any], _: bytes) -> tuple[Any, bytes]:
        note = self._notes.get(meta["key"])
        return (None, b"") if note is None else (True, note)

    def _ask_set_note(self, meta: dict[str, Any], body: bytes) -> tuple[Any, bytes]:
        notes = {**self._notes, meta["key"]: body}
        if sum(len(key.encode()) + len(value) for key, value in notes.items()) > _MOST_NOTES:
            raise _Refused("full", f"the notes of a request may hold {_MOST_NOTES // 1024} KiB")
        self._notes = notes
        return None, b""

    def _ask_secret(self, meta: dict[str, Any], _: bytes) -> tuple[Any, bytes]:
        name = meta["name"]
        if name not in self._granted["secrets"]:
            raise _Refused("denied", f'secret "{name}" is not granted; the operator must list it under "grants"')
        if name not in self._services["secrets"]:
            raise _Refused("denied", f'secret "{name}" has no value; the operator must set it under "secrets"')
        return self._services["secrets"][name], b""

    # The store.

    def _slot(self, meta: dict[str, Any], size: int = 0) -> Slot:
        if not self._granted["kv"]:
            raise _Refused("denied", 'not granted: the operator must list the capability "kv" under "grants"')
        if len(meta["key"].encode()) > _MOST_KEY or size > _MOST_VALUE:
            raise _Refused("too_large", "a key may have 512 bytes and a value 64 KiB")
        if self._services["kv_error"] is not None:
            raise _unavailable(self._services["kv_error"])
        return self.store.setdefault(meta["key"], Slot())

    def _ask_kv_get(self, meta: dict[str, Any], _: bytes) -> tuple[Any, bytes]:
        slot = self._slot(meta)
        return (None, b"") if slot.value is None else ({"version": slot.version}, slot.value)

    def _ask_kv_set(self, meta: dict[str, Any], body: bytes) -> tuple[Any, bytes]:
        slot = self._slot(meta, len(body))
        there = 0 if slot.value is None else slot.version
        if meta.get("if_version") not in (None, there):
            return None, b""
        return slot.put(body, meta.get("ttl_ms")), b""

    def _ask_kv_delete(self, meta: dict[str, Any], _: bytes) -> tuple[Any, bytes]:
        slot = self._slot(meta)
        was_there, slot.value = slot.value is not None, None
        return was_there, b""

    def _ask_kv_increment(self, meta: dict[str, Any], _: bytes) -> tuple[Any, bytes]:
        slot = self._slot(meta)
        try:
            there = 0 if slot.value is None else int(slot.value.decode("ascii"))
        except ValueError:
            raise _unavailable("the value is no number") from None
        number = there + meta["by"]
        if not -(2**63) <= number < 2**63:
            raise _unavailable("the sum is too large")
        slot.put(str(number).encode(), meta.get("ttl_ms") if slot.value is None else slot.ttl_ms)
        return number, b""

    # Other servers.

    def _ask_http(self, meta: dict[str, Any], body: bytes) -> tuple[Any, bytes]:
        requests, at = [], 0
        for request in meta["requests"]:
            requests.append((request, body[at : at + request["length"]]))
            at += request["length"]
        answers: list[Any] = []
        bodies = b""
        for request, content_ in requests:
            try:
                if len(requests) > _MOST_REQUESTS:
                    raise _Refused("denied", f"at most {_MOST_REQUESTS} requests may be sent at once")
                self._check_host(request["url"])
                answer, reply = self._reply(request, content_)
            except _Refused as refused:
                answers.append({"error": {"kind": refused.kind, "message": str(refused)}})
                continue
            answers.append({"ok": answer})
            bodies += reply
        return answers, bodies

    def _ask_model(self, meta: dict[str, Any], body: bytes) -> tuple[Any, bytes]:
        route, asked = meta["route"], json.loads(body)
        if route not in self._granted["models"]:
            raise _Refused("denied", f'route "{route}" is not granted; the operator must list it under "grants"')
        for at, question in enumerate(self._questions):
            if question["route"] == route and question["body"] in (None, asked):
                del self._questions[at]
                break
        else:
            self._stray_questions.append({"route": route, "body": asked})
            raise _Refused("failed", "the case expects no such question")
        if question["error"] is not None:
            raise _refused(question["error"])
        return None, json.dumps(question["reply"]).encode()

    def _check_host(self, url: str) -> None:
        parts = urlsplit(url)
        if not parts.netloc:
            raise _Refused("denied", "the URL names no host")
        if parts.scheme not in ("http", "https") or "@" in parts.netloc:
            raise _Refused("denied", "the URL must be http or https, without user information")
        authority = parts.netloc.lower()
        if not any(_covers(granted.lower(), authority) for granted in self._granted["http"]):
            raise _Refused("denied", f'host "{authority}" is not granted; the operator must list it under "grants"')

    def _reply(self, request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        for at, exchange in enumerate(self._open):
            if _matches(exchange["request"], request, body):
                del self._open[at]
                break
        else:
            self._strangers.append({**request, "headers": shown_fields(request["headers"]), "body": shown(body)})
            raise _Refused("failed", "the case expects no such request")
        if exchange["error"] is not None:
            raise _refused(exchange["error"])
        reply = exchange["reply"]
        made = content(reply["body"])
        answer = {"status": reply["status"], "headers": wire_fields(reply["headers"]), "length": len(made)}
        return answer, made

    # What became of them.

    def check(self) -> None:
        """Compares what was done with what the case says of it."""
        if self._stray_questions:
            problem = f'a question was asked that is not in "services.models", or once too often: {written(self._stray_questions[0])}'
            raise Wrong('"services.models"', problem)
        if self._questions:
            raise Wrong('"services.models"', f'route "{self._questions[0]["route"]}" was never asked')
        if self._strangers:
            problem = f'a request was sent that is not in "services.http", or once too often: {written(self._strangers[0])}'
            raise Wrong('"services.http"', problem)
        if self._open:
            request = self._open[0]["request"]
            raise Wrong('"services.http"', f"the request {request['method']} {request['url']} was never sent")
        self._check_store(self._services["kv_after"])
        metrics = self._services["metrics_after"]
        text = None if metrics is None else difference(metrics, self.metrics)
        if text:
            raise Wrong('"services.metrics_after"', f"what was written differs{text}")

    def _check_store(self, expected: dict[str, Any] | None) -> None:
        if expected is None:
            return
        with_ttl = {key for key, stored in expected.items() if "ttl_ms" in stored}
        wanted = {key: stored if key in with_ttl else stored["value"] for key, stored in expected.items()}
        got = {
            key: {"value": shown(slot.value), "ttl_ms": slot.ttl_ms} if key in with_ttl else shown(slot.value)
            for key, slot in self.store.items()
            if slot.value is not None
        }
        text = difference(wanted, got)
        if text:
            raise Wrong('"services.kv_after"', f"what stands in the store differs{text}")


_NO_ANSWER = {"timeout": "no answer in time", "too_large": "the answer is larger than 1 MiB", "denied": "", "failed": ""}


def _unavailable(cause: str) -> _Refused:
    return _Refused("unavailable", f"the store gives no answer: {cause}")


def _covers(granted: str, authority: str) -> bool:
    """`name`, `name:port` or `*.name`; a grant without a port covers all ports of the host."""
    has_port = granted.rpartition(":")[2].isdigit() and ":" in granted
    asked = authority if has_port else _host(authority)
    if not granted.startswith("*"):
        return asked == granted
    suffix = granted[1:]
    last = _host(suffix).rpartition(".")[2]
    is_domain = suffix.startswith(".") and any(c.isalpha() for c in last) and not set(last) & {":", "]"}
    return is_domain and len(asked) > len(suffix) and asked.endswith(suffix)


def _host(authority: str) -> str:
    host, colon, port = authority.rpartition(":")
    return host if colon and all(c.isdigit() for c in port) else authority


def _matches(expected: dict[str, Any], request: dict[str, Any], body: bytes) -> bool:
    """What is not written of a request is not compared."""
    pairs = [
        (expected["headers"], shown_fields(request["headers"])),
        (expected["body"], shown(body)),
        (expected["timeout_ms"], request["timeout_ms"]),
    ]
    is_there = (expected["method"], expected["url"]) == (request["method"], request["url"])
    return is_there and all(wanted is None or same(wanted, got) for wanted, got in pairs)
