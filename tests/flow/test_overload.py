"""More requests than the gateway may have at once: it sheds what is too much, goes on with the rest, and is fair."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass

import pytest

from support.gateway import Gateway, proxy_config
from support.wait import until

MOST, LATENCY = 20, "100ms"
KEYS = [{"key": f"{name}-key", "principal": name} for name in ("greedy", "modest")]
AUTH = {"auth_filter": {"api_keys": {"keys": KEYS}}}


@dataclass
class Told:
    """An answer, and how long it took."""

    status: int
    retry_after: str | None
    code: str | None
    seconds: float


async def ask(reader, writer, user: str) -> Told:
    body = json.dumps({"model": "mock", "messages": [{"role": "user", "content": "hello"}]})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {user}-key\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    began = time.monotonic()
    writer.write((head + body).encode())
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().strip().split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines)
    content = json.loads(await reader.readexactly(int(fields["content-length"])))
    code = content.get("error", {}).get("code")
    return Told(int(first.split(" ")[1]), fields.get("retry-after"), code, time.monotonic() - began)


async def client(address, user: str, end: float, pause: float, told: list[Told]):
    """Asks one thing after the other; after a refusal it waits for a while."""
    reader, writer = await asyncio.open_connection(*address)
    while time.monotonic() < end:
        answer = await ask(reader, writer, user)
        told.append(answer)
        if answer.status != 200:
            await asyncio.sleep(pause)
    writer.close()


async def load(address, seconds: float, *crowds: tuple[str, int, float]) -> list[list[Told]]:
    """What crowds of so many clients, each with its pause after a refusal, are told."""
    told = [[] for _ in crowds]
    end = time.monotonic() + seconds
    await asyncio.gather(
        *(client(address, user, end, pause, heard) for (user, clients, pause), heard in zip(crowds, told) for _ in range(clients))
    )
    return told


def good(told: list[Told]) -> int:
    return sum(answer.status == 200 for answer in told)


@pytest.fixture(scope="module")
def gateway():
    clusters = {"local": {"provider": "mock", "latency": LATENCY}}
    with Gateway(proxy_config(clusters, [AUTH], limits={"requests": MOST})) as gateway:
        yield gateway


def are_proper_refusals(told: list[Told]):
    refused = [answer for answer in told if answer.status != 200]
    assert {(answer.status, answer.code) for answer in refused} <= {(503, "overloaded"), (429, "fair_share_exceeded")}
    assert {answer.retry_after for answer in refused} <= {"1"}


def test_t_ovr_at_twice_the_capacity_the_gateway_does_what_it_can(gateway):
    capacity = MOST - MOST // 10
    [peak] = asyncio.run(load(gateway.address, 3, ("greedy", capacity, 1)))
    [flood] = asyncio.run(load(gateway.address, 3, ("greedy", 2 * capacity, 1)))
    are_proper_refusals(peak + flood)
    assert good(flood) >= 0.9 * good(peak), (good(flood), good(peak))
    refused = [answer for answer in flood if answer.status != 200]
    assert len(refused) >= capacity
    # Who is turned away is told so at once.
    assert sorted(answer.seconds for answer in refused)[len(refused) // 2] < 0.05
    assert gateway.metric("tidegate_requests_shed_total") >= len(refused)


def test_t_ovr_a_greedy_principal_starves_nobody(gateway):
    greedy, modest = asyncio.run(load(gateway.address, 3, ("greedy", 3 * MOST, 0.02), ("modest", 4, 0.02)))
    are_proper_refusals(greedy + modest)
    # Four clients that wait 0.1 s for each answer would have 120 of them if they were alone.
    assert good(modest) >= 90, Counter(answer.status for answer in modest)
    assert good(greedy) >= 150, "it has its share, too"
    assert any(answer.status == 429 for answer in greedy)


def test_t_ovr_the_admin_listener_answers_while_all_places_are_taken(gateway):
    async def crowd():
        flood = asyncio.create_task(load(gateway.address, 2, ("greedy", 3 * MOST, 0.02)))
        await asyncio.sleep(0)
        times = await asyncio.to_thread(admin_times)
        await flood
        return times

    def admin_times() -> list[float]:
        until(lambda: gateway.metric("tidegate_requests_shed_total", reason="fair_share"), "a refusal")
        times = []
        for path in ["/healthz", "/readyz", "/metrics"] * 5:
            began = time.monotonic()
            assert gateway.admin("GET", path).status_code == 200
            times.append(time.monotonic() - began)
        return times

    assert max(asyncio.run(crowd())) < 1


def test_t_ovr_a_refusal_is_in_the_clients_shape_and_comes_before_the_body():
    clusters = {"local": {"provider": "mock", "latency": "3s"}}
    with Gateway(proxy_config(clusters, limits={"requests": 1})) as gateway, gateway.wire() as held, gateway.wire() as late:
        body = json.dumps({"model": "mock", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}).encode()
        held.send(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        until(lambda: gateway.metric("tidegate_requests_in_flight") == 1, "the first request")
        late.send(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n")
        answer = late.response()
        assert (answer.status, answer.get("retry-after")) == (503, "1")
        assert json.loads(answer.body)["type"] == "error"


def test_t_ovr_whom_nobody_knows_may_have_all_places():
    clusters = {"local": {"provider": "mock", "latency": LATENCY}}
    with Gateway(proxy_config(clusters, limits={"requests": MOST})) as gateway:
        [told] = asyncio.run(load(gateway.address, 1, ("nobody", MOST - 1, 1)))
        assert {answer.status for answer in told} == {200}
