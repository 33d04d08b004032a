"""The bindings of the world that the component is built for. Worlds are cut to the manifest: what is not in one is None."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _interface(name: str) -> Any:
    try:
        return import_module(f"wit_world.{name}")
    except ModuleNotFoundError:
        return None


types = _interface("imports.types")

lifecycle = _interface("exports.lifecycle")
auth = _interface("exports.auth")
admission = _interface("exports.admission")
transform = _interface("exports.transform")

info = _interface("imports.info")
state = _interface("imports.state")
log = _interface("imports.log")
metrics = _interface("imports.metrics")
secrets = _interface("imports.secrets")
kv = _interface("imports.kv")
http = _interface("imports.http")
models = _interface("imports.models")

Err: Any = import_module("componentize_py_types").Err
