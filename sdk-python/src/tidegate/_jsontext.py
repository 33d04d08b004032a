"""JSON as it stands in frames: UTF-8 text without spaces, and no number that JSON does not have."""

from __future__ import annotations

import json
from functools import partial
from json import encoder

from ._extension import compiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))
_decoder = json.JSONDecoder()


def _fast_writer() -> Callable[[Any, int], tuple[str, ...]] | None:
    """The encoder in C, made once: `encode` makes one for each value, which costs as much as a small verdict."""
    make = getattr(encoder, "c_make_encoder", None)
    try:
        return make and make(None, _encoder.default, encoder.encode_basestring, None, ":", ",", False, False, False)
    except TypeError:
        return None


_write = _fast_writer()


def write(value: Any) -> str:
    """JSON text of a value. A TypeError or ValueError says what in it JSON cannot hold."""
    return _encoder.encode(value) if _write is None else "".join(_write(value, 0))


def read(text: str) -> Any:
    """The value of a JSON text. A ValueError says where it is none."""
    try:
        value, end = _decoder.raw_decode(text)
    except ValueError:
        end = -1
    # `decode` looks for spaces around the value, which is dear and hardly ever finds some.
    return value if end == len(text) else _decoder.decode(text)


# The same, with the extension where it is there.
dumps: Callable[[Any], str] = write if compiled is None else partial(compiled.dumps, write)
loads: Callable[[str], Any] = read if compiled is None else partial(compiled.loads, read)
