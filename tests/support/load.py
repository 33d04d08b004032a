"""Clients that ask gateways without a pause, from a thread of their own, and what they were told."""

import asyncio
import itertools
import json
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from support.wait import until

CHAT = {"model": "mock", "messages": [{"role": "user", "content": "hello"}]}


@dataclass(frozen=True)
class Answer:
    """What became of one request; times are those of the steady clock."""

    id: str
    status: int
    fields: dict[str, str]
    body: bytes
    address: tuple[str, int]
    asked: float
    came: float

    @property
    def seconds(self) -> float:
        return self.came - self.asked

    @property
    def code(self) -> str:
        return json.loads(self.body)["error"]["code"]


class Load:
    """So many clients on connections of their own, spread over the addresses, until `most` is sent or the context ends.

    A client whose connection breaks asks no more.
    """

    def __init__(self, *addresses: tuple[str, int], clients: int = 8, most: int | None = None, name: str = "load", **fields: str):
        self.answers: list[Answer] = []
        self._addresses, self._clients, self._name = addresses, clients, name
        self._most = math.inf if most is None else most
        self._fields = "".join(f"{field}: {value}\r\n" for field, value in fields.items())
        self._numbers = itertools.count()
        self._stopped = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), daemon=True)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopped = True
        self._thread.join(10)
        assert not self._thread.is_alive(), "a request of the load has no answer"

    def finish(self, seconds: float = 60) -> list[Answer]:
        """The answers once all is sent."""
        self._thread.join(seconds)
        return self.answers

    def gets(self, count: int, wanted: Callable[[Answer], bool] = lambda _: True, seconds: float = 10) -> list[Answer]:
        """The first answers of a kind from now on, once there are so many."""
        start, found = len(self.answers), []

        def enough() -> bool:
            found[:] = filter(wanted, self.answers[start:])
            return len(found) >= count

        until(enough, f"{count} more answers of a kind; the last was {self.answers[-1:]}", seconds)
        return found[:count]

    async def _all(self):
        addresses = itertools.islice(itertools.cycle(self._addresses), self._clients)
        await asyncio.gather(*map(self._client, addresses))

    async def _client(self, address: tuple[str, int]):
        try:
            reader, writer = await asyncio.open_connection(*address)
            while not self._stopped and (number := next(self._numbers)) < self._most:
                self.answers.append(await self._ask(address, f"{self._name}-{number}", reader, writer))
            writer.close()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass

    async def _ask(self, address: tuple[str, int], request_id: str, reader, writer) -> Answer:
        body = json.dumps(CHAT).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: test\r\nx-request-id: {request_id}\r\n{self._fields}"
        asked = time.monotonic()
        writer.write(f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines if line)
        answer = await reader.readexactly(int(fields["content-length"]))
        return Answer(request_id, int(first.split(" ")[1]), fields, answer, address, asked, time.monotonic())
