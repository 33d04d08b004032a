"""What a verdict comes to when it is carried out, as the gateway would: one that cannot be is a failure of the plugin."""

from __future__ import annotations

import copy
import json
from typing import Any

from ..body import is_index
from .compare import difference
from .content import content
from .show import Invalid

_OWN = {
    "connection", "content-length", "host", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
}  # fmt: skip
_TOKEN = set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

_NOWHERE: Any = object()
_NO_ELEMENT = "names an element that the array does not have"
_NO_OBJECT = "goes through a value that is neither object nor array"
_NO_ARRAY = "must lead into an array"


def effect(hook: str, told: dict[str, Any], answer: Any) -> dict[str, Any]:
    """What stands there then: some of `headers`, `body` and `texts`."""
    if hook == "authenticate":
        return {"headers": _headers(answer["allow"]["headers"], told["head"]["headers"])} if "allow" in answer else {}
    if hook.startswith("transform_") and hook != "transform_event":
        return _message(told, answer.get("changed"))
    if hook.startswith("moderate_"):
        return {"texts": _texts(told["texts"], answer.get("edit", []))}
    return {}


def after_differs(after: dict[str, Any], came: dict[str, Any]) -> str | None:
    """What differs, of what the case names."""
    for name in ("headers", "body", "texts"):
        text = difference(after[name], came.get(name)) if name in after else None
        if text:
            return f'"{name}" of "after" differs{text}'
    return None


# Header fields.


def _headers(edits: list[Any], fields: dict[str, Any]) -> dict[str, Any]:
    made = {name: list(values) if isinstance(values, list) else [values] for name, values in fields.items()}
    for edit in edits:
        ((kind, inside),) = edit.items()
        name = inside if kind == "remove" else inside["name"]
        _check_name(name)
        if kind == "remove":
            made.pop(name, None)
            continue
        _check_value(name, content(inside["value"]))
        made[name] = [*(made.get(name, []) if kind == "add" else []), inside["value"]]
    return {name: values[0] if len(values) == 1 else values for name, values in made.items()}


def _check_name(name: str) -> None:
    shown = "".join(c if "!" <= c <= "~" else "?" for c in name[:64])
    if not name or not set(name) <= _TOKEN:
        raise Invalid(f'"{shown}" is no name that a field may have')
    if name.lower() in _OWN or name.lower().startswith("x-tidegate-"):
        raise Invalid(f'the field "{shown}" is the gateway\'s own')


def _check_value(name: str, value: bytes) -> None:
    if any((byte < 32 and byte != 9) or byte == 127 for byte in value):
        raise Invalid(f'the value of "{name[:64]}" has bytes that no field may have')


# Bodies.


def _message(told: dict[str, Any], change: dict[str, Any] | None) -> dict[str, Any]:
    body = None if is_opaque(told["body"]) else told["body"]
    if change is None:
        return {"headers": told["headers"], "body": body}
    if change["edits"] or change["replace"] is not None:
        if body is None:
            raise Invalid("it changes a body that is no JSON")
        body = _edited(body, change["edits"]) if change["edits"] else change["replace"]
    return {"headers": _headers(change["headers"], told["headers"]), "body": body}


def is_opaque(body: Any) -> bool:
    """Whether a body of a case is none of JSON."""
    return isinstance(body, dict) and body.keys() == {"opaque"}


def _edited(body: Any, edits: list[Any]) -> Any:
    tree = copy.deepcopy(body)
    for edit in edits:
        ((kind, inside),) = edit.items()
        pointer = inside if kind == "remove" else inside["pointer"]
        if pointer and not pointer.startswith("/"):
            raise _nowhere(pointer, 'must be empty or begin with "/" (RFC 6901)')
        tokens = _tokens(pointer)
        if kind == "set":
            tree = _set(tree, pointer, tokens, inside["value"])
        elif kind == "insert":
            _insert(tree, pointer, tokens, inside["value"])
        else:
            tree = _remove(tree, tokens)
    return tree


def _nowhere(pointer: str, problem: str) -> Invalid:
    return Invalid(f'the pointer "{pointer}" {problem}')


def _set(tree: Any, pointer: str, tokens: list[str], value: Any) -> Any:
    if not tokens:
        return value
    at = tree
    for token in tokens[:-1]:
        at = at.setdefault(token, {}) if isinstance(at, dict) else at[_index(at, token, pointer)]
    last = tokens[-1]
    at[last if isinstance(at, dict) else _index(at, last, pointer)] = value
    return tree


def _index(at: Any, token: str, pointer: str) -> int:
    if not isinstance(at, list):
        raise _nowhere(pointer, _NO_OBJECT)
    if not is_index(token) or int(token) >= len(at):
        raise _nowhere(pointer, _NO_ELEMENT)
    return int(token)


def _insert(tree: Any, pointer: str, tokens: list[str], value: Any) -> None:
    array = _found(tree, tokens[:-1]) if tokens else _NOWHERE
    if not isinstance(array, list):
        raise _nowhere(pointer, _NO_ARRAY)
    last = tokens[-1]
    if last == "-":
        array.append(value)
    elif is_index(last) and int(last) <= len(array):
        array.insert(int(last), value)
    else:
        raise _nowhere(pointer, _NO_ELEMENT)


def _remove(tree: Any, tokens: list[str]) -> Any:
    if not tokens:
        return None
    parent, last = _found(tree, tokens[:-1]), tokens[-1]
    if isinstance(parent, dict):
        parent.pop(last, None)
    elif isinstance(parent, list) and is_index(last) and int(last) < len(parent):
        del parent[int(last)]
    return tree


def _found(tree: Any, tokens: list[str]) -> Any:
    for token in tokens:
        if isinstance(tree, dict) and token in tree:
            tree = tree[token]
        elif isinstance(tree, list) and is_index(token) and int(token) < len(tree):
            tree = tree[int(token)]
        else:
            return _NOWHERE
    return tree


def fields_at(body: Any, pointers: list[str]) -> dict[str, Any]:
    """What stands at these pointers of a body; what is not there is left out."""
    found = {pointer: _found(body, _tokens(pointer)) for pointer in pointers}
    return {pointer: value for pointer, value in found.items() if value is not _NOWHERE}


def _tokens(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


# Texts.


def _texts(texts: list[dict[str, Any]], edits: list[dict[str, Any]]) -> list[str]:
    editable = {text["id"] for text in texts if text["kind"] != "media"}
    if any(edit["id"] not in editable for edit in edits):
        raise Invalid("an edit names a text that does not exist or cannot be edited")
    return [_edited_text(text, [edit for edit in edits if edit["id"] == text["id"]]) for text in texts]


def _edited_text(text: dict[str, Any], edits: list[dict[str, Any]]) -> str:
    if edits and edits[0]["start"] < text["released"]:
        raise Invalid("an edit changes what has left already")
    source: bytes = text["content"].encode("utf-8")
    parts, at = [], 0
    for edit in edits:
        start, end = edit["start"], edit["end"]
        if start < at or end < start or not _is_border(source, start) or not _is_border(source, end):
            raise Invalid("an edit is out of order, overlaps another or is not on borders of characters")
        parts += [source[at:start], edit["replacement"].encode("utf-8")]
        at = end
    edited = b"".join([*parts, source[at:]]).decode("utf-8")
    if text["kind"] == "tool-arguments" and _is_json(text["content"]) and not _is_json(edited):
        raise Invalid("the edited arguments of a tool are no JSON any more")
    return edited


def _is_border(source: bytes, at: int) -> bool:
    return at == len(source) or (at < len(source) and source[at] & 0xC0 != 0x80)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
