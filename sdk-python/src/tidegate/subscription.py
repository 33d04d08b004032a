"""What a configured plugin asks to be told."""

from __future__ import annotations

from ._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, Union

    Need = Union[Literal["nothing", "whole"], Sequence[str]]


class Windows(Record):
    """How a stream is cut for `moderate_output`. What is left out stays as in plugin.toml. `mode` is `carry`, `window`, `full`
    or `watch`."""

    __slots__ = ("mode", "min", "max", "overlap", "max_match", "max_hold_ms")

    def __init__(
        self,
        mode: str | None = None,
        *,
        min: int | None = None,
        max: int | None = None,
        overlap: int | None = None,
        max_match: int | None = None,
        max_hold_ms: int | None = None,
    ) -> None:
        self.mode = mode
        self.min = min
        self.max = max
        self.overlap = overlap
        self.max_match = max_match
        self.max_hold_ms = max_hold_ms


class Subscription(Record):
    """Returned by `configure` to ask for less than what the class has.

    - `hooks`: those that this configuration needs; the others are not called and cost nothing
    - `headers`: the header fields that `authenticate` and the transforms are given: `"whole"`, `"nothing"`, or a list of names
      in lower case
    - `request_body`, `response_body`: `"whole"`, `"nothing"`, or a list of JSON pointers (RFC 6901)
    - `body_digest`: the SHA-256 of the request's body in `authenticate`; the body is read first then
    - `windows`: how a stream is cut, in place of what plugin.toml says
    - `dialects`: those that the transforms understand; none stands for `openai`
    """

    __slots__ = ("hooks", "headers", "request_body", "response_body", "body_digest", "windows", "dialects")

    def __init__(
        self,
        hooks: Sequence[str] | None = None,
        *,
        headers: Need = "whole",
        request_body: Need | None = None,
        response_body: Need | None = None,
        body_digest: bool = False,
        windows: Windows | None = None,
        dialects: Sequence[str] = (),
    ) -> None:
        self.hooks = hooks
        self.headers = headers
        self.request_body = request_body
        self.response_body = response_body
        self.body_digest = body_digest
        self.windows = windows
        self.dialects = dialects
