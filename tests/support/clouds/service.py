"""A server that gives credentials: it counts what it gave, can be held up, and can fail."""

import threading
from collections.abc import Iterator
from urllib.parse import parse_qs

from support.upstream import Reply, Seen, Upstream

# Stands in every secret of these tests, so that a log can be searched for all of them at once.
MARK = "S3CRET"


class Service:
    """Gives what `grant` makes of a request that `objections` finds nothing wrong with."""

    # Header fields of every answer.
    fields: dict[str, str] = {}

    def __init__(self, life: float = 3600):
        self.life = life
        self.problems: list[str] = []
        self.given: list = []
        self.failing: int | None = None
        self.failures = 0
        self.gate = threading.Event()
        self.gate.set()
        self.upstream = Upstream(self._answer)

    def __enter__(self):
        self.upstream.__enter__()
        return self

    def __exit__(self, kind, *_):
        self.gate.set()
        self.upstream.__exit__()
        if kind is None:
            assert self.problems == []

    @property
    def url(self) -> str:
        return self.upstream.url

    def objections(self, seen: Seen) -> Iterator[str]:
        """What is wrong with a request."""
        raise NotImplementedError

    def grant(self, seen: Seen, reply: Reply):
        """Answers a request that is right."""
        raise NotImplementedError

    def fail(self, status: int | None):
        """From now on every request gets this status; `None` ends it."""
        self.failures, self.failing = 0, status

    def _answer(self, seen: Seen, reply: Reply):
        self.gate.wait(30)
        problems = [f"{seen.method} {seen.target}: {problem}" for problem in self.objections(seen)]
        self.problems += problems
        if self.failing is not None:
            self.failures += 1
            reply.json({"error": "temporarily_unavailable"}, self.failing, **self.fields)
        elif problems:
            # Not what it is: that may be a secret.
            reply.json({"error": "invalid_request"}, 400, **self.fields)
        else:
            self.grant(seen, reply)


class Tokens(Service):
    """Gives bearer tokens, numbered from 1."""

    name = ""

    def token(self, number: int) -> str:
        return f"{MARK}-{self.name}-{number}"

    @property
    def latest(self) -> str:
        return self.token(len(self.given))

    def mint(self) -> str:
        self.given.append(self.token(len(self.given) + 1))
        return self.latest


def form(seen: Seen) -> dict[str, str]:
    """The pairs of a form, of which none may be there twice."""
    pairs = parse_qs(seen.body.decode(), strict_parsing=True)
    assert all(len(values) == 1 for values in pairs.values()), pairs
    return {name: values[0] for name, values in pairs.items()}


def differs(what: str, found, wanted) -> Iterator[str]:
    """An objection where something is not as it should be."""
    if found != wanted:
        yield f"{what} is {found!r}, not {wanted!r}"
