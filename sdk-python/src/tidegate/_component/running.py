"""Runs coroutines in a component, where nothing happens beside them: services answer at once, and only time is waited for."""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any, TypeVar

    T = TypeVar("T")

_loop: Any = None


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end. A plugin that uses asyncio gets its event loop; any other does without, which is quicker."""
    if "asyncio" in sys.modules:
        result: T = _event_loop().run_until_complete(coroutine)
        return result
    try:
        coroutine.send(None)
    except StopIteration as over:
        return over.value  # type: ignore[no-any-return]
    coroutine.close()
    raise RuntimeError("the hook waits for what is neither a service nor of asyncio, and never comes")


def _event_loop() -> Any:
    global _loop
    if _loop is None:
        _loop = _made()
    return _loop


def _made() -> Any:
    from asyncio import BaseEventLoop

    class Loop(BaseEventLoop):
        """asyncio's own loop, with the clock as the only thing that it can wait for."""

        def __init__(self) -> None:
            super().__init__()
            self._selector = self

        def select(self, timeout: float | None) -> list[Any]:
            if timeout is None:
                raise RuntimeError("the hook waits for something that never comes: there are no threads and no sockets")
            if timeout > 0:
                time.sleep(timeout)
            return []

        def _process_events(self, event_list: list[Any]) -> None:
            """There are none."""

    return Loop()
