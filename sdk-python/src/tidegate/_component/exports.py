"""The exports of the contract. Those that the world does not have are never looked at."""

from __future__ import annotations

from . import given, taken
from .calls import Component
from .sweeping import sweep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_component: Component


def serve(entry: str, hooks: list[str], windows: dict[str, Any] | None) -> None:
    """Loads the plugin of an entry. `hooks` are those of plugin.toml, `windows` is its `[stream]`."""
    global _component
    _component = Component(entry, hooks, windows)
    sweep()


class Lifecycle:
    """`lifecycle`"""

    def configure(self, config: str) -> Any:
        """`configure`"""
        return _component.configure(config)


class Auth:
    """`auth`"""

    def authenticate(self, ctx: Any, head: Any) -> Any:
        """`authenticate`"""
        return _component.call("authenticate", taken.auth, ctx, given.head, head)


class Admission:
    """`admission`"""

    def admit(self, ctx: Any, estimate: Any) -> Any:
        """`admit`"""
        return _component.call("admit", taken.admission, ctx, given.estimate, estimate)

    def settle(self, ctx: Any, ticket: str, actual: Any) -> None:
        """`settle`"""
        _component.call("settle", taken.nothing, ctx, given.settled, ticket, actual)


class Transform:
    """`transform`"""

    def request(self, ctx: Any, headers: list[Any], body: Any) -> Any:
        """`transform_request`"""
        return _component.call("transform_request", taken.transform, ctx, given.message, headers, body)

    def upstream(self, ctx: Any, headers: list[Any], body: Any) -> Any:
        """`transform_upstream`"""
        return _component.call("transform_upstream", taken.transform, ctx, given.message, headers, body)

    def response(self, ctx: Any, status: int, headers: list[Any], body: Any) -> Any:
        """`transform_response`"""
        return _component.call("transform_response", taken.transform, ctx, given.response, status, headers, body)

    def events(self, ctx: Any, events: list[Any]) -> Any:
        """`transform_event`"""
        return _component.call("transform_event", taken.events, ctx, given.events, events)


class Moderation:
    """`moderation`"""

    def input(self, ctx: Any, texts: list[Any]) -> Any:
        """`moderate_input`"""
        return _component.call("moderate_input", taken.moderation, ctx, given.texts, texts)

    def output(self, ctx: Any, texts: list[Any], last: bool) -> Any:
        """`moderate_output`"""
        return _component.call("moderate_output", taken.moderation, ctx, given.texts, texts, last)


class Observe:
    """`observe`"""

    def completed(self, ctx: Any, outcome: Any) -> None:
        """`completed`"""
        _component.call("completed", taken.nothing, ctx, given.outcome, outcome)
