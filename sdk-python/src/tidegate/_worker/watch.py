"""Ends the process when the gateway is gone, also while a hook runs."""

from __future__ import annotations

import os
import select
from _thread import start_new_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket


def watch(socket: socket) -> None:
    """Starts a thread that waits for the other end to close and does nothing else."""
    start_new_thread(_wait, (socket.fileno(),))


def _wait(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLRDHUP)
    poll.poll()
    os._exit(0)
