"""The compiled part of the worker, where it is there and belongs to this version. It does what modules here do, quicker."""

from __future__ import annotations

import sys

from ._version import PROTOCOL, VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_NAME = "tidegate.tidegate_worker"
# `-X tidegate_worker=FILE` says which one, or `off`. Without it the one of the installed package is taken.
_OPTION = "tidegate_worker"


def _found() -> tuple[Any, str]:
    """The module, or None; and why one that is there is not used."""
    wanted = sys._xoptions.get(_OPTION)
    if wanted == "off":
        return None, ""
    try:
        module = _installed() if wanted in (None, True) else _loaded(str(wanted))
    except ImportError as error:
        return None, str(error)
    if module is None:
        return None, ""
    speaks, ours = (module.VERSION, module.PROTOCOL), (VERSION, PROTOCOL)
    if speaks != ours:
        return None, f"it is version {speaks[0]} of protocol {speaks[1]}, and the package {ours[0]} of {ours[1]}"
    return module, ""


def _installed() -> Any:
    from importlib import import_module

    try:
        return import_module(_NAME)
    except ModuleNotFoundError:
        return None


def _loaded(path: str) -> ModuleType:
    from importlib.machinery import ExtensionFileLoader, ModuleSpec

    loader = ExtensionFileLoader(_NAME, path)
    module = loader.create_module(ModuleSpec(_NAME, loader, origin=path))
    loader.exec_module(module)
    return module


compiled, trouble = _found()
