"""A Redis that is killed, hung or not there yet: what becomes of requests meanwhile, and what is counted afterwards."""

import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from support.gateway import Gateway, proxy_config
from support.load import Answer, Load
from support.redis import DURABLE, Redis
from support.upstream import Upstream, completion
from support.wait import until

MOCK = {"local": {"provider": "mock"}}
REQUESTS, TOKENS = 1_000_000, 100_000_000
CLIENTS = 8
# What the mock says that each request of the load used, and more than is ever reserved for one.
USED, RESERVED = 12, 300
# What a request may take where the store has 50 ms to answer, on a busy machine.
SLOW = 0.5
RECOVERY = 2.0


# What is refused only since the machine is busy would blur the counts: where they are looked at, the store has more time.
PATIENT = {"timeout": "400ms"}


def config(redis: Redis, requests: int = REQUESTS, entry: dict | None = None, store: dict | None = None, **settings) -> dict:
    limits = {"requests_per_month": requests, "tokens_per_month": TOKENS, **settings}
    return proxy_config(MOCK, [{"rate_limit": limits, **(entry or {})}], store=redis.store(**(store or {})))


@contextmanager
def served(config: dict, number: int = 2):
    with ExitStack() as stack:
        yield [stack.enter_context(Gateway(config)) for _ in range(number)]


def load(gateways: list[Gateway]) -> Load:
    return Load(*(gateway.address for gateway in gateways), clients=CLIENTS)


@dataclass
class Outage:
    """What happened while the load went on, with the moments of the steady clock."""

    answers: list[Answer]
    began: float
    ended: float

    def counted(self) -> list[Answer]:
        """Those that a limit let through."""
        return [answer for answer in self.answers if answer.status == 200 and "x-ratelimit-remaining-requests" in answer.fields]


def killed(redis: Redis, gateways: list[Gateway], is_harmed) -> Outage:
    """Kills the server under load, starts it again, and holds that all gateways go on soon."""
    with load(gateways) as asking:
        asking.gets(300, lambda answer: answer.status == 200)
        redis.kill()
        began = time.monotonic()
        asking.gets(24, is_harmed)
        redis.start()
        ended = time.monotonic()
        recover(asking, gateways, ended)
        asking.gets(300)
    return Outage(asking.answers, began, ended)


def recover(asking: Load, gateways: list[Gateway], since: float):
    """Each gateway counts again soon after that moment."""
    for gateway in gateways:
        [first] = asking.gets(1, lambda answer: answer.address == gateway.address and "x-ratelimit-remaining-requests" in answer.fields)
        assert first.came - since < RECOVERY


def is_refused(answer: Answer) -> bool:
    return answer.status == 503


def is_uncounted(answer: Answer) -> bool:
    return answer.status == 200 and "x-ratelimit-remaining-requests" not in answer.fields


def used(gateway: Gateway, requests: int = REQUESTS) -> tuple[int, int]:
    """Requests and tokens that count, without this look, which uses no tokens."""
    told = gateway.get("/v1/looks").headers
    return requests - int(told["x-ratelimit-remaining-requests"]), TOKENS - int(told["x-ratelimit-remaining-tokens"])


def settled(gateway: Gateway) -> tuple[int, int]:
    """The same, once no settlement is on its way any more."""
    seen = [used(gateway)]

    def rests() -> bool:
        seen.append(used(gateway))
        return seen[-1][1] == seen[-2][1]

    until(rests, "the last settlement", pause=0.3)
    return seen[-1][0] - len(seen), seen[-1][1]


def alarms(gateway: Gateway) -> list[str]:
    return [line for line in gateway.log if '"level":"WARN"' in line or '"level":"ERROR"' in line]


def test_what_is_written_down_is_counted_once_over_a_kill():
    with Redis(*DURABLE) as redis, served(config(redis, store=PATIENT, on_store_error="closed")) as gateways:
        outage = killed(redis, gateways, is_refused)
        granted = len(outage.counted())
        assert {answer.status for answer in outage.answers} == {200, 503}
        assert {answer.code for answer in outage.answers if answer.status == 503} == {"limits_unavailable"}
        requests, tokens = settled(gateways[0])
        # Of each client the server may have granted one request whose answer was lost with it.
        assert granted <= requests <= granted + CLIENTS
        assert granted * USED <= tokens <= granted * USED + (requests - granted) * RESERVED


def test_no_more_is_granted_than_the_limit_over_a_kill():
    most = 2000
    with Redis(*DURABLE) as redis, served(config(redis, requests=most, store=PATIENT, on_store_error="closed")) as gateways:
        with load(gateways) as asking:
            asking.gets(300, lambda answer: answer.status == 200)
            redis.kill()
            asking.gets(20, is_refused)
            redis.start()
            asking.gets(50, lambda answer: answer.status == 429, seconds=20)
        granted = sum(answer.status == 200 for answer in asking.answers)
        assert most - CLIENTS <= granted <= most


def test_what_is_forgotten_is_not_settled_afterwards():
    with Redis() as redis, served(config(redis, store=PATIENT, on_store_error="closed")) as gateways:
        outage = killed(redis, gateways, is_refused)
        requests, tokens = settled(gateways[0])
        # A request that was granted before the kill may be answered after it.
        since = [answer for answer in outage.counted() if answer.came > outage.ended]
        assert sum(answer.asked > outage.ended for answer in since) <= requests <= len(since) + CLIENTS
        assert tokens == requests * USED


def test_what_ends_while_the_server_is_gone_is_settled_once_it_is_back():
    ends = threading.Event()

    def answer(seen, reply):
        if seen.target != "/v1/looks":
            ends.wait(10)
        reply.json(completion())

    with Redis(*DURABLE) as redis, Upstream(answer) as upstream:
        limits = {"requests_per_month": REQUESTS, "tokens_per_month": TOKENS}
        with Gateway(proxy_config({"up": upstream.cluster()}, [{"rate_limit": limits}], store=redis.store(**PATIENT))) as gateway:
            asking = threading.Thread(target=gateway.chat)
            asking.start()
            until(lambda: upstream.requests, "the request at the upstream")
            redis.kill()
            ends.set()
            asking.join(10)
            gateway.access_of("/v1/chat/completions")
            redis.start()
            until(lambda: gateway.get("/v1/looks").status_code == 200, "the store")
            # The look that found the store is a request, too.
            assert settled(gateway) == (2, 10)


def test_requests_pass_uncounted_where_that_is_wanted():
    with Redis(*DURABLE) as redis, served(config(redis, store=PATIENT, on_store_error="open")) as gateways:
        outage = killed(redis, gateways, is_uncounted)
        granted = len(outage.counted())
        assert {answer.status for answer in outage.answers} == {200}
        requests, _ = settled(gateways[0])
        assert granted <= requests <= granted + CLIENTS


FAILURES = {
    "closed": ({"on_store_error": "closed"}, is_refused),
    "open": ({"on_store_error": "open"}, is_uncounted),
    "nothing": ({}, is_refused),
}


@pytest.mark.parametrize("settings, is_harmed", FAILURES.values(), ids=FAILURES)
def test_a_lost_server_costs_no_request_more_than_its_time_and_is_told_once(settings, is_harmed):
    with Redis() as redis, served(config(redis, **settings)) as gateways:
        outage = killed(redis, gateways, is_harmed)
        assert max(answer.seconds for answer in outage.answers) < SLOW
        for gateway in gateways:
            gateway.log_has("the store is back")
            assert sum("the store is lost" in line for line in gateway.log) == 1
            # Limits and keys tell it, each once; where the entry decides, each request that it refuses has its line.
            assert not settings or len(alarms(gateway)) <= 3, alarms(gateway)


CHOICES = {
    "closed": ({"on_store_error": "closed"}, {}, 503, "limits_unavailable"),
    "open": ({"on_store_error": "open"}, {}, 200, None),
    "nothing": ({}, {}, 503, "filter_failed"),
    "the entry allows": ({}, {"on_error": "allow"}, 200, None),
    "closed, whatever the entry allows": ({"on_store_error": "closed"}, {"on_error": "allow"}, 503, "limits_unavailable"),
    "open, whatever the entry denies": ({"on_store_error": "open"}, {"on_error": "deny"}, 200, None),
}


# Nobody's store is the client's doing.
BLAMES = {"limits_unavailable": "gateway", "filter_failed": "plugin", None: None}


@pytest.mark.parametrize("settings, entry, status, code", CHOICES.values(), ids=CHOICES)
def test_a_gateway_starts_before_its_store(settings, entry, status, code):
    redis = Redis()
    with Gateway(config(redis, entry=entry, store=PATIENT, **settings)) as gateway:
        answer = gateway.chat()
        assert answer.status_code == status
        assert answer.json().get("error", {}).get("code") == code
        assert gateway.access_of("/v1/chat/completions")[0].get("blame") == BLAMES[code]
        assert "x-ratelimit-remaining-requests" not in answer.headers
        with redis:
            began = time.monotonic()
            answer = until(lambda: next((a for a in [gateway.chat()] if "x-ratelimit-remaining-requests" in a.headers), None), "the store")
            assert time.monotonic() - began < RECOVERY
            assert (answer.status_code, answer.headers["x-ratelimit-remaining-requests"]) == (200, str(REQUESTS - 1))


@contextmanager
def stopped(redis: Redis):
    """The whole process."""
    redis.hang()
    yield
    redis.resume()


@contextmanager
def paused(redis: Redis, milliseconds: int = 1800):
    """The server takes commands, and answers none for a time; what would end the pause had to wait, too."""
    redis.ask("CLIENT", "PAUSE", str(milliseconds), "ALL")
    yield
    assert redis.ask("PING") == "PONG"


def paused_shortly(redis: Redis):
    """For less than the second after which a gateway gives up a connection."""
    return paused(redis, 800)


HANGS = {"stopped": stopped, "paused": paused, "paused shortly": paused_shortly}


def hung(redis: Redis, gateways: list[Gateway], hang) -> list[Answer]:
    """What was told under load while the server gave no answers, and then again."""
    with load(gateways) as asking:
        asking.gets(200, lambda answer: answer.status == 200)
        with hang(redis):
            asking.gets(40, is_refused)
        recover(asking, gateways, time.monotonic())
        asking.gets(200, lambda answer: answer.status == 200)
    return asking.answers


@pytest.mark.parametrize("hang", HANGS.values(), ids=HANGS)
def test_a_hung_server_costs_no_request_more_than_its_time(hang):
    with Redis() as redis, served(config(redis, on_store_error="closed")) as gateways:
        answers = hung(redis, gateways, hang)
        assert {answer.status for answer in answers} == {200, 503}
        assert max(answer.seconds for answer in answers) < SLOW
        for gateway in gateways:
            assert any("no answer within" in line for line in alarms(gateway))
            assert len(alarms(gateway)) <= 3, alarms(gateway)


# A connection that is given up while the server is paused takes what waits on it with it.
@pytest.mark.parametrize("hang", [stopped, paused_shortly], ids=["stopped", "paused shortly"])
def test_who_was_refused_while_the_server_hung_is_not_counted(hang):
    with Redis() as redis, served(config(redis, on_store_error="closed")) as gateways:
        answers = hung(redis, gateways, hang)
        granted = sum(answer.status == 200 for answer in answers)
        assert settled(gateways[0]) == (granted, granted * USED)
