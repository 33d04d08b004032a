"""Bindings of the contract as componentize-py makes them, made of `plugin.wit`: enough of them to play cases without it."""

from __future__ import annotations

import enum
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

WIT = Path(__file__).parents[2] / "plugin-sdk" / "wit" / "0.1" / "plugin.wit"

_EXPORTS = ("lifecycle", "auth", "admission", "transform", "moderation", "observe")
_BLOCK = re.compile(r"^ *(record|variant|enum) ([a-z0-9-]+) \{([^}]*)\}", re.MULTILINE)
_INTERFACE = re.compile(r"^interface ([a-z]+) \{( [^\n]* \}|.*?^\})$", re.MULTILINE | re.DOTALL)


@dataclass
class Ok:
    value: Any


@dataclass
class Err(Exception):
    value: Any


def interfaces() -> dict[str, ModuleType]:
    """A module for each interface, with its types; functions are what a test puts there."""
    text = re.sub(r"///.*", "", WIT.read_text("utf-8"))
    return {name: _module(name, body) for name, body in _INTERFACE.findall(text)}


def _module(name: str, body: str) -> ModuleType:
    kind = "exports" if name in _EXPORTS else "imports"
    module = ModuleType(f"wit_world.{kind}.{name}")
    for shape, type_name, parts in _BLOCK.findall(body):
        for made in _types(shape, _camel(type_name), parts):
            setattr(module, made.__name__, made)
    return module


def _types(shape: str, name: str, parts: str) -> list[type]:
    if shape == "record":
        return [make_dataclass(name, [part.replace("-", "_") for part in re.findall(r"([a-z0-9-]+):", parts)])]
    cases = re.findall(r"([a-z0-9-]+)(\([^,]*\))?(?:,|\s*$)", parts.strip())
    if shape == "enum":
        return [enum.Enum(name, [case.upper() for case, _ in cases])]
    return [make_dataclass(f"{name}_{_camel(case)}", ["value"] if holds else []) for case, holds in cases]


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


@contextmanager
def installed(modules: dict[str, ModuleType]) -> Iterator[None]:
    """These interfaces are the world; the SDK's part for components is imported anew in it, and forgotten afterwards."""
    of_types = ModuleType("componentize_py_types")
    of_types.Ok, of_types.Err = Ok, Err  # type: ignore[attr-defined]
    packages = [ModuleType(name) for name in ("wit_world", "wit_world.imports", "wit_world.exports")]
    for package in packages:
        package.__path__ = []
    streams = sys.stdout, sys.stderr
    _forget()
    sys.modules.update({module.__name__: module for module in (of_types, *packages, *modules.values())})
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
        _forget()


def _forget() -> None:
    for name in list(sys.modules):
        if name.startswith(("wit_world", "componentize_py_types", "tidegate._component")):
            del sys.modules[name]
    sys.modules["tidegate"].__dict__.pop("_component", None)
