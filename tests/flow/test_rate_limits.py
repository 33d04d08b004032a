"""Limits on requests and tokens from end to end: exact under load, settled once whatever becomes of a request, told to each client."""

import asyncio
import copy
import json
import math
import threading
from dataclasses import dataclass, field

import httpx
import pytest

from support.backends import free_port
from support.clients import Client, Failed
from support.gateway import PLAIN, Gateway, proxy_config
from support.upstream import DONE, Reply, Upstream, completion, delta
from support.wait import until

KEYS = [
    {"key": "alice-key", "principal": "alice", "tenant": "shore"},
    {"key": "bob-key", "principal": "bob", "tenant": "shore"},
    {"key": "carol-key", "principal": "carol", "tenant": "sea"},
]
AUTH = {"auth_filter": {"api_keys": {"keys": KEYS}}}
MOCK = {"local": {"provider": "mock"}}


def limit(**settings) -> dict:
    return {"rate_limit": settings}


def as_user(name: str, **fields: str) -> dict:
    return {"authorization": f"Bearer {name}-key", **fields}


# -- under load -----------------------------------------------------------------------------------------------------------


async def statuses(address, requests: int, clients: int) -> list[int]:
    """The statuses of so many requests, from so many clients at once on connections of their own."""
    body = json.dumps({"model": "mock", "messages": [{"role": "user", "content": "hello"}]}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"

    async def client(share: int) -> list[int]:
        reader, writer = await asyncio.open_connection(*address)
        told = []
        for _ in range(share):
            writer.write(head.encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = next(line for line in answer.split("\r\n") if line.startswith("content-length:"))
            await reader.readexactly(int(length.partition(":")[2]))
            told.append(int(answer.split(" ")[1]))
        writer.close()
        return told

    return [status for told in await asyncio.gather(*(client(requests // clients) for _ in range(clients))) for status in told]


@pytest.mark.parametrize("window", ["sliding", "fixed", "calendar"])
def test_a_limit_is_exact_under_load(window):
    requests, most = 10_000, 1234
    with Gateway(proxy_config(MOCK, [limit(requests_per_month=most, window=window)])) as gateway:
        told = asyncio.run(statuses(gateway.address, requests, 200))
        assert (len(told), told.count(200), told.count(429)) == (requests, most, requests - most)


def test_the_tighter_of_two_limits_is_exact_and_costs_the_other_nothing():
    requests = 10_000
    filters = [limit(requests_per_day=requests, key="address"), {"name": "narrow", **limit(requests_per_day=300)}]
    with Gateway(proxy_config(MOCK, filters)) as gateway:
        told = asyncio.run(statuses(gateway.address, requests, 100))
        assert (told.count(200), told.count(429)) == (300, requests - 300)
        # What the second refused, the first has back: it has let through what was answered.
        answer = gateway.chat()
        assert answer.headers["x-ratelimit-limit-requests"] == "300"
        gateway.write(proxy_config(MOCK, filters[:1]))
        until(lambda: gateway.chat().status_code == 200, "the limit that is left")
        assert int(gateway.chat().headers["x-ratelimit-remaining-requests"]) >= requests - 310


# -- what is settled ------------------------------------------------------------------------------------------------------

TOKENS, REQUESTS = 1_000_000, 100_000
# What the clients of these tests send; more is reserved than any answer here uses.
ASKED = {"model": "m", "max_tokens": 500, "messages": [{"role": "user", "content": "How high is the tide?"}]}
STREAMED = {**ASKED, "stream": True}
TEXT = "the tide is as high as it was yesterday."
SAID = math.ceil(len(TEXT) / 4)
USAGE = b'data: {"id":"c","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}\n\n'


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
        found = []
        until(lambda: found.append(self.used()) or found[-1] == (requests, tokens), f"{requests} requests and {tokens} tokens; the account was {found}")
        assert self.used() == (requests, tokens)


def scene(act):
    """An upstream that does something with requests, and answers looks at once."""
    return lambda seen, reply: reply.json({}) if seen.target == "/v1/looks" else act(reply)


def plain(reply: Reply):
    reply.json(completion())


def streams(*pieces: bytes, cut: bool = False, stalls: bool = False):
    def act(reply: Reply):
        reply.start_events()
        for piece in pieces:
            reply.chunk(piece)
        if stalls:
            reply.gone(10)
        if cut or stalls:
            reply.cut()
        else:
            reply.end()

    return act


def fails(status: int):
    return lambda reply: reply.json({"error": {"message": "no", "type": "server_error"}}, status)


def hangs_up(reply: Reply):
    reply.cut()


def waits(reply: Reply):
    reply.gone(10)
    reply.cut()


FINISH = delta("", finish_reason="stop")
# Name, what the upstream does, what is asked, and the requests and tokens that come to count.
SCENES = {
    "an answer": (plain, ASKED, 1, 10),
    "a stream that says what it used": (streams(delta(TEXT), FINISH, USAGE, DONE), STREAMED, 1, 10),
    "a stream that does not": (streams(delta(TEXT), FINISH, DONE), STREAMED, 1, expected_input(STREAMED) + SAID),
    "a stream that is cut": (streams(delta(TEXT), cut=True), STREAMED, 1, expected_input(STREAMED) + SAID),
    "an upstream that fails": (fails(500), ASKED, 1, 0),
    "an upstream that is busy": (fails(429), ASKED, 1, 0),
    "an upstream that hangs up": (hangs_up, ASKED, 1, 0),
    "an upstream that takes too long": (waits, ASKED, 1, 0),
}


def limited(upstream: Upstream, filters: list | None = None, routes: list | None = None, **clusters) -> dict:
    """Both limits before other filters. The first cluster gives up after a while."""
    both = limit(requests_per_month=REQUESTS, tokens_per_month=TOKENS)
    return proxy_config({"up": upstream.cluster(timeout="700ms"), **clusters}, [both, *(filters or [])], routes)


def chats_to(cluster: str) -> list:
    """Chats go to a cluster, and looks to the first one."""
    chats = {"name": "chats", "match": {"path": {"prefix": "/v1/chat"}}, "backends": [{"cluster": cluster}]}
    return [chats, {"name": "looks", "backends": [{"cluster": "up"}]}]


@pytest.mark.parametrize("act, body, requests, tokens", SCENES.values(), ids=SCENES)
def test_what_was_used_is_what_counts(act, body, requests, tokens):
    with Upstream(scene(act)) as upstream, Gateway(limited(upstream)) as gateway:
        reserved = gateway.post("/v1/chat/completions", body).headers
        # The head of an answer tells of the reservation: the input as its size lets expect, and the bound of the output.
        assert int(reserved["x-ratelimit-remaining-tokens"]) == TOKENS - expected_input(body) - 500
        Account(gateway).comes_to(requests, tokens)


def test_what_a_client_took_before_it_left_counts():
    body, events = STREAMED, streams(delta(TEXT), stalls=True)
    with Upstream(scene(events)) as upstream, Gateway(limited(upstream)) as gateway:
        with httpx.stream("POST", gateway.url + "/v1/chat/completions", json=body, timeout=20, verify=PLAIN) as answer:
            next(answer.iter_raw())
        Account(gateway).comes_to(1, expected_input(body) + SAID)


def test_a_prompt_counts_whose_client_left_before_there_was_an_answer():
    with Upstream(scene(waits)) as upstream, Gateway(limited(upstream, routes=chats_to("patient"), patient=upstream.cluster())) as gateway:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(gateway.url + "/v1/chat/completions", json=ASKED, timeout=0.3, verify=PLAIN)
        assert len(upstream.requests) == 1
        Account(gateway).comes_to(1, expected_input(ASKED))


def test_what_another_filter_blocks_counts_for_nothing():
    guard = {"content_moderation": {"words": ["tide"]}}
    with Upstream(scene(plain)) as upstream, Gateway(limited(upstream, [guard])) as gateway:
        assert gateway.post("/v1/chat/completions", ASKED).status_code == 400
        Account(gateway).comes_to(0, 0)


def test_what_cannot_be_translated_counts_for_nothing():
    asked = {**ASKED, "logit_bias": {"1": 5}}
    with Upstream(scene(plain)) as upstream, Gateway(limited(upstream, routes=chats_to("claude"), claude=upstream.cluster("anthropic"))) as gateway:
        assert gateway.post("/v1/chat/completions", asked).status_code == 400
        assert upstream.requests == []
        Account(gateway).comes_to(0, 0)


def test_an_upstream_that_cannot_be_reached_was_asked_for_all_the_same():
    dead = {"provider": "openai", "endpoint": f"http://127.0.0.1:{free_port()}"}
    with Upstream(scene(plain)) as upstream, Gateway(limited(upstream, routes=chats_to("dead"), dead=dead)) as gateway:
        assert gateway.post("/v1/chat/completions", ASKED).status_code == 502
        Account(gateway).comes_to(1, 0)


def test_an_answer_that_is_blocked_was_used_all_the_same():
    guard = {"content_moderation": {"words": ["hi"], "on": ["output"]}}
    with Upstream(scene(plain)) as upstream, Gateway(limited(upstream, [guard])) as gateway:
        assert gateway.post("/v1/chat/completions", ASKED).status_code == 400
        Account(gateway).comes_to(1, 10)


def test_a_fallback_is_one_request():
    routes = [{"name": "two", "backends": [{"cluster": "broken"}, {"cluster": "up", "priority": 1}]}]
    broken = {"provider": "mock", "status": 503}
    with Upstream(scene(plain)) as upstream, Gateway(limited(upstream, routes=routes, broken=broken)) as gateway:
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
    with Gateway(proxy_config(config, [limit(tokens_per_day=3 * each)])) as gateway:
        told = []
        threads = [threading.Thread(target=lambda: told.append(gateway.post("/v1/chat/completions", body).status_code)) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert sorted(told) == [200] * 3 + [429] * 5


# -- whose -----------------------------------------------------------------------------------------------------------------


def asks(gateway: Gateway, name: str, model: str = "mock", **fields: str) -> int:
    return gateway.chat(model, headers=as_user(name, **fields)).status_code


@pytest.mark.parametrize(
    "key, shared, apart",
    [
        ("principal", [("alice", "other", "b")], [("bob", "mock", "a"), ("carol", "mock", "a")]),
        ("tenant", [("bob", "mock", "a")], [("carol", "mock", "a")]),
        ("model", [("carol", "mock", "b")], [("alice", "other", "a")]),
        ({"header": "X-Team"}, [("carol", "other", "a")], [("alice", "mock", "b")]),
        ("address", [("carol", "other", "b")], []),
        (["tenant", "model"], [("bob", "mock", "b")], [("alice", "other", "a"), ("carol", "mock", "a")]),
    ],
    ids=str,
)
def test_keys_do_not_mix(key, shared, apart):
    with Gateway(proxy_config(MOCK, [AUTH, limit(key=key, requests_per_day=2)])) as gateway:
        ask = lambda who: asks(gateway, who[0], who[1], **{"x-team": who[2]})  # noqa: E731
        assert [ask(("alice", "mock", "a")) for _ in range(3)] == [200, 200, 429]
        assert [ask(who) for who in shared] == [429] * len(shared)
        assert [ask(who) for who in apart] == [200] * len(apart)


def test_entries_with_the_same_settings_count_apart():
    routes = [
        {"name": name, "match": {"model": name}, "backends": [{"cluster": "local"}], "filters": [limit(requests_per_day=1)]}
        for name in ("one", "two")
    ]
    with Gateway(proxy_config(MOCK, routes=routes)) as gateway:
        assert [gateway.chat(model).status_code for model in ("one", "two", "one", "two")] == [200, 200, 429, 429]


def test_a_condition_limits_whom_it_names():
    entry = {**limit(requests_per_day=1), "when": "model == 'dear'"}
    with Gateway(proxy_config(MOCK, [entry])) as gateway:
        assert [gateway.chat(model).status_code for model in ("dear", "dear", "cheap", "cheap")] == [200, 429, 200, 200]


def test_a_shadow_refuses_nobody_and_is_counted():
    entry = {"name": "tried", **limit(requests_per_day=2), "shadow": True}
    with Gateway(proxy_config(MOCK, [entry])) as gateway:
        answers = [gateway.chat() for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200] * 5
        assert not any("x-ratelimit-limit-requests" in answer.headers for answer in answers)
        calls = lambda **labels: gateway.metric("tidegate_plugin_calls_total", plugin="tried", **labels)  # noqa: E731
        assert (calls(hook="admit", verdict="admitted"), calls(hook="admit", verdict="refused")) == (2, 3)
        until(lambda: calls(hook="settle") == 2, "the settling of what the shadow admitted")


# -- what clients are told -------------------------------------------------------------------------------------------------


def test_the_tightest_limit_is_told():
    filters = [limit(requests_per_minute=10, requests_per_day=100), {"name": "second", **limit(requests_per_hour=5, key="model")}]
    with Gateway(proxy_config(MOCK, filters)) as gateway:
        told = gateway.chat().headers
        assert (told["x-ratelimit-limit-requests"], told["x-ratelimit-remaining-requests"]) == ("5", "4")
        assert told["x-ratelimit-reset-requests"].startswith("1h")
        refused = [gateway.chat() for _ in range(5)][-1]
        assert refused.status_code == 429
        assert refused.json()["error"] == {
            "message": f"the limit of 5 requests an hour is reached; try again in {refused.headers['retry-after']} s",
            "type": "rate_limit_error",
            "param": None,
            "code": "rate_limit_exceeded",
        }
        assert refused.headers["x-ratelimit-remaining-requests"] == "0"


def test_who_waits_as_long_as_told_is_served():
    with Gateway(proxy_config(MOCK, [limit(requests_per_second=1)])) as gateway:
        assert gateway.chat().status_code == 200
        refused = until(lambda: next((a for a in [gateway.chat()] if a.status_code == 429), None), "a refusal")
        assert refused.headers["retry-after"] in ("1", "2")
        until(lambda: gateway.chat().status_code == 200, "the next second", seconds=3)


@pytest.mark.parametrize("kind", ["python", "node"])
def test_clients_of_openai_know_the_error(kind):
    with Gateway(proxy_config(MOCK, [limit(requests_per_hour=1)])) as gateway, Client(kind, gateway.url) as client:
        client.chat()
        with pytest.raises(Failed) as error:
            client.chat()
        assert (error.value.name, error.value.status, error.value.code) == ("RateLimitError", 429, "rate_limit_exceeded")
        assert 3600 <= int(error.value.retry_after) <= 3661


@pytest.mark.parametrize("kind", ["anthropic", "anthropic-node"])
def test_clients_of_anthropic_know_the_error(kind):
    with Gateway(proxy_config(MOCK, [limit(requests_per_hour=1, output_tokens_per_hour=5000)])) as gateway, Client(kind, gateway.url) as client:
        client.chat(max_tokens=100)
        with pytest.raises(Failed) as error:
            client.chat(max_tokens=100)
        assert (error.value.name, error.value.status) == ("RateLimitError", 429)
        assert 3600 <= int(error.value.retry_after) <= 3661
        told = gateway.post("/v1/messages", {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]})
        assert told.json()["error"]["type"] == "rate_limit_error"
        assert told.headers["anthropic-ratelimit-requests-remaining"] == "0"
        assert told.headers["anthropic-ratelimit-requests-reset"].endswith("Z")
        assert told.headers["anthropic-ratelimit-output-tokens-limit"] == "5000"
        assert not any(name.startswith("x-ratelimit-") for name in told.headers)


# -- reload ----------------------------------------------------------------------------------------------------------------


def test_a_reload_keeps_what_counts():
    config = proxy_config(MOCK, [limit(requests_per_day=3)])
    with Gateway(config) as gateway:
        assert [gateway.chat().status_code for _ in range(2)] == [200, 200]
        more = copy.deepcopy(config)
        more["clusters"]["local"]["reply"] = "after"
        more["virtual_services"][0]["filters"].insert(0, AUTH | {"name": "open", "shadow": True})
        gateway.write(more)
        gateway.signal(1)
        until(lambda: gateway.metric("tidegate_config_reloads_total", result="success") >= 2, "the reload")
        answers = [gateway.chat() for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        more["virtual_services"][0]["filters"][1] = limit(requests_per_day=5)
        gateway.write(more)
        until(lambda: gateway.chat().status_code == 200, "the wider limit")
        assert gateway.chat().headers["x-ratelimit-remaining-requests"] == "0"
