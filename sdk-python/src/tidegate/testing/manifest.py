"""`plugin.toml`: what of it a case needs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ..plugin import HOOKS

if sys.version_info >= (3, 11):
    import tomllib
else:
    try:
        import tomli as tomllib
    except ModuleNotFoundError:
        raise ModuleNotFoundError('Python 3.10 cannot read TOML by itself; install "tidegate[testing]"') from None

_STREAM = {"mode": "full", "min": 0, "max": 4096, "overlap": 0, "max_match": 256, "max_hold_ms": 5000}
_CAPABILITIES: dict[str, Any] = {"http": [], "kv": False, "secrets": [], "metrics": False, "models": []}


class ManifestError(Exception):
    """The manifest is not what it has to be."""


class Manifest:
    """What a package says of itself, and what it asks for."""

    def __init__(self, id: str, entry: str, hooks: list[str], stream: dict[str, Any] | None, asked: dict[str, Any]) -> None:
        self.id = id
        self.entry = entry
        self.hooks = hooks
        self.stream = stream
        self.asked = asked

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Reads the manifest of a package."""
        file = folder / "plugin.toml"
        try:
            tree = tomllib.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ManifestError(f'"{file}" cannot be read: {error}') from None
        plugin = tree.get("plugin", {})
        for key in ("id", "entry", "hooks"):
            if key not in plugin:
                raise ManifestError(f'"{file}" has no "{key}" in [plugin]')
        for hook in plugin["hooks"]:
            if hook not in HOOKS:
                raise ManifestError(f'"{file}": unknown hook "{hook}" in "hooks"; there are {", ".join(HOOKS)}')
        stream = {**_STREAM, **tree["stream"]} if "stream" in tree else None
        asked = capabilities(tree.get("capabilities", {}))
        return cls(plugin["id"], plugin["entry"], plugin["hooks"], stream, asked)


def capabilities(given: dict[str, Any]) -> dict[str, Any]:
    """With what is left out."""
    return {**_CAPABILITIES, **given}


def consent(asked: dict[str, Any], granted: dict[str, Any]) -> str | None:
    """Why a gateway does not load the plugin: a manifest asks, the operator grants exactly that. None where it does."""
    missing = _missing(asked, granted)
    if missing:
        return f'its manifest asks for {missing}, which "grants" does not give; grant it, or use another plugin'
    surplus = _missing(granted, asked)
    if surplus:
        return f'"grants" gives {surplus}, which its manifest does not ask for; remove it from "grants"'
    return None


def _missing(wanted: dict[str, Any], given: dict[str, Any]) -> str:
    flags = [f"{name}: true" for name in ("kv", "metrics") if wanted[name] and not given[name]]
    lists = [
        f'{name}: "{entry}"' for name in ("http", "secrets", "models") for entry in wanted[name] if entry not in given[name]
    ]
    return ", ".join(flags + lists)
