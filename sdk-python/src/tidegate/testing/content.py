"""Bytes in the forms of a case, of frames and of Python."""

from __future__ import annotations

import json
from typing import Any


def shown(content: bytes) -> Any:
    """Text where it is text, `{"hex": ...}` where it is not."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return {"hex": content.hex()}


def content(data: Any) -> bytes:
    """The bytes of what `shapes.data` read."""
    if isinstance(data, str):
        return data.encode("utf-8")
    if "hex" in data:
        return bytes.fromhex(data["hex"])
    return written(data["json"]).encode("utf-8")


def as_text(data: Any) -> str:
    """The same as text; what is none is replaced."""
    return content(data).decode("utf-8", "replace")


def written(value: Any) -> str:
    """JSON text, as a gateway writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


Wire = list[list[str]]


def wire_fields(fields: dict[str, Any]) -> Wire:
    """Header fields of a case as they stand in a frame."""
    made = []
    for name, values in fields.items():
        for value in values if isinstance(values, list) else [values]:
            made.append([name.lower(), content(value).decode("latin-1")])
    return made


def shown_fields(fields: Wire) -> dict[str, Any]:
    """Header fields of a frame in the form of a case."""
    grouped: dict[str, list[Any]] = {}
    for name, value in fields:
        grouped.setdefault(name, []).append(shown(wire_bytes(value)))
    return {name: values[0] if len(values) == 1 else values for name, values in grouped.items()}


def wire_bytes(value: str) -> bytes:
    """The bytes of a field's value in a frame."""
    return value.encode("latin-1")
