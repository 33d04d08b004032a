"""What every hook knows of its request, and what it may ask of the gateway."""

from __future__ import annotations

from time import monotonic

from .services import asks
from .services.awaited import AsyncHttp, AsyncKv, AsyncModels, AsyncSecrets, AsyncState
from .services.blocking import Http, Kv, Models, Secrets, State
from .services.notes import Log, Metrics
from .values import Principal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

    from .services.awaited import AsyncCaller
    from .services.blocking import Caller


class _Known:
    """What is known of the request. `route` is empty before one is picked, `attempt` 0 before the first."""

    __slots__ = (
        "request_id", "route", "dialect", "operation", "model", "principal", "streaming", "attempt", "_until", "_caller",
    )  # fmt: skip

    def __init__(self, meta: dict[str, Any], caller: Any) -> None:
        self._caller = caller
        get = meta.get
        self._until = monotonic() * 1000 + (get("deadline_ms") or 0)
        self.request_id: str = get("request_id") or ""
        self.route: str = get("route") or ""
        self.dialect: str = get("dialect") or ""
        self.operation: str = get("operation") or ""
        self.model: str | None = get("model")
        self.streaming = bool(get("streaming"))
        self.attempt: int = get("attempt") or 0
        principal = get("principal")
        self.principal: Principal | None = None if principal is None else Principal._of(principal)

    @classmethod
    def _of(cls, meta: Any, caller: Any) -> Self:
        """Of `ctx` of a call, or of what the extension has made of it: it does not know who asks, nor when it began."""
        if not isinstance(meta, cls):
            return cls(meta or {}, caller)
        meta._caller = caller
        meta._until += monotonic() * 1000
        return meta

    @property
    def deadline_ms(self) -> int:
        """What is left of the time for this call, now."""
        return max(0, int(self._until - monotonic() * 1000))


class Context(_Known):
    """The context of a sync hook. Its services return when the gateway has answered, and raise where it refuses."""

    __slots__ = ()

    _caller: Caller

    def attribute(self, name: str) -> str | None:
        """`service`, `listener`, `method`, `path`, `client.address`; None where it is not known."""
        return self._caller.ask(asks.attribute(name))

    @property
    def log(self) -> Log:
        """Lines in the gateway's log."""
        return Log(self._caller)

    @property
    def metrics(self) -> Metrics:
        """Series of the plugin's own."""
        return Metrics(self._caller)

    @property
    def state(self) -> State:
        """Notes of this filter on this request."""
        return State(self._caller)

    @property
    def kv(self) -> Kv:
        """Values that outlive a request."""
        return Kv(self._caller)

    @property
    def http(self) -> Http:
        """Requests to other servers."""
        return Http(self._caller)

    @property
    def models(self) -> Models:
        """Models behind routes of the gateway."""
        return Models(self._caller)

    @property
    def secrets(self) -> Secrets:
        """Secrets by name."""
        return Secrets(self._caller)


class AsyncContext(_Known):
    """The context of an async hook: the same names; all but `log` and `metrics` are awaited."""

    __slots__ = ()

    _caller: AsyncCaller

    async def attribute(self, name: str) -> str | None:
        """`service`, `listener`, `method`, `path`, `client.address`; None where it is not known."""
        return await self._caller.ask(asks.attribute(name))

    @property
    def log(self) -> Log:
        """Lines in the gateway's log."""
        return Log(self._caller)

    @property
    def metrics(self) -> Metrics:
        """Series of the plugin's own."""
        return Metrics(self._caller)

    @property
    def state(self) -> AsyncState:
        """Notes of this filter on this request."""
        return AsyncState(self._caller)

    @property
    def kv(self) -> AsyncKv:
        """Values that outlive a request."""
        return AsyncKv(self._caller)

    @property
    def http(self) -> AsyncHttp:
        """Requests to other servers."""
        return AsyncHttp(self._caller)

    @property
    def models(self) -> AsyncModels:
        """Models behind routes of the gateway."""
        return AsyncModels(self._caller)

    @property
    def secrets(self) -> AsyncSecrets:
        """Secrets by name."""
        return AsyncSecrets(self._caller)


class Gateway:
    """What can be asked of the gateway outside of a call: all of it while the plugin is configured, `log` and `metrics` also
    later."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @property
    def log(self) -> Log:
        """Lines in the gateway's log."""
        return Log(self._caller)

    @property
    def metrics(self) -> Metrics:
        """Series of the plugin's own."""
        return Metrics(self._caller)

    @property
    def kv(self) -> Kv:
        """Values that outlive a request."""
        return Kv(self._caller)

    @property
    def secrets(self) -> Secrets:
        """Secrets by name."""
        return Secrets(self._caller)
