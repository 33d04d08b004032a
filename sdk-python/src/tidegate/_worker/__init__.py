"""What runs plugins for the gateway: docs/worker-protocol.md says what goes over file descriptor 3."""

from __future__ import annotations

import io
import os
import sys
from _thread import stack_size
from atexit import _run_exitfuncs
from functools import partial
from socket import socket

from .. import _extension, _jsontext
from .._dispatch.configuring import Configured, check_versions, configure
from .._dispatch.loading import load
from .._dispatch.told import Refused
from ..context import AsyncContext, Context
from .channel import BlockingCall, Channel
from .frames import HELLO, READY, REFUSED, Garbage, frame
from .watch import watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_DESCRIPTOR = 3
# The stack of a thread counts as memory of the plugin in full, and 8 MiB of the usual limit of 64 go a short way.
_STACK = 2 * 1024 * 1024


def main() -> None:
    """Serves one plugin until the gateway says stop or is gone."""
    # They are the paths that the gateway gave, in sys.path by now, and no arguments of the plugin.
    del sys.argv[1:]
    _prepare_output()
    stack_size(_STACK)
    connection = _connection()
    if _extension.trouble:
        print(f"tidegate worker: its extension is not used: {_extension.trouble}", file=sys.stderr)
    watch(connection)
    channel = Channel(connection)
    folder = os.getcwd()
    try:
        serve = _prepared(connection, channel, folder)
        if serve is None:
            sys.exit(1)
        serve()
        _end()
    except Garbage as error:
        sys.exit(f"tidegate worker: {error}")


def _end() -> None:
    """Ends the process once all is answered. Threads that the plugin left running are waited for by nobody."""
    try:
        _run_exitfuncs()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # noqa: BLE001, S112 - a plugin may have closed or replaced it
                continue
        os._exit(0)


def _prepare_output() -> None:
    """What a plugin prints is a line in the gateway's log as soon as it is one."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _connection() -> socket:
    try:
        connection = socket(fileno=_DESCRIPTOR)
    except OSError:
        sys.exit("tidegate worker: file descriptor 3 is no socket; the gateway starts workers, tidegate.testing plays cases")
    # What a plugin starts must not hold the connection open.
    connection.set_inheritable(False)
    return connection


def _prepared(connection: socket, channel: Channel, folder: str) -> Callable[[], None] | None:
    """Answers the hello: what serves the plugin, or None where it is refused."""
    kind, _, hello, _ = channel.next()
    if kind != HELLO:
        raise Garbage("the first frame is no hello")
    call = BlockingCall(channel, 0)
    try:
        check_versions(hello)
        configured = configure(load(folder, hello.get("entry") or ""), hello, call, folder)
        ready = _jsontext.dumps(configured.ready)
    except Refused as error:
        text = str(error).encode("utf-8", "replace").decode("utf-8")
        channel.send(frame(REFUSED, 0, _jsontext.dumps({"error": text})))
        return None
    finally:
        call.close()
    contexts = {name: AsyncContext if hook.is_async else Context for name, hook in configured.hooks.items()}
    channel.reader.expect(contexts)
    # What the worker has before it is ready does not count as memory of the plugin.
    serve = _server(connection, channel, configured, folder)
    channel.send(frame(READY, 0, ready))
    return serve


def _server(connection: socket, channel: Channel, configured: Configured, folder: str) -> Callable[[], None]:
    """Each way to serve is imported where it is needed: the event loop alone costs more time than all the rest."""
    if configured.is_async:
        from .multiplex import Multiplex

        return Multiplex(connection, channel, configured, folder).serve
    from .blocking import serve

    return partial(serve, channel, configured, folder)
