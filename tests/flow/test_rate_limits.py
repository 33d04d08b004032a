"""Limits on requests and tokens from end to end: exact under load, for whom they are set, told to each client."""

import copy
from collections import Counter

import pytest

from support.clients import Client, Failed
from support.gateway import Gateway, proxy_config
from support.load import Load
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


def statuses(gateway: Gateway, requests: int, clients: int) -> Counter:
    """How many of so many requests had which status, from so many clients at once."""
    with Load(gateway.address, clients=clients, most=requests) as load:
        return Counter(answer.status for answer in load.finish())


@pytest.mark.parametrize("window", ["sliding", "fixed", "calendar"])
def test_a_limit_is_exact_under_load(window):
    requests, most = 10_000, 1234
    with Gateway(proxy_config(MOCK, [limit(requests_per_month=most, window=window)])) as gateway:
        assert statuses(gateway, requests, 200) == {200: most, 429: requests - most}


def test_the_tighter_of_two_limits_is_exact_and_costs_the_other_nothing():
    requests = 10_000
    filters = [limit(requests_per_day=requests, key="address"), {"name": "narrow", **limit(requests_per_day=300)}]
    with Gateway(proxy_config(MOCK, filters)) as gateway:
        assert statuses(gateway, requests, 100) == {200: 300, 429: requests - 300}
        # What the second refused, the first has back: it has let through what was answered.
        answer = gateway.chat()
        assert answer.headers["x-ratelimit-limit-requests"] == "300"
        gateway.write(proxy_config(MOCK, filters[:1]))
        until(lambda: gateway.chat().status_code == 200, "the limit that is left")
        assert int(gateway.chat().headers["x-ratelimit-remaining-requests"]) >= requests - 310


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
