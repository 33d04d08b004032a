"""A strict upstream of one vendor: what is not as the vendor's API has it is a 400 and a problem of the test."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from support.upstream import Reply, Seen, Upstream, head
from support.vendors.scenes import TEXT, Junk, Refusal, Scene

SIGNATURE = ("x-amz-date", "x-amz-security-token", "x-amz-content-sha256")
CREDENTIALS = ("authorization", "api-key", "x-api-key", "x-goog-api-key", *SIGNATURE)


@dataclass
class Asked:
    """What a request says, in words of no vendor; `None` and empty where it says nothing of the kind."""

    system: str = ""
    text: str = ""
    limit: int | None = None
    temperature: float | None = None
    stops: list[str] = field(default_factory=list)
    tools: dict[str, dict] = field(default_factory=dict)
    calls: list[tuple[str, str, dict]] = field(default_factory=list)
    results: list[tuple[str, str]] = field(default_factory=list)
    pictures: list[tuple[str, str]] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    schema: dict | None = None
    thinks: bool = False


class Vendor:
    """Plays `scene` to every request that it has no objection to."""

    provider = ""
    model = "m-1"
    auth = ("authorization", "Bearer k")
    credentials: dict = {"api_key": "k"}
    site: dict = {}
    event_type = "text/event-stream"

    def __init__(self):
        self.scene: Scene | Refusal | Junk = TEXT
        self.problems: list[str] = []
        self.left = threading.Event()
        self.upstream = Upstream(self._answer)

    def __enter__(self):
        self.upstream.__enter__()
        return self

    def __exit__(self, *_):
        self.upstream.__exit__()

    def cluster(self, **more) -> dict:
        return self.upstream.cluster(self.provider, credentials=self.credentials, **self.site, **more)

    def play(self, scene: Scene | Refusal | Junk):
        self.scene = scene
        self.left.clear()

    def asked(self) -> Asked:
        """What the last request said."""
        return self.read(self.upstream.requests[-1].json)

    # -- what a vendor says of itself -----------------------------------------------------------------------------

    def paths(self) -> dict[bool, str]:
        """The targets of a plain request and of one for a stream."""
        raise NotImplementedError

    def objections(self, body: dict, stream: bool) -> Iterator[str]:
        """What is wrong with a body."""
        raise NotImplementedError

    def read(self, body: dict) -> Asked:
        raise NotImplementedError

    def whole(self, scene: Scene) -> dict:
        """An answer."""
        raise NotImplementedError

    def events(self, scene: Scene) -> list[bytes]:
        """A stream, whole."""
        raise NotImplementedError

    def failing(self, message: str) -> bytes:
        """What a stream ends with where the model fails."""
        raise NotImplementedError

    def error(self, status: int, message: str) -> dict:
        """The body of an error."""
        raise NotImplementedError

    def error_fields(self, status: int) -> dict[str, str]:
        """The header fields of an error."""
        return {}

    def streams(self, seen: Seen) -> bool:
        """Whether a stream is asked for."""
        return seen.json.get("stream") is True

    def trespass(self, seen: Seen) -> Iterator[str]:
        """What is wrong with the credentials: those of the cluster are there, and no others."""
        sent = {name: seen.all(name) for name in CREDENTIALS if seen.all(name)}
        if sent != {self.auth[0]: [self.auth[1]]}:
            yield f"the credentials {sent}"

    # -- how it answers -------------------------------------------------------------------------------------------

    def _answer(self, seen: Seen, reply: Reply):
        problems = list(self._problems(seen))
        self.problems += problems
        if problems:
            reply.json(self.error(400, "; ".join(problems)), 400, **self.error_fields(400))
        elif isinstance(self.scene, Refusal):
            self._refuse(self.scene, reply)
        elif isinstance(self.scene, Junk):
            self._litter(self.scene, reply)
        elif self.streams(seen):
            self._stream(self.scene, reply)
        else:
            reply.json(self.whole(self.scene))

    def _problems(self, seen: Seen) -> Iterator[str]:
        if seen.method != "POST":
            yield f"the method {seen.method}"
        if seen.get("content-type") != "application/json":
            yield f"the content type {seen.get('content-type')}"
        yield from self.trespass(seen)
        try:
            body = seen.json
        except ValueError as error:
            yield f"no JSON: {error}"
            return
        stream = self.streams(seen)
        if seen.target != self.paths()[stream]:
            yield f"the target {seen.target}, not {self.paths()[stream]}"
        yield from self.objections(body, stream)

    def _refuse(self, refusal: Refusal, reply: Reply):
        fields = self.error_fields(refusal.status)
        if refusal.retry_after is not None:
            fields["retry_after"] = str(refusal.retry_after)
        reply.json(self.error(refusal.status, "the tide is out"), refusal.status, **fields)

    def _litter(self, junk: Junk, reply: Reply):
        length = str(len(junk.body) + junk.missing)
        reply.raw(head(junk.status, content_type=junk.content_type, content_length=length) + junk.body)
        if junk.missing:
            reply.cut()

    def _stream(self, scene: Scene, reply: Reply):
        try:
            self._tell(scene, reply)
        except OSError:
            self.left.set()
            raise

    def _tell(self, scene: Scene, reply: Reply):
        reply.raw(head(200, content_type=self.event_type, transfer_encoding="chunked"))
        events = self.events(scene)
        told = events if scene.breaks is None else events[: len(events) // 2]
        for event in told:
            reply.chunk(event)
        if scene.breaks is None:
            reply.end()
        else:
            self._break(scene.breaks, reply)

    def _break(self, how: str, reply: Reply):
        if how == "error":
            reply.chunk(self.failing("the model fell over"))
        if how in ("error", "end"):
            reply.end()
        elif how == "cut":
            reply.cut()
        elif reply.gone(20):
            self.left.set()


def event(data: dict, name: str | None = None) -> bytes:
    """A server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
