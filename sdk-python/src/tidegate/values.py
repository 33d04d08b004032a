"""What hooks are told besides texts and bodies."""

from __future__ import annotations

from ._record import Record
from .headers import Headers
from .text import Text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Principal(Record):
    """A verified identity."""

    __slots__ = ("id", "tenant", "attributes")

    def __init__(self, id: str, tenant: str | None = None, attributes: dict[str, str] | None = None) -> None:
        self.id = id
        self.tenant = tenant
        self.attributes: dict[str, str] = attributes or {}

    @classmethod
    def _of(cls, meta: dict[str, Any]) -> Principal:
        return cls(meta.get("id") or "", meta.get("tenant"), dict(meta.get("attributes") or ()))


class Client(Record):
    """Who connected; the certificate and its names are those of a client that showed one."""

    __slots__ = ("address", "certificate_sha256", "names")

    def __init__(self, address: str, certificate_sha256: bytes | None = None, names: list[str] | None = None) -> None:
        self.address = address
        self.certificate_sha256 = certificate_sha256
        self.names: list[str] = names or []

    @classmethod
    def _of(cls, meta: dict[str, Any]) -> Client:
        return cls(meta.get("address") or "", _digest(meta.get("certificate_sha256")), meta.get("names"))


class Head(Record):
    """The head of a request, normalised. `body_sha256` (32 bytes) is there where the subscription asks for it."""

    __slots__ = ("method", "scheme", "authority", "path", "query", "headers", "client", "body_sha256")

    def __init__(
        self,
        method: str = "POST",
        path: str = "/v1/chat/completions",
        *,
        scheme: str = "http",
        authority: str = "gateway.test",
        query: str = "",
        headers: Headers | None = None,
        client: Client | None = None,
        body_sha256: bytes | None = None,
    ) -> None:
        self.method = method
        self.scheme = scheme
        self.authority = authority
        self.path = path
        self.query = query
        self.headers = headers or Headers()
        self.client = client or Client("127.0.0.1")
        self.body_sha256 = body_sha256

    @classmethod
    def _of(cls, meta: dict[str, Any]) -> Head:
        get = meta.get
        return cls(
            get("method") or "",
            get("path") or "",
            scheme=get("scheme") or "",
            authority=get("authority") or "",
            query=get("query") or "",
            headers=Headers._of(get("headers")),
            client=Client._of(get("client") or {}),
            body_sha256=_digest(get("body_sha256")),
        )


def _digest(digits: str | None) -> bytes | None:
    return None if digits is None else bytes.fromhex(digits)


class Usage(Record):
    """Tokens: `input` includes `cached_input` and `cache_write`, `output` includes `reasoning`."""

    __slots__ = ("input", "output", "cached_input", "cache_write", "reasoning", "cost_micro_usd", "estimated")

    def __init__(
        self,
        input: int = 0,
        output: int = 0,
        *,
        cached_input: int = 0,
        cache_write: int = 0,
        reasoning: int = 0,
        cost_micro_usd: int | None = None,
        estimated: bool = False,
    ) -> None:
        self.input = input
        self.output = output
        self.cached_input = cached_input
        self.cache_write = cache_write
        self.reasoning = reasoning
        self.cost_micro_usd = cost_micro_usd
        self.estimated = estimated

    @classmethod
    def _of(cls, meta: dict[str, Any] | None) -> Usage:
        get = (meta or {}).get
        return cls(
            get("input") or 0,
            get("output") or 0,
            cached_input=get("cached_input") or 0,
            cache_write=get("cache_write") or 0,
            reasoning=get("reasoning") or 0,
            cost_micro_usd=get("cost_micro_usd"),
            estimated=bool(get("estimated")),
        )


class Finding(Record):
    """Something found, for logs and metrics: a short fixed word, and nothing that repeats what was found."""

    __slots__ = ("category", "score", "text", "detail")

    def __init__(self, category: str, *, score: float | None = None, text: Text | int | None = None, detail: str = "") -> None:
        self.category = category
        self.score = score
        self.text: int | None = text.id if isinstance(text, Text) else text
        self.detail = detail

    @classmethod
    def _of(cls, meta: dict[str, Any]) -> Finding:
        get = meta.get
        return cls(get("category") or "", score=get("score"), text=get("text"), detail=get("detail") or "")


class Outcome(Record):
    """How an exchange ended, and what it used."""

    __slots__ = (
        "status", "error", "cluster", "attempts", "duration_ms", "first_token_ms", "usage", "findings", "cancelled",
    )  # fmt: skip

    def __init__(
        self,
        status: int = 200,
        *,
        error: str | None = None,
        cluster: str | None = None,
        attempts: int = 1,
        duration_ms: int = 0,
        first_token_ms: int | None = None,
        usage: Usage | None = None,
        findings: list[Finding] | None = None,
        cancelled: bool = False,
    ) -> None:
        self.status = status
        self.error = error
        self.cluster = cluster
        self.attempts = attempts
        self.duration_ms = duration_ms
        self.first_token_ms = first_token_ms
        self.usage = usage or Usage()
        self.findings: list[Finding] = findings or []
        self.cancelled = cancelled

    @classmethod
    def _of(cls, meta: dict[str, Any]) -> Outcome:
        get = meta.get
        return cls(
            get("status") or 0,
            error=get("error"),
            cluster=get("cluster"),
            attempts=get("attempts") or 0,
            duration_ms=get("duration_ms") or 0,
            first_token_ms=get("first_token_ms"),
            usage=Usage._of(get("usage")),
            findings=[Finding._of(finding) for finding in get("findings") or ()],
            cancelled=bool(get("cancelled")),
        )
