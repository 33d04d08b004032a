"""Configures a plugin as a case says, plays its steps, and compares what became of the services."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from .._dispatch.loading import load
from .._dispatch.told import Refused
from .._version import CONTRACT, PROTOCOL
from ..plugin import Plugin
from .case import Case, Step
from .compare import difference
from .content import as_text, wire_fields, written
from .effect import after_differs, effect, fields_at, is_opaque
from .host import Host
from .instance import HookFailed, Instance
from .manifest import Manifest, consent
from .mismatch import Mismatch
from .shapes import Wrong
from .show import Invalid, answer

Meta = dict[str, Any]


class Configured(Protocol):
    """A plugin that is ready, wherever it runs."""

    ready: Meta

    def call(self, meta: Meta, body: bytes) -> tuple[Any, bytes]:
        """The meta and body of its `return`; a `HookFailed` where it fails."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


class Package:
    """A package in a folder. Its entry is imported once."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = str(Path(folder).resolve())
        self.manifest = Manifest.read(Path(self.folder))
        self._plugin: type[Plugin] | None = None

    def configure(self, hello: Meta, host: Host) -> Instance:
        """Makes a plugin of it."""
        if self._plugin is None:
            self._plugin = _imported(self.folder, self.manifest.entry)
        return Instance(self._plugin, self.folder, hello, host)


def _imported(folder: str, entry: str) -> type[Plugin]:
    """Entries of other packages may have the same name; modules beside them should not."""
    sys.modules.pop(entry.removesuffix(".py").replace("/", "."), None)
    if folder in sys.path:
        sys.path.remove(folder)
    sys.path.insert(0, folder)
    return load(folder, entry)


@cache
def _package(folder: str) -> Package:
    return Package(folder)


def play(case: Case, package: Package | str | os.PathLike[str]) -> None:
    """Plays a case against the package in a folder. The first thing that is not as the case says is raised as `Mismatch`.

    The plugin is granted what its manifest asks for, or `grants` of the case; where those two differ, it is not loaded.
    """
    if not isinstance(package, Package):
        package = _package(str(Path(package).resolve()))
    play_on(case, package.manifest, package.configure)


def play_on(case: Case, manifest: Manifest, configure: Callable[[Meta, Host], Configured]) -> None:
    """Plays a case against whatever `configure` makes ready."""
    granted = manifest.asked if case.grants is None else case.grants
    refusal = consent(manifest.asked, granted)
    if refusal is not None:
        return _check_refusal(case, refusal)
    host = Host(granted, case.attributes, case.services)
    try:
        plugin = configure(_hello(case, manifest), host)
    except Refused as refused:
        return _check_refusal(case, f"configure failed: {refused}")
    try:
        _check_ready(case, plugin.ready)
        for at, step in enumerate(case.steps):
            _play(case, f"step {at + 1} ({step.hook})", step, plugin)
        host.check()
    except Wrong as wrong:
        raise Mismatch(case.name, wrong.place, wrong.problem) from None
    finally:
        plugin.close()


def _hello(case: Case, manifest: Manifest) -> Meta:
    return {
        "protocol": PROTOCOL,
        "contract": CONTRACT,
        "plugin": manifest.id,
        "entry": manifest.entry,
        "hooks": manifest.hooks,
        "config": case.config,
        "windows": manifest.stream,
    }


# How configure ended.


def _check_refusal(case: Case, error: str) -> None:
    expected = (case.configure or {}).get("error")
    if expected is None:
        raise Mismatch(case.name, '"configure"', f"the configuration was refused: {error}")
    if expected not in error:
        problem = f'the error differs\n    expected a text with "{expected}"\n    got      "{error}"'
        raise Mismatch(case.name, '"configure"', problem)


def _check_ready(case: Case, ready: Meta) -> None:
    expected = case.configure or {}
    if "error" in expected:
        problem = f'the configuration was taken, and an error with "{expected["error"]}" was expected'
        raise Mismatch(case.name, '"configure"', problem)
    got = {key: sorted(ready[key]) if key == "hooks" else ready[key] for key in expected}
    text = difference(expected, got)
    if text:
        raise Mismatch(case.name, '"configure"', f"the subscription differs{text}")


# Steps.


def _play(case: Case, place: str, step: Step, plugin: Configured) -> None:
    if step.hook not in plugin.ready["hooks"]:
        problem = "the plugin does not subscribe to this hook, so it is never called"
        raise Mismatch(case.name, place, problem)
    kind, expected = step.expected
    try:
        meta, body = plugin.call(*_call(step, plugin.ready))
        got = answer(step.hook, meta, body)
        came = effect(step.hook, step.told, got)
    except (HookFailed, Invalid) as failed:
        if kind == "error" and expected in str(failed):
            return
        wanted = f'a text with "{expected}"' if kind == "error" else written(expected)
        problem = f"the plugin failed: {failed}\n    expected {wanted}"
        raise Mismatch(case.name, place, problem) from failed.__cause__
    if kind == "error":
        problem = f'a failure with "{expected}" was expected, and the plugin answered {written(got)}'
        raise Mismatch(case.name, place, problem)
    text = difference(expected, got)
    text = f"the answer differs{text}" if text else after_differs(step.after, came)
    if text:
        raise Mismatch(case.name, place, text)


def _call(step: Step, ready: Meta) -> tuple[Meta, bytes]:
    """The meta and body of a `call`, with what the subscription asks for and no more."""
    told = dict(step.told)
    meta = {"hook": step.hook, "ctx": {**step.ctx, "principal": _principal(step.ctx["principal"])}}
    body = b""
    if "head" in told:
        head = told["head"]
        digest = head["body_sha256"] if ready["body_digest"] else None
        told["head"] = {**head, "headers": _fields(head["headers"], ready["headers"]), "body_sha256": digest}
    elif "body" in told:
        need = ready["response_body" if step.hook == "transform_response" else "request_body"]
        told["headers"] = _fields(told["headers"], ready["headers"])
        told["body"], body = _body(told["body"], need)
    elif "events" in told:
        told["events"] = [{**event, "data": written(event["data"])} for event in told["events"]]
    elif "outcome" in told:
        findings = [{**finding, "detail": as_text(finding["detail"])} for finding in told["outcome"]["findings"]]
        told["outcome"] = {**told["outcome"], "findings": findings}
    return {**meta, **told}, body


def _principal(principal: Meta | None) -> Meta | None:
    if principal is None:
        return None
    attributes = [[name, as_text(value)] for name, value in principal["attributes"].items()]
    return {**principal, "attributes": attributes}


def _fields(headers: Any, need: Any) -> list[list[str]]:
    fields = wire_fields(headers)
    if isinstance(need, dict):
        return [field for name in dict.fromkeys(need["fields"]) for field in fields if field[0] == name]
    return fields if need == "whole" else []


def _body(body: Any, need: Any) -> tuple[Any, bytes]:
    if need == "nothing" or body is None:
        return "absent", b""
    if is_opaque(body):
        return body, b""
    if need == "whole":
        return "whole", written(body).encode("utf-8")
    return {"fields": fields_at(body, need["fields"])}, b""
