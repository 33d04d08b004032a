"""Plugins for the Tidegate AI gateway.

A plugin is the one subclass of `Plugin` in the file that plugin.toml names as its entry.
"""

from __future__ import annotations

from . import _version
from .body import Body
from .context import AsyncContext, Context, Gateway
from .errors import ConfigError, Denied, Failed, Full, ServiceError, Timeout, TooLarge, Unavailable
from .event import Event
from .headers import Headers
from .plugin import Plugin
from .services.parts import Entry, Reply, Request
from .subscription import Subscription, Windows
from .text import Text, TextEdit
from .values import Client, Finding, Head, Outcome, Principal, Usage
from .verdicts import (
    Admission,
    Auth,
    EventVerdict,
    Moderation,
    Transform,
    admit,
    allow,
    block,
    changed,
    deny,
    drop,
    flag,
    grant,
    keep,
    pass_,
    redact,
    refuse,
    replace,
    reply,
    unchanged,
)

__version__ = _version.VERSION

__all__ = [
    "Admission",
    "AsyncContext",
    "Auth",
    "Body",
    "Client",
    "ConfigError",
    "Context",
    "Denied",
    "Entry",
    "Event",
    "EventVerdict",
    "Failed",
    "Finding",
    "Full",
    "Gateway",
    "Head",
    "Headers",
    "Moderation",
    "Outcome",
    "Plugin",
    "Principal",
    "Reply",
    "Request",
    "ServiceError",
    "Subscription",
    "Text",
    "TextEdit",
    "Timeout",
    "TooLarge",
    "Transform",
    "Unavailable",
    "Usage",
    "Windows",
    "admit",
    "allow",
    "block",
    "changed",
    "deny",
    "drop",
    "flag",
    "grant",
    "keep",
    "pass_",
    "redact",
    "refuse",
    "replace",
    "reply",
    "unchanged",
]
