"""What the gateway offers to a plugin: `asks` knows the frames, `blocking` and `awaited` are the two ways to wait."""

from __future__ import annotations

from .awaited import AsyncHttp, AsyncKv, AsyncModels, AsyncSecrets, AsyncState
from .blocking import Http, Kv, Models, Secrets, State
from .notes import Log, Metrics
from .parts import Entry, Reply, Request

__all__ = [
    "AsyncHttp",
    "AsyncKv",
    "AsyncModels",
    "AsyncSecrets",
    "AsyncState",
    "Entry",
    "Http",
    "Kv",
    "Log",
    "Metrics",
    "Models",
    "Reply",
    "Request",
    "Secrets",
    "State",
]
