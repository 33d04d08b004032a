"""Serves calls one after the other: nothing but a read, the hook and a write."""

from __future__ import annotations

from ..context import Context
from .calls import failed, returned
from .channel import BlockingCall
from .frames import CALL, STOP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._dispatch.configuring import Configured
    from .channel import Channel


def serve(channel: Channel, configured: Configured, folder: str) -> None:
    """Answers until the gateway says stop."""
    while True:
        kind, id, meta, body = channel.next()
        if kind == CALL:
            channel.send(_answer(channel, configured, folder, (id, meta, body)))
        elif kind == STOP:
            return


def _answer(channel: Channel, configured: Configured, folder: str, called: tuple[int, dict[str, Any], bytes]) -> bytes:
    id, meta, body = called
    call = BlockingCall(channel, id)
    try:
        hook = configured.hooks[meta["hook"]]
        return returned(id, hook.answer(Context._of(meta.get("ctx"), call), meta, body))
    except BaseException as error:  # noqa: BLE001 - neither sys.exit nor anything else of a hook ends the worker
        return failed(id, error, folder)
    finally:
        call.close()
