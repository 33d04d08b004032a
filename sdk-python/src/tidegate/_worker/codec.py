"""How frames are read and written: by the extension where it is there, else as `frames` does, which says what is right."""

from __future__ import annotations

from functools import partial

from .. import _extension
from . import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket

Reader: Callable[[socket], frames.Reader] = frames.Reader
frame: Callable[..., bytes] = frames.frame

if _extension.compiled is not None:
    Reader = _extension.compiled.Reader
    frame = partial(_extension.compiled.frame, frames.frame)
