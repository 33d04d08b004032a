"""What counts against limits is what was used, once, whatever becomes of a request: with counters in memory and in Redis."""

import math
import signal
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import httpx
import pytest

from support.backends import free_port
from support.gateway import PLAIN, Gateway, proxy_config
from support.plugins import plugin, written
from support.redis import Redis
from support.scenes import SPENT, STOP, streams
from support.upstream import DONE, Reply, Upstream, completion, delta
from support.wait import until

TOKENS, REQUESTS = 1_000_000, 100_000
# No test of this file is about a store that is slow.
PATIENT = {"timeout": "5s"}
# What the clients of these tests send; more is reserved than any answer here uses.
ASKED = {"model": "m", "max_tokens": 500, "messages": [{"role": "user", "content": "How high is the tide?"}]}
STREAMED = {**ASKED, "stream": True}
TEXT = "the tide is as high as it was yesterday."
SAID = math.ceil(len(TEXT) / 4)


def expected_input(body: dict) -> int:
    """As the gateway guesses it from the size of what httpx sends."""
    return math.ceil(len(httpx.Request("POST", "http://x", json=body).content) / 4)


@dataclass
class Account:
    """A gateway whose limits are looked at by requests that use no tokens."""

    gateway: Gateway
    looks: int = field(default=0)

    def used(self) -> tuple[int, int]:
        """Requests and tokens that count, without those of the looks."""
        told = self.gateway.get("/v1/looks").headers
        self.looks += 1
        requests = REQUESTS - int(told["x-ratelimit-remaining-requests"]) - self.looks
        return requests, TOKENS - int(told["x-ratelimit-remaining-tokens"])

    def comes_to(self, requests: int, tokens: int):
        """Waits for the account to be settled, and holds that it is not settled a second time."""
        with suppress(AssertionError):
            until(lambda: self.used() == (requests, tokens), "the account's settling")
        # The first of these tells what it came to instead.
        assert self.used() == (requests, tokens)
        assert self.used() == (requests, tokens)


def scene(act):
    """An upstream that does something with requests, and answers looks at once."""
    return lambda seen, reply: reply.json({}) if seen.target == "/v1/looks" else act(reply)


def plain(reply: Reply):
    reply.json(completion())


def fails(status: int):
    return lambda reply: reply.json({"error": {"message": "no", "type": "server_error"}}, status)


def hangs_up(reply: Reply):
    reply.cut()


def waits(reply: Reply):
    reply.gone(10)
    reply.cut()


# Name, what the upstream does, what is asked, and the requests and tokens that come to count.
SCENES = {
    "an answer": (plain, ASKED, 1, 10),
    "a stream that says what it used": (streams(delta(TEXT), STOP, SPENT, DONE), STREAMED, 1, 10),
    "a stream that does not": (streams(delta(TEXT), STOP, DONE), STREAMED, 1, expected_input(STREAMED) + SAID),
    "a stream that is cut": (streams(delta(TEXT), cut=True), STREAMED, 1, expected_input(STREAMED) + SAID),
    "an upstream that fails": (fails(500), ASKED, 1, 0),
    "an upstream that is busy": (fails(429), ASKED, 1, 0),
    "an upstream that hangs up": (hangs_up, ASKED, 1, 0),
    "an upstream that takes too long": (waits, ASKED, 1, 0),
}


@pytest.fixture(params=["memory", "redis"])
def limited(request):
    """Makes the configuration of a gateway with both limits before other filters, and with a store of each kind."""
    with ExitStack() as stack:
        top = {"store": stack.enter_context(Redis()).store(**PATIENT)} if request.param == "redis" else {}
        yield lambda upstream, *filters, **more: limits_of(upstream, *filters, **more, **top)


def limits_of(upstream: Upstream, *filters: dict, routes: list | None = None, clusters: dict | None = None, **top) -> dict:
    """The first cluster gives up after a while."""
    both = {"rate_limit": {"requests_per_month": REQUESTS, "tokens_per_month": TOKENS}}
    return proxy_config({"up": upstream.cluster(timeout="700ms"), **(clusters or {})}, [both, *filters], routes, **top)


def chats_to(name: str, cluster: dict) -> dict:
    """Routes that take chats to a cluster of their own, and looks to the first one."""
    chats = {"name": "chats", "match": {"path": {"prefix": "/v1/chat"}}, "backends": [{"cluster": name}]}
    return {"routes": [chats, {"name": "looks", "backends": [{"cluster": "up"}]}], "clusters": {name: cluster}}


@pytest.mark.parametrize("act, body, requests, tokens", SCENES.values(), ids=SCENES)
def test_what_was_used_is_what_counts(limited, act, body, requests, tokens):
    with Upstream(scene(act)) as upstream, Gateway(limited(upstream)) as gateway:
        reserved = gateway.post("/v1/chat/completions", body).headers
        # The head of an answer tells of the reservation: the input as its size lets expect, and the bound of the output.
        assert int(reserved["x-ratelimit-remaining-tokens"]) == TOKENS - expected_input(body) - 500
        Account(gateway).comes_to(requests, tokens)


def test_what_a_client_took_before_it_left_counts(limited):
    body, events = STREAMED, streams(delta(TEXT), stalls=True)
    with Upstream(scene(events)) as upstream, Gateway(limited(upstream)) as gateway:
        with httpx.stream("POST", gateway.url + "/v1/chat/completions", json=body, timeout=20, verify=PLAIN) as answer:
            next(answer.iter_raw())
        Account(gateway).comes_to(1, expected_input(body) + SAID)


def test_a_prompt_counts_whose_client_left_before_there_was_an_answer(limited):
    with Upstream(scene(waits)) as upstream, Gateway(limited(upstream, **chats_to("patient", upstream.cluster()))) as gateway:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(gateway.url + "/v1/chat/completions", json=ASKED, timeout=0.3, verify=PLAIN)
        assert len(upstream.requests) == 1
        Account(gateway).comes_to(1, expected_input(ASKED))


def test_what_another_filter_blocks_counts_for_nothing(limited):
    guard = {"content_moderation": {"words": ["tide"]}}
    with Upstream(scene(plain)) as upstream, Gateway(limited(upstream, guard)) as gateway:
        assert gateway.post("/v1/chat/completions", ASKED).status_code == 400
        Account(gateway).comes_to(0, 0)


def test_what_cannot_be_translated_counts_for_nothing(limited):
    asked = {**ASKED, "logit_bias": {"1": 5}}
    with Upstream(scene(plain)) as upstream, Gateway(limited(upstream, **chats_to("claude", upstream.cluster("anthropic")))) as gateway:
        assert gateway.post("/v1/chat/completions", asked).status_code == 400
        assert upstream.requests == []
        Account(gateway).comes_to(0, 0)


def test_an_upstream_that_cannot_be_reached_was_asked_for_all_the_same(limited):
    dead = {"provider": "openai", "endpoint": f"http://127.0.0.1:{free_port()}"}
    with Upstream(scene(plain)) as upstream, Gateway(limited(upstream, **chats_to("dead", dead))) as gateway:
        assert gateway.post("/v1/chat/completions", ASKED).status_code == 502
        Account(gateway).comes_to(1, 0)


def test_an_answer_that_is_blocked_was_used_all_the_same(limited):
    guard = {"content_moderation": {"words": ["hi"], "on": ["output"]}}
    with Upstream(scene(plain)) as upstream, Gateway(limited(upstream, guard)) as gateway:
        assert gateway.post("/v1/chat/completions", ASKED).status_code == 400
        Account(gateway).comes_to(1, 10)


def test_a_fallback_is_one_request(limited):
    routes = [{"name": "two", "backends": [{"cluster": "broken"}, {"cluster": "up", "priority": 1}]}]
    broken = {"provider": "mock", "status": 503}
    with Upstream(scene(plain)) as upstream, Gateway(limited(upstream, routes=routes, clusters={"broken": broken})) as gateway:
        answer = gateway.post("/v1/chat/completions", ASKED)
        assert (answer.status_code, answer.headers["x-tidegate-cluster"]) == (200, "up")
        account = Account(gateway)
        assert gateway.access_of("/v1/chat/completions")[0]["attempts"] == 2
        # The looks fall back, too.
        account.comes_to(1, 10)


def test_no_more_tokens_are_reserved_than_there_are():
    config = {"up": {"provider": "mock", "latency": "1s"}}
    body = {**ASKED, "max_tokens": 40}
    each = expected_input(body) + 40
    with Gateway(proxy_config(config, [{"rate_limit": {"tokens_per_day": 3 * each}}])) as gateway:
        told = []
        threads = [threading.Thread(target=lambda: told.append(gateway.post("/v1/chat/completions", body).status_code)) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert sorted(told) == [200] * 3 + [429] * 5


GUARD = """
local guard = {}
function guard.moderate_%s()
    return tidegate.block("no")
end
return guard
"""


@pytest.mark.parametrize("lane, requests, tokens", [("input", 0, 0), ("output", 1, 10)])
def test_what_a_plugin_blocks_counts_where_it_was_used(limited, tmp_path, lane, requests, tokens):
    package = written(tmp_path / "guard", GUARD % lane, [f"moderate_{lane}"])
    entry = {"plugin": {"name": "guard"}}
    with Upstream(scene(plain)) as upstream, Gateway(limited(upstream, entry, plugins={"guard": plugin(package)})) as gateway:
        assert gateway.post("/v1/chat/completions", ASKED).status_code == 400
        Account(gateway).comes_to(requests, tokens)


def test_a_body_that_breaks_off_counts_for_nothing(limited):
    with Upstream(scene(plain)) as upstream, Gateway(limited(upstream)) as gateway:
        with gateway.wire() as wire:
            wire.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{")
        gateway.access_of("/v1/chat/completions")
        assert upstream.requests == []
        Account(gateway).comes_to(0, 0)


# -- the end of a gateway --------------------------------------------------------------------------------------------------


@dataclass
class Lasting:
    """A store that outlives the gateway; one behind a network can be slow for a moment."""

    store: dict
    redis: Redis | None = None

    def slows(self):
        if self.redis:
            self.redis.ask("CLIENT", "PAUSE", "500", "ALL")


@pytest.fixture(params=["sqlite", "redis"])
def lasting(request, tmp_path):
    with ExitStack() as stack:
        if request.param == "redis":
            redis = stack.enter_context(Redis())
            yield Lasting(redis.store(**PATIENT), redis)
        else:
            yield Lasting({"sqlite": {"path": str(tmp_path / "state.db")}})


@contextmanager
def ended(config: dict, lasting: Lasting):
    """A gateway that is told to end while a client reads a stream and the store is slow, and the rest of the stream."""
    ask = lambda url: httpx.stream("POST", f"{url}/v1/chat/completions", json=STREAMED, timeout=20, verify=PLAIN)  # noqa: E731
    with Gateway(config) as gateway, ask(gateway.url) as answer:
        pieces = answer.iter_raw()
        next(pieces)
        lasting.slows()
        gateway.signal(signal.SIGTERM)
        yield pieces
        gateway.wait()


def test_a_stream_that_ends_while_the_gateway_does_is_settled(lasting):
    ends = threading.Event()

    def act(reply: Reply):
        reply.start_events()
        reply.chunk(delta(TEXT))
        ends.wait(10)
        for piece in (STOP, SPENT, DONE):
            reply.chunk(piece)
        reply.end()

    with Upstream(scene(act)) as upstream:
        config = limits_of(upstream, store=lasting.store, **chats_to("patient", upstream.cluster()))
        with ended(config, lasting) as pieces:
            ends.set()
            assert b"[DONE]" in b"".join(pieces)
        with Gateway(config) as gateway:
            Account(gateway).comes_to(1, 10)


def test_a_stream_that_the_end_of_the_gateway_cuts_is_settled(lasting):
    with Upstream(scene(streams(delta(TEXT), stalls=True))) as upstream:
        config = limits_of(upstream, store=lasting.store, timeouts={"drain": "200ms"}, **chats_to("patient", upstream.cluster()))
        with ended(config, lasting) as pieces, pytest.raises(httpx.RemoteProtocolError):
            list(pieces)
        with Gateway(config) as gateway:
            Account(gateway).comes_to(1, expected_input(STREAMED) + SAID)
