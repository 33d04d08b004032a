"""Services of async hooks: the same names as in `blocking`, each awaited."""

from __future__ import annotations

from . import asks
from .parts import Entry, Reply, Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    from ..errors import ServiceError
    from ..headers import Fields
    from .asks import Ask, T

    class AsyncCaller(Protocol):
        """Who asks, and is awaited."""

        async def ask(self, ask: Ask[T], /) -> T: ...

        def note(self, meta: dict[str, Any]) -> None: ...


class _Service:
    __slots__ = ("_caller",)

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller


class AsyncKv(_Service):
    """Values that outlive a request. Each plugin has keys of its own, up to 512 bytes; values have up to 64 KiB."""

    __slots__ = ()

    async def get(self, key: str) -> Entry | None:
        """The value and its version, or None."""
        return await self._caller.ask(asks.kv_get(key))

    async def set(
        self, key: str, value: str | bytes, *, ttl_ms: int | None = None, if_version: int | None = None
    ) -> int | None:
        """The new version, or None where another one stands than `if_version`; 0 means: only where there is none."""
        return await self._caller.ask(asks.kv_set(key, value, ttl_ms, if_version))

    async def delete(self, key: str) -> bool:
        """Whether there was one."""
        return await self._caller.ask(asks.kv_delete(key))

    async def increment(self, key: str, by: int = 1, *, ttl_ms: int | None = None) -> int:
        """Adds to a decimal number, from 0 where there is none; `ttl_ms` counts from the first."""
        return await self._caller.ask(asks.kv_increment(key, by, ttl_ms))


class AsyncHttp(_Service):
    """Requests to hosts that were granted. Redirects are not followed."""

    __slots__ = ()

    async def send(self, requests: Sequence[Request]) -> list[Reply | ServiceError]:
        """Sends up to 16 requests at once. The answers stand in the same order; those that failed are errors, not raised."""
        return await self._caller.ask(asks.http(requests))

    async def request(self, request: Request) -> Reply:
        """Sends one request; where it fails its error is raised."""
        return asks.first(await self.send([request]))

    async def get(self, url: str, *, headers: Fields | None = None, timeout_ms: int | None = None) -> Reply:
        """Sends a `GET`."""
        return await self.request(Request(url, headers=headers, timeout_ms=timeout_ms))

    async def post(self, url: str, **parts: Any) -> Reply:
        """Sends a `POST`; `headers`, `body`, `json` and `timeout_ms` are those of `Request`."""
        return await self.request(Request(url, "POST", **parts))


class AsyncModels(_Service):
    """Models behind routes of the gateway that were granted."""

    __slots__ = ()

    async def ask(self, route: str, body: dict[str, Any]) -> Any:
        """The answer of a route to a chat request; where it gives none, `ServiceError` is raised."""
        return await self._caller.ask(asks.model(route, body))


class AsyncSecrets(_Service):
    """Secrets by name."""

    __slots__ = ()

    async def get(self, name: str) -> str:
        """The secret; where it is not granted, `Denied` is raised."""
        return await self._caller.ask(asks.secret(name))


class AsyncState(_Service):
    """Notes of this filter on this request, 16 KiB with their keys; the same from every hook and worker."""

    __slots__ = ()

    async def get(self, key: str) -> bytes | None:
        """A note of an earlier hook, or None."""
        return await self._caller.ask(asks.note(key))

    async def set(self, key: str, value: str | bytes) -> None:
        """Keeps a note for later hooks; where there is no room, `Full` is raised and what was there stays."""
        await self._caller.ask(asks.set_note(key, value))
