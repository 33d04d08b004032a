"""Errors of plugins as one line each, with the place in the author's own file."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

_MOST_CHARACTERS = 1000


class Refused(Exception):
    """The plugin cannot be used; the text goes to the operator."""


def sentence(error: BaseException, folder: str) -> str:
    """Place, type and message: `plugin.py:12: ValueError: no key`."""
    return f"{place(error, folder)}{type(error).__name__}: {message(error)}".rstrip(": ")[:_MOST_CHARACTERS]


def message(error: BaseException) -> str:
    """The message in one line. An error whose own text cannot be made is told without."""
    try:
        text = str(error.msg if isinstance(error, SyntaxError) else error)
        return " ".join("".join(c if c.isprintable() else " " for c in text[: 2 * _MOST_CHARACTERS]).split())
    except Exception:  # noqa: BLE001
        return ""


def place(error: BaseException, folder: str) -> str:
    """`plugin.py:12: `, the innermost line of the package that took part; nothing where none did."""
    if isinstance(error, SyntaxError) and error.filename:
        name = _own(error.filename, folder)
        return f"{name}:{error.lineno}: " if name else ""
    found = ""
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        name = _own(trace.tb_frame.f_code.co_filename, folder)
        if name:
            found = f"{name}:{trace.tb_lineno}: "
        trace = trace.tb_next
    return found


def _own(path: str, folder: str) -> str | None:
    """The path within the package. Installed packages may stand below it, and are none of the author's files."""
    prefix = folder.rstrip(os.sep) + os.sep
    if path.startswith(prefix) and "site-packages" not in path:
        return path[len(prefix) :]
    return None


def _without_ours(trace: TracebackType | None) -> TracebackType | None:
    """Without the steps of the SDK at both ends, which tell an author nothing."""
    while trace is not None and _is_ours(trace):
        trace = trace.tb_next
    last = step = trace
    while step is not None:
        if not _is_ours(step):
            last = step
        step = step.tb_next
    if last is not None:
        last.tb_next = None
    return trace


_OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep


def _is_ours(trace: TracebackType) -> bool:
    """Whether a step is one of the SDK, or of the interpreter's own import."""
    path = trace.tb_frame.f_code.co_filename
    return path.startswith((_OURS, "<frozen importlib")) or path.endswith(f"{os.sep}importlib{os.sep}__init__.py")


def print_traceback(error: BaseException) -> None:
    """For the gateway's log. The interpreter's own printer needs no import, and cannot be replaced by what a plugin sets."""
    try:
        seen: set[int] = set()
        cause: BaseException | None = error
        while cause is not None and id(cause) not in seen:
            seen.add(id(cause))
            cause.__traceback__ = _without_ours(cause.__traceback__)
            cause = cause.__cause__ or cause.__context__
        sys.__excepthook__(type(error), error, error.__traceback__)
    except BaseException:  # noqa: BLE001 - a plugin may have closed what it is printed to
        return
