"""Calls of exports: into the same hooks as a worker's calls, with services that are imports."""

from __future__ import annotations

import os
import sys

from .. import _jsontext
from .._dispatch.configuring import configure
from .._dispatch.loading import load
from .._dispatch.told import Refused, print_traceback, sentence
from ..context import AsyncContext, Context
from ..services.asks import Ask
from . import given, services, taken, world
from .printing import Lines
from .running import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._dispatch.configuring import Configured
    from ..services.asks import T


class Component:
    """The plugin of an entry; made while the component is built, so that its modules are in it."""

    def __init__(self, entry: str, hooks: list[str], windows: dict[str, Any] | None) -> None:
        self._folder = _folder_of(entry)
        self._plugin = load(self._folder, entry)
        self._known = {"hooks": hooks, "windows": windows}
        self._configured: Configured | None = None

    def configure(self, config: str) -> Any:
        """Makes the plugin and configures it: the subscription of the contract."""
        _wake()
        caller = _Caller()
        try:
            hello = {**self._known, "config": _jsontext.loads(config)}
            self._configured = configure(self._plugin, hello, caller, self._folder)
            return taken.subscription(self._configured.ready)
        except Refused as error:
            raise world.Err(_utf8(str(error))) from None
        except BaseException as error:  # noqa: BLE001 - whatever else is raised would end the instance
            raise self._failed(error) from None
        finally:
            caller.close()

    def call(self, hook: str, take: Callable[[Any, bytes], Any], ctx: Any, give: Callable[..., given.Call], *told: Any) -> Any:
        """Calls a hook: `give` makes the meta of what is told, `take` the verdict of what comes back."""
        try:
            meta, body = give(*told)
            return take(*self._answer(hook, ctx, meta, body))
        except BaseException as error:  # noqa: BLE001 - neither sys.exit nor anything else of a hook ends the instance
            raise self._failed(error) from None

    def _answer(self, hook: str, ctx: Any, meta: dict[str, Any], body: bytes) -> tuple[Any, bytes]:
        if self._configured is None:
            raise RuntimeError("the plugin is not configured")
        wanted = self._configured.hooks[hook]
        caller = _AsyncCaller() if wanted.is_async else _Caller()
        try:
            if wanted.is_async:
                return run(wanted.answer_async(AsyncContext(given.context(ctx), caller), meta, body))
            return wanted.answer(Context(given.context(ctx), caller), meta, body)
        finally:
            caller.close()

    def _failed(self, error: BaseException) -> BaseException:
        print_traceback(error)
        failure: BaseException = world.Err(_utf8(sentence(error, self._folder)))
        return failure


class _Caller:
    """Asks for a sync hook, while its call runs."""

    def __init__(self) -> None:
        self._is_open = True

    def ask(self, ask: Ask[T]) -> T:
        """Asks a service."""
        if not self._is_open:
            raise RuntimeError("services can be asked only while the hook, or configure, runs; keep no ctx beyond it")
        return services.answer(ask)

    def note(self, meta: dict[str, Any]) -> None:
        """Tells the gateway something."""
        services.tell(meta)

    def close(self) -> None:
        """Ends it."""
        self._is_open = False


class _AsyncCaller(_Caller):
    """The same for an async hook; nothing is waited for."""

    async def ask(self, ask: Ask[T]) -> T:  # type: ignore[override]
        return super().ask(ask)


def _folder_of(entry: str) -> str:
    """The builder puts the package's folder into `sys.path` before all others."""
    for folder in sys.path:
        if os.path.isfile(os.path.join(folder, entry)):
            return folder
    raise Refused(f'the entry "{entry}" is not in the package; correct the name or add the file')


def _wake() -> None:
    """What was there when the component was built is not what there is now: its output, and the seed of `random`."""
    sys.stdout, sys.stderr = Lines("stdout"), Lines("stderr")
    random = sys.modules.get("random")
    if random is not None:
        random.seed()


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
