"""Calls that are under way, and the frames that end them."""

from __future__ import annotations

from .. import _jsontext
from .._dispatch.told import print_traceback, sentence
from ..errors import TooLarge
from .codec import frame
from .frames import ASK, FAIL, NOTE, RETURN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._dispatch.hooks import Answer
    from ..services.asks import Ask

MOST_OF_AN_ASK = 1024 * 1024


class Cancelled(BaseException):
    """Nobody waits for the verdict any more. No `except Exception` of a plugin catches it."""


class CallOver(RuntimeError):
    """A service was asked on behalf of a call that is over."""

    def __init__(self) -> None:
        super().__init__("services can be asked only while the hook, or configure, runs; keep no ctx beyond it")


def returned(id: int, answer: Answer) -> bytes:
    """The frame of a verdict."""
    meta, body = answer
    return frame(RETURN, id, "null" if meta is None else _jsontext.dumps(meta), body)


def failed(id: int, error: BaseException, folder: str) -> bytes:
    """The frame of a failure. What a plugin raised is told in the log, too; a call that nobody waits for is not."""
    if isinstance(error, Cancelled):
        return frame(FAIL, id, '{"error":"cancelled"}')
    print_traceback(error)
    text = sentence(error, folder).encode("utf-8", "replace").decode("utf-8")
    return frame(FAIL, id, _jsontext.dumps({"error": text}))


def ask_frame(id: int, call: int, ask: Ask[Any]) -> bytes:
    """The frame of a question. One that is too long would end the worker."""
    made = frame(ASK, id, _jsontext.dumps({"call": call, **ask.meta}), ask.body)
    if len(made) > MOST_OF_AN_ASK:
        raise TooLarge(f"what is asked of a service has at most {MOST_OF_AN_ASK // 1024} KiB at once")
    return made


def note_frame(call: int, meta: dict[str, Any]) -> bytes:
    """The frame of a log line or metric. Text that is no UTF-8 is mended: a log line must not fail a call."""
    text = _jsontext.dumps(meta)
    return frame(NOTE, call, text.encode("utf-8", "replace").decode("utf-8"))
