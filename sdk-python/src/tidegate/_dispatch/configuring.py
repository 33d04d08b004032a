"""From `hello` to `ready`: the plugin is made and configured, and what it subscribes to is checked."""

from __future__ import annotations

from .._version import CONTRACT, PROTOCOL
from ..context import Gateway
from ..errors import ConfigError
from ..plugin import HOOKS, Plugin
from ..subscription import Subscription, Windows
from .hooks import Hook, hook
from .told import Refused, message, print_traceback, sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..services.blocking import Caller

    Meta = dict[str, Any]

# Calls at once, where hooks wait without blocking.
CONCURRENCY = 64

_WINDOWS = {"mode": "full", "min": 0, "max": 4096, "overlap": 0, "max_match": 256, "max_hold_ms": 5000}
_MODES = ("carry", "window", "full", "watch")


class Configured:
    """A plugin that may be called: its subscribed hooks, and what is told the gateway of them."""

    __slots__ = ("hooks", "ready", "is_async")

    def __init__(self, hooks: dict[str, Hook], ready: Meta, is_async: bool) -> None:
        self.hooks = hooks
        self.ready = ready
        self.is_async = is_async


def check_versions(hello: Meta) -> None:
    """Refuses what this package does not speak, before any code of the plugin runs."""
    if hello.get("protocol") != PROTOCOL:
        raise Refused(
            f'the gateway speaks worker protocol {hello.get("protocol")}, and this "tidegate" package {PROTOCOL}; '
            "use the one that came with the gateway"
        )
    if hello.get("contract") != CONTRACT:
        raise Refused(
            f'the gateway speaks contract "{hello.get("contract")}", and this "tidegate" package "{CONTRACT}"; '
            "use the one that came with the gateway"
        )


def configure(plugin: type[Plugin], hello: Meta, caller: Caller, folder: str) -> Configured:
    """Makes the plugin and configures it."""
    try:
        made = plugin()
        made.gateway = Gateway(caller)
        answer = made.configure(hello.get("config"))  # type: ignore[arg-type]
    except ConfigError as error:
        raise Refused(message(error) or "the plugin refuses its configuration, and does not say why") from None
    except BaseException as error:  # noqa: BLE001 - SystemExit included
        print_traceback(error)
        raise Refused(f"{sentence(error, folder)}; the log has the traceback") from None
    wanted = _subscription(answer)
    listed = hello.get("hooks") or []
    names = _hooks(plugin, wanted, listed)
    hooks = {name: hook(name, getattr(made, name)) for name in names}
    is_async = any(one.is_async for one in hooks.values())
    return Configured(hooks, _ready(wanted, names, hello.get("windows"), is_async), is_async)


def _subscription(answer: Any) -> Subscription:
    if answer is None:
        return Subscription()
    if isinstance(answer, Subscription):
        return answer
    kind = type(answer).__name__
    if kind == "coroutine":
        answer.close()
        raise Refused('"configure" is async, and there is nothing to wait for yet; write it with "def"')
    raise Refused(f'"configure" returned a {kind}; return a Subscription or None')


def _hooks(plugin: type[Plugin], wanted: Subscription, listed: list[str]) -> list[str]:
    written = [name for name in HOOKS if getattr(plugin, name) is not getattr(Plugin, name)]
    if not written:
        raise Refused(f'"{plugin.__name__}" has no hook; it may have {", ".join(HOOKS)}')
    if wanted.hooks is None:
        for name in written:
            if name not in listed:
                raise Refused(
                    f'"{plugin.__name__}" has the hook "{name}" that plugin.toml does not list; add it to "hooks" there, '
                    'or have "configure" return a Subscription to those that are wanted'
                )
        return written
    return [_narrowed(plugin, name, written, listed) for name in dict.fromkeys(_texts("hooks", wanted.hooks))]


def _narrowed(plugin: type[Plugin], name: str, written: list[str], listed: list[str]) -> str:
    asked = f'"configure" asks for the hook "{name}"'
    if name not in HOOKS:
        raise Refused(f"{asked}, which does not exist; there are {', '.join(HOOKS)}")
    if name not in listed:
        raise Refused(f'{asked} that plugin.toml does not list; add it to "hooks" there')
    if name not in written:
        raise Refused(f'{asked}, and "{plugin.__name__}" has no method of that name; write it')
    return name


def _ready(wanted: Subscription, names: list[str], windows: Meta | None, is_async: bool) -> Meta:
    reads_request = "transform_request" in names or "transform_upstream" in names
    if not isinstance(wanted.body_digest, bool):
        raise _wrong("body_digest", "True or False", wanted.body_digest)
    return {
        "hooks": names,
        "headers": _need("headers", wanted.headers, True, _NAMES),
        "request_body": _need("request_body", wanted.request_body, reads_request),
        "response_body": _need("response_body", wanted.response_body, "transform_response" in names),
        "body_digest": wanted.body_digest,
        "windows": _windows(wanted.windows, windows),
        "dialects": _texts("dialects", wanted.dialects),
        "concurrency": CONCURRENCY if is_async else 1,
        "descriptors": True,
    }


_POINTERS = '"nothing", "whole" or a list of JSON pointers'
_NAMES = '"nothing", "whole" or a list of names in lower case'


def _need(key: str, need: Any, is_read: bool, wanted: str = _POINTERS) -> Any:
    if need is None:
        return "whole" if is_read else "nothing"
    if need in ("nothing", "whole"):
        return need
    if isinstance(need, str):
        raise _wrong(key, wanted, need)
    named = _texts(key, need)
    for name in named:
        if wanted == _NAMES and not _is_field_name(name):
            raise Refused(
                f'it subscribes to the header "{name}", which is no name of a header field; write it in lower case, such as "x-team"'
            )
        if wanted == _POINTERS and name and name[0] != "/":
            raise Refused(f'"{key}" of "configure" has "{name}", which is no JSON pointer; begin it with "/"')
    return {"fields": named}


def _is_field_name(name: str) -> bool:
    """A token (RFC 9110 section 5.6.2) in lower case."""
    return bool(name) and name.isascii() and name == name.lower() and all(c.isalnum() or c in "!#$%&'*+-.^_`|~" for c in name)


def _texts(key: str, values: Any) -> list[str]:
    is_list = isinstance(values, (list, tuple, set, frozenset, dict))
    if not is_list or not all(isinstance(value, str) for value in values):
        raise _wrong(key, "a list of str", values)
    return list(values)


def _windows(wanted: Windows | None, manifest: Meta | None) -> Meta | None:
    """What the author does not say stays as in plugin.toml."""
    if wanted is None:
        return None
    if not isinstance(wanted, Windows):
        raise _wrong("windows", "Windows(...)", wanted)
    made = {**_WINDOWS, **(manifest or {})}
    for name in Windows.__slots__:
        value = getattr(wanted, name)
        if value is None:
            continue
        if name != "mode" and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**32):
            raise _wrong(f"windows.{name}", "a whole number from 0", value)
        made[name] = value
    if made["mode"] not in _MODES:
        raise _wrong("windows.mode", "carry, window, full or watch", made["mode"])
    return made


def _wrong(key: str, wanted: str, found: Any) -> Refused:
    return Refused(f'"{key}" of "configure" must be {wanted}, not {found!r}'[:500])
