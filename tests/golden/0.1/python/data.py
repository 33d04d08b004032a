"""Bytes as JSON: text where they are text, {"hex": ...} where they are not."""


def show(content: bytes):
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return {"hex": content.hex()}


def content(value) -> bytes:
    """The bytes of "text", {"hex": "00ff"} or {"repeat": "text", "times": 3}; nothing of anything else."""
    if isinstance(value, str):
        return value.encode("utf-8")
    if not isinstance(value, dict):
        return b""
    if "repeat" in value:
        return (value["repeat"] * value["times"]).encode("utf-8")
    return bytes.fromhex(value["hex"])


def fields(value) -> dict:
    """The fields of {"name": value, "name": [value, value]}."""
    return {
        name: [content(one) for one in (values if isinstance(values, list) else [values])]
        for name, values in (value or {}).items()
    }


def verdict(value) -> tuple:
    """`"name"` and `{"name": value}` as name and value."""
    if isinstance(value, dict) and value:
        return next(iter(value.items()))
    return value, None
