"""The class that a plugin is a subclass of."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Any

    from .body import Body
    from .context import Gateway
    from .event import Event
    from .headers import Headers
    from .subscription import Subscription
    from .text import Text
    from .values import Head, Outcome, Usage
    from .verdicts import Admission, Auth, EventVerdict, Moderation, Transform


class Plugin:
    """The base of a plugin: write the hooks that you need, each with `def` or `async def`.

    `ctx` is a `Context`, in async hooks an `AsyncContext`. A hook that returns None passes, admits without a ticket, leaves
    unchanged, keeps, allows. An exception is a failure, never a verdict: the filter's `on_error` decides.
    """

    gateway: Gateway
    """For `configure`: secrets and stored values can be asked for before there is a request."""

    def configure(self, config: dict[str, Any]) -> Subscription | None:
        """Called once, first. Returning None subscribes to the hooks that the class has, and for transforms to whole bodies;
        a `Subscription` narrows that. `raise ConfigError(...)` refuses the configuration in one sentence."""

    def authenticate(self, ctx: Any, head: Head) -> Auth | Awaitable[Auth | None] | None:
        """Says who calls, before anything of the body is trusted: `pass_`, `grant` or `deny`."""

    def admit(self, ctx: Any, estimate: Usage) -> Admission | Awaitable[Admission | None] | None:
        """Reserves what the request may cost, before the first body hook: `admit` or `refuse`."""

    def settle(self, ctx: Any, ticket: str, actual: Usage) -> Awaitable[None] | None:
        """Settles a ticket of `admit`, exactly once, however the exchange ended."""

    def transform_request(self, ctx: Any, headers: Headers, body: Body) -> Transform | Awaitable[Transform | None] | None:
        """Changes the request, in the client's dialect: `unchanged`, `changed` or `reply`."""

    def transform_upstream(self, ctx: Any, headers: Headers, body: Body) -> Transform | Awaitable[Transform | None] | None:
        """Changes the request of one attempt, in the provider's dialect."""

    def transform_response(
        self, ctx: Any, status: int, headers: Headers, body: Body
    ) -> Transform | Awaitable[Transform | None] | None:
        """Changes the answer; of a stream its head, without a body."""

    def transform_event(self, ctx: Any, event: Event) -> EventVerdict | Awaitable[EventVerdict | None] | None:
        """Changes one event of a stream: `keep`, `replace` or `drop`."""

    def moderate_input(self, ctx: Any, texts: list[Text]) -> Moderation | Awaitable[Moderation | None] | None:
        """Judges the texts of a request: `allow`, `flag`, `redact` or `block`."""

    def moderate_output(self, ctx: Any, texts: list[Text], last: bool) -> Moderation | Awaitable[Moderation | None] | None:
        """Judges the texts of an answer; `last` in the last call of a stream, and in the only one of any other answer."""

    def completed(self, ctx: Any, outcome: Outcome) -> Awaitable[None] | None:
        """Is told of a finished exchange, off its path."""


# The hooks of the contract, and what each is given besides itself and `ctx`.
HOOKS: dict[str, tuple[str, ...]] = {
    "authenticate": ("head",),
    "admit": ("estimate",),
    "settle": ("ticket", "actual"),
    "transform_request": ("headers", "body"),
    "transform_upstream": ("headers", "body"),
    "transform_response": ("status", "headers", "body"),
    "transform_event": ("event",),
    "moderate_input": ("texts",),
    "moderate_output": ("texts", "last"),
    "completed": ("outcome",),
}
