"""Prices and budgets from end to end: what each exchange costs, how much is let through, who is told of it, and what is settled."""

import contextlib
import hashlib
import hmac
import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import httpx
import pytest

from support.backends import free_port
from support.budgets import answers, CHAT, costs, usage_of, used
from support.cases import case
from support.clients import Client, Failed
from support.gateway import Gateway, PLAIN, proxy_config, run_tidegate
from support.scenes import SPENT, STOP, streams
from support.upstream import completion, delta, DONE, Reply, Upstream
from support.wait import until


KEYS = [
    {"key": "alice-key", "principal": "alice", "tenant": "shore"},
    {"key": "bob-key", "principal": "bob", "tenant": "shore"},
    {"key": "carol-key", "principal": "carol", "tenant": "sea"},
]
AUTH = {"auth_filter": {"api_keys": {"keys": KEYS}}}
USAGE = {"sqlite": "usage.db"}


def as_user(name: str) -> dict:
    return {"authorization": f"Bearer {name}-key"}


def day(distance: int) -> str:
    return (datetime.now(timezone.utc) + timedelta(days=distance)).strftime("%Y-%m-%d")


def budget(**settings) -> dict:
    return {"rate_limit": settings}


def config(upstream: Upstream, prices: list, filters: list | None = None, routes: list | None = None, **clusters) -> dict:
    return proxy_config({"up": upstream.cluster(), **clusters}, filters, routes, prices=prices, usage=USAGE)


# -- what it costs ---------------------------------------------------------------------------------------------------------

PRICES = [
    {"model": "plain", "input": 3, "output": 15},
    {"model": ["cached", "stored-*"], "input": 3, "cached_input": 0.3, "cache_write": 3.75, "output": 15},
    {"model": "thinking", "input": 1, "output": 4, "reasoning": 8},
    {"model": "long", "input": 1, "output": 2, "cached_input": 0.5, "long": {"over": 1000, "input": 5, "output": 10}},
    {"model": "each", "request": 0.01, "input": 1, "output": 1},
    {"model": "tiny", "input": 0.01},
    {"model": "ruled", "cost": "input_tokens * 2u + output_tokens * 7u + cached_input_tokens * 3u + reasoning_tokens + (backend == 'up' ? 100u : 0u)"},
    {"model": "dated", "until": day(-2), "input": 1000},
    {"model": "dated", "from": day(2), "input": 2000},
    {"model": "dated", "from": day(-2), "until": day(2), "input": 7},
    {"model": "dated", "input": 3000},
    {"model": "offered", "provider": "anthropic", "input": 1000},
    {"model": "offered", "provider": ["openai", "groq"], "input": 9},
    {"model": "first", "input": 5},
    {"model": "firs?", "input": 6},
    {"model": "free", "input": 0, "output": 0},
]
# The model, what the upstream says that it used, and millionths of a dollar.
COSTS = [
    case("input and output", "plain", used(1000, 100), 4500),
    case("cached without a price", "plain", used(1000, 100, cached=400), 4500),
    case("cached", "cached", used(1000, 100, cached=400), 3420),
    case("a glob", "stored-7", used(1000, 100, cached=1000), 1800),
    case("reasoning", "thinking", used(100, 50, reasoning=20), 380),
    case("a prompt that is not long", "long", used(1000, 10), 1020),
    case("a long prompt", "long", used(1001, 10), 5105),
    case("a long prompt of which some is cached", "long", used(2000, 10, cached=1000), 5600),
    case("a price of the request", "each", used(7, 3), 10_010),
    case("rounded down", "tiny", used(49, 1), 0),
    case("rounded up", "tiny", used(50, 1), 1),
    case("a rule", "ruled", used(7, 3, cached=2, reasoning=1), 142),
    case("a date", "dated", used(100, 1), 700),
    case("a provider", "offered", used(100, 1), 900),
    case("the first that fits", "first", used(100, 1), 500),
    case("free", "free", used(100, 1), 0),
    case("many tokens", "plain", used(10**9, 10**9), 18 * 10**9),
]


@pytest.mark.parametrize("model, usage, micro", COSTS)
def test_every_account_has_the_cost(model, usage, micro):
    with Upstream(answers({model: usage})) as upstream, Gateway(config(upstream, PRICES)) as gateway:
        assert gateway.chat(model).status_code == 200
        assert costs(gateway, 1) == {micro}


def test_tokens_written_to_a_cache_have_a_price_of_their_own():
    usage = {"input_tokens": 100, "cache_read_input_tokens": 400, "cache_creation_input_tokens": 200, "output_tokens": 50}
    message = {"id": "m", "type": "message", "role": "assistant", "model": "cached", "content": [], "stop_reason": "end_turn", "usage": usage}
    with Upstream(lambda seen, reply: reply.json(message)) as upstream:
        routes = [{"backends": [{"cluster": "claude"}]}]
        with Gateway(config(upstream, PRICES, routes=routes, claude=upstream.cluster("anthropic"))) as gateway:
            asked = {"model": "cached", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
            assert gateway.post("/v1/messages", asked).status_code == 200
            assert costs(gateway, 1, "/v1/messages") == {100 * 3 + 400 * 0.3 + 200 * 3.75 + 50 * 15}
            assert gateway.post(CHAT, asked).status_code == 200
            assert gateway.access_of(CHAT)[0]["usage"]["cost_micro_usd"] == 1920, "translated as well"


def test_the_model_that_the_provider_is_asked_for_has_the_price():
    routes = [{"backends": [{"cluster": "up", "model": "plain"}]}]
    with Upstream(answers({"plain": used(1000, 100)})) as upstream, Gateway(config(upstream, PRICES, routes=routes)) as gateway:
        assert gateway.chat("each").status_code == 200
        assert costs(gateway, 1) == {4500}
        assert usage_of(gateway, 1, group_by="model,provider")[0]["key"] == {"model": "plain", "provider": "openai"}


def test_else_the_model_that_answered_has_it():
    with Upstream(lambda seen, reply: reply.json(completion(model="plain", usage=used(1000, 100)))) as upstream:
        with Gateway(config(upstream, PRICES)) as gateway:
            assert gateway.chat("an-alias").status_code == 200
            assert costs(gateway, 1) == {4500}


def test_prices_differ_by_provider_and_backend():
    rule = [{"model": "ruled", "cost": "backend == 'up' ? 100 : 300"}]
    routes = [{"match": {"headers": {"x-to": name}}, "backends": [{"cluster": name}]} for name in ("up", "other")]
    with Upstream(answers({"ruled": used(7, 3)})) as upstream:
        with Gateway(config(upstream, rule, routes=routes, other=upstream.cluster("groq"))) as gateway:
            for name in ("up", "other"):
                assert gateway.chat("ruled", headers={"x-to": name}).status_code == 200
            assert costs(gateway, 2) == {400}
            found = {group["key"]["cluster"]: group["cost_micro_usd"] for group in usage_of(gateway, 2, group_by="cluster")}
            assert found == {"up": 100, "other": 300}


def test_the_embedded_model_costs_nothing():
    with Gateway(proxy_config({"local": {"provider": "mock"}}, usage=USAGE)) as gateway:
        assert gateway.chat().status_code == 200
        assert costs(gateway, 1) == {0}
        assert usage_of(gateway, 1)[0]["unpriced_requests"] == 0


def test_a_request_has_its_price_where_the_provider_counts_no_tokens():
    images = {"created": 1, "data": [{"b64_json": "aGk="}]}
    with Upstream(lambda seen, reply: reply.json(images)) as upstream, Gateway(config(upstream, PRICES)) as gateway:
        assert gateway.post("/v1/images/generations", {"model": "each", "prompt": "a tide"}).status_code == 200
        assert usage_of(gateway, 1)[0]["cost_micro_usd"] == 10_000


def test_a_model_without_a_price_is_told_once():
    with Upstream(answers({"unheard-of": used(7, 3), "plain": used(7, 3)})) as upstream:
        with Gateway(config(upstream, PRICES, [budget(cost_per_day=1)])) as gateway:
            for model in ("unheard-of", "plain", "unheard-of", "unheard-of"):
                assert gateway.chat(model).status_code == 200
            assert usage_of(gateway, 4)[0]["unpriced_requests"] == 3
            lines = [json.loads(line) for line in gateway.log if "no price is known" in line]
            assert [(line["level"], line["model"]) for line in lines] == [("WARN", "unheard-of")]


def test_a_model_without_a_price_may_be_refused():
    with Upstream(answers({"plain": used(7, 3)})) as upstream:
        with Gateway(config(upstream, PRICES, [budget(cost_per_day=1, on_missing_price="deny")])) as gateway:
            refused = gateway.chat("unheard-of")
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "model_price_unknown")
            assert "unheard-of" in refused.json()["error"]["message"] and not upstream.requests
            assert gateway.chat("plain").status_code == 200


def test_a_model_is_refused_where_one_of_its_backends_has_no_price():
    routes = [{"backends": [{"cluster": "up", "model": "plain"}, {"cluster": "up", "model": "unheard-of"}]}]
    with Upstream(answers({"plain": used(7, 3), "unheard-of": used(7, 3)})) as upstream:
        filters = [budget(cost_per_day=1, on_missing_price="deny")]
        with Gateway(config(upstream, PRICES, filters, routes)) as gateway:
            for _ in range(20):
                gateway.chat("m")
            assert "unheard-of" not in {seen.json["model"] for seen in upstream.requests}


# -- how much is let through -----------------------------------------------------------------------------------------------

CENT = [{"model": "m", "request": 0.01}, {"model": "slow", "output": 1000}]


def asked(gateway: Gateway, requests: int, clients: int, **body) -> list[int]:
    """The statuses of so many requests from so many clients at once."""
    wanted = {"model": "m", "messages": [{"role": "user", "content": "hello"}], **body}
    limits = httpx.Limits(max_connections=clients)
    with httpx.Client(base_url=gateway.url, verify=PLAIN, timeout=30, limits=limits) as client, ThreadPoolExecutor(clients) as pool:
        return list(pool.map(lambda _: client.post(CHAT, json=wanted).status_code, range(requests)))


@pytest.mark.parametrize("window", ["sliding", "fixed", "calendar"])
def test_a_budget_is_exact_with_fifty_clients(window):
    with Upstream(answers({"m": used(7, 3)})) as upstream:
        with Gateway(config(upstream, CENT, [budget(cost_per_month=0.37, window=window)])) as gateway:
            told = asked(gateway, 400, 50)
            assert (told.count(200), told.count(429)) == (37, 363)
            assert len(upstream.requests) == 37
            assert usage_of(gateway, 37, status="200")[0]["cost_micro_usd"] == 370_000


def test_what_is_reserved_and_not_used_is_given_back():
    """Each of 20,000 is expected to cost 500 thousandths of a dollar at first, and costs three."""
    with Upstream(answers({"slow": used(7, 3)})) as upstream:
        with Gateway(config(upstream, CENT, [budget(cost_per_day=1)])) as gateway:
            statuses = []
            while statuses[-50:].count(429) < 50:
                statuses += asked(gateway, 50, 50, model="slow", max_tokens=500)
            spent = statuses.count(200) * 0.003
            assert 1 - 0.006 < spent <= 1


def test_a_budget_is_overdrawn_by_no_more_than_is_in_flight():
    """What an answer uses beyond its reservation counts from the moment it is known: those that are on their way may be dearer."""
    clients, cost = 50, 0.1

    def slowly(seen, reply: Reply):
        time.sleep(0.2)
        reply.json(completion(model="slow", usage=used(7, 100)))

    with Upstream(slowly) as upstream, Gateway(config(upstream, CENT, [budget(cost_per_day=1)])) as gateway:
        # A fiftieth of the cost is reserved for each.
        told = asked(gateway, 200, clients, model="slow", max_tokens=2)
        let_in = told.count(200)
        assert 10 <= let_in <= math.floor(1 / cost) + clients, told
        assert set(told[-50:]) == {429}


def test_no_budget_grows_by_cancelled_and_failed_requests():
    def fails(seen, reply: Reply):
        reply.json({"error": {"message": "no", "type": "server_error"}}, 500)

    with Upstream(fails) as upstream, Gateway(config(upstream, CENT, [budget(cost_per_day=0.05)])) as gateway:
        assert set(asked(gateway, 100, 5)) == {500}
        upstream.answer = answers({"m": used(7, 3)})
        assert asked(gateway, 20, 10).count(200) == 5


def test_a_tenant_may_have_another_budget():
    filters = [AUTH, budget(key="tenant", cost_per_day=0.02, overrides={"sea": {"cost_per_day": 0.05}})]
    with Upstream(answers({"m": used(7, 3)})) as upstream, Gateway(config(upstream, CENT, filters)) as gateway:
        ask = lambda name: gateway.chat("m", headers=as_user(name)).status_code  # noqa: E731
        assert [ask(name) for name in ("alice", "bob", "alice", "bob")] == [200, 200, 429, 429]
        assert [ask("carol") for _ in range(6)] == [200] * 5 + [429]


def test_a_soft_budget_refuses_nobody_and_tells():
    alert = {"at": [0.5, 1.0]}
    with Upstream(answers({"m": used(7, 3)})) as upstream:
        with Gateway(config(upstream, CENT, [budget(cost_per_day=0.04, soft=True, alert=alert)])) as gateway:
            answered = [gateway.chat("m") for _ in range(10)]
            assert {answer.status_code for answer in answered} == {200}
            assert not [name for answer in answered for name in answer.headers if "ratelimit" in name]
            until(lambda: len(told_in_log(gateway)) == 2, "both lines")
            assert sorted(line["part"] for line in told_in_log(gateway)) == [0.5, 1.0]


# -- what clients are told -------------------------------------------------------------------------------------------------


def test_a_spent_budget_as_clients_of_openai_see_it():
    with Upstream(answers({"m": used(7, 3)})) as upstream:
        with Gateway(config(upstream, CENT, [budget(cost_per_hour=0.01)])) as gateway:
            assert gateway.chat("m").status_code == 200
            refused = gateway.chat("m")
            assert refused.status_code == 429
            assert refused.json()["error"] == {
                "message": f"the budget of $0.01 an hour is reached; try again in {refused.headers['retry-after']} s",
                "type": "rate_limit_error",
                "param": None,
                "code": "insufficient_quota",
            }
            assert 3590 <= int(refused.headers["retry-after"]) <= 3661
            assert refused.headers["x-should-retry"] == "false"
            streamed = gateway.chat("m", stream=True)
            assert (streamed.status_code, streamed.json()["error"]["code"]) == (429, "insufficient_quota")


def test_a_spent_budget_as_clients_of_anthropic_see_it():
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    with Upstream(answers({"m": used(7, 3)})) as upstream:
        with Gateway(config(upstream, CENT, [budget(cost_per_hour=0.01)])) as gateway:
            assert gateway.post("/v1/messages", body).status_code == 200
            refused = gateway.post("/v1/messages", body)
            assert refused.status_code == 429
            told = refused.json()
            assert told["type"] == "error" and told["error"]["type"] == "rate_limit_error"
            assert told["error"]["message"].startswith("the budget of $0.01 an hour is reached")
            assert 3590 <= int(refused.headers["retry-after"]) <= 3661
            assert refused.headers["x-should-retry"] == "false"


def test_a_short_wait_is_worth_another_try():
    with Upstream(answers({"m": used(7, 3)})) as upstream:
        with Gateway(config(upstream, CENT, [budget(cost_per_minute=0.01, window="fixed")])) as gateway:
            assert gateway.chat("m").status_code == 200
            refused = gateway.chat("m")
            assert 1 <= int(refused.headers["retry-after"]) <= 60
            assert "x-should-retry" not in refused.headers


@pytest.mark.parametrize("kind", ["python", "node", "anthropic", "anthropic-node"])
def test_the_vendors_clients_raise_and_try_no_more(kind):
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(Upstream(answers({"m": used(7, 3)})))
        gateway = stack.enter_context(Gateway(config(upstream, CENT, [budget(cost_per_day=0.01)])))
        client = stack.enter_context(Client(kind, gateway.url))
        bound = {"max_tokens": 9} if kind.startswith("anthropic") else {}
        client.chat("m", **bound)
        with pytest.raises(Failed) as error:
            client.chat("m", **bound)
        assert (error.value.name, error.value.status) == ("RateLimitError", 429)
        path = "/v1/messages" if bound else CHAT
        assert len(gateway.access_of(path, 2)) == 2


# -- who is told -----------------------------------------------------------------------------------------------------------

SECRET = "webhook-secret"


def told_in_log(gateway: Gateway) -> list[dict]:
    return [json.loads(line) for line in gateway.log if "a limit is used up" in line]


def alerted(hook: Upstream | str, *at: float, **settings) -> dict:
    url = hook if isinstance(hook, str) else f"{hook.url}/alerts"
    return budget(alert={"at": list(at), "webhook": {"url": url, "secret": SECRET}}, **settings)


def heard(hook: Upstream) -> list[tuple]:
    """Whose, which part and how much, of each alert; each must be signed."""
    found = []
    for seen in list(hook.requests):
        signature = hmac.digest(SECRET.encode(), seen.body, hashlib.sha256).hex()
        assert seen.all("x-tidegate-signature") == [f"sha256={signature}"]
        assert (seen.method, seen.target, seen.get("content-type")) == ("POST", "/alerts", "application/json")
        told = seen.json
        found.append((told["principal"], told["limit"], told["part"], told["used"], told["most"]))
    return sorted(found)


def test_each_part_is_told_once_for_each_key():
    with Upstream(answers({"m": used(7, 3)})) as upstream, Upstream(lambda seen, reply: reply.send(204)) as hook:
        filters = [AUTH, alerted(hook, 1.0, 0.5, cost_per_day=0.04)]
        with Gateway(config(upstream, CENT, filters)) as gateway:
            expected = []
            for name in ("alice", "bob"):
                told = [gateway.chat("m", headers=as_user(name)).status_code for _ in range(8)]
                assert told == [200] * 4 + [429] * 4
                expected += [(name, "cost_per_day", 0.5, 0.02, 0.04), (name, "cost_per_day", 1.0, 0.04, 0.04)]
            until(lambda: len(hook.requests) == 4, "four alerts")
            assert gateway.chat("m", headers=as_user("alice")).status_code == 429
            assert heard(hook) == sorted(expected)
            assert sorted((line["principal"], line["part"]) for line in told_in_log(gateway)) == [(name, part) for name, _, part, *_ in expected]
            first = hook.requests[0].json
            assert (first["type"], first["tenant"], first["model"]) == ("limit.reached", "shore", "m")
            assert 86_000 < first["resets_in_seconds"] <= 87_900
            assert SECRET not in "".join(gateway.log) + gateway.admin("GET", "/v1/config").text


@pytest.mark.parametrize("soft", [False, True])
def test_a_part_that_an_answer_reaches_is_told_without_another_request(soft):
    """Each is expected to cost two thousandths of a dollar."""
    prices = [{"model": "dear-*", "output": 1000}]
    act = answers({"dear-1": used(7, 85), "dear-2": used(7, 30)})
    with Upstream(act) as upstream, Upstream(lambda seen, reply: reply.send(204)) as hook:
        filters = [AUTH, alerted(hook, 0.8, 1.0, cost_per_day=0.1, soft=soft)]
        with Gateway(config(upstream, prices, filters)) as gateway:
            expected = []
            for model, part, cost in (("dear-1", 0.8, 0.085), ("dear-2", 1.0, 0.115)):
                assert gateway.chat(model, max_tokens=2, headers=as_user("alice")).status_code == 200
                expected.append(("alice", "cost_per_day", part, cost, 0.1))
                until(lambda: len(hook.requests) == len(expected), f"the alert of {part}")
                assert heard(hook) == expected
            last = gateway.chat("dear-2", max_tokens=2, headers=as_user("alice"))
            assert last.status_code == (200 if soft else 429)
            assert gateway.stop() == 0
            assert heard(hook) == expected and len(told_in_log(gateway)) == 2


def test_many_at_once_are_told_once():
    with Upstream(answers({"m": used(7, 3)})) as upstream, Upstream(lambda seen, reply: reply.send(204)) as hook:
        with Gateway(config(upstream, CENT, [alerted(hook, 0.5, 1.0, cost_per_day=0.4)])) as gateway:
            assert asked(gateway, 200, 50).count(200) == 40
            until(lambda: len(hook.requests) >= 2, "both alerts")
            asked(gateway, 50, 50)
            assert [part for _, _, part, *_ in heard(hook)] == [0.5, 1.0]


def test_what_was_told_is_not_told_again_after_a_restart(tmp_path):
    with Upstream(answers({"m": used(7, 3)})) as upstream, Upstream(lambda seen, reply: reply.send(204)) as hook:
        setup = config(upstream, CENT, [alerted(hook, 1.0, cost_per_day=0.01)]) | {"store": {"sqlite": {"path": str(tmp_path / "state.db")}}}
        with Gateway(setup) as gateway:
            assert gateway.chat("m").status_code == 200
            until(lambda: hook.requests, "the alert")
        with Gateway(setup) as gateway:
            assert [gateway.chat("m").status_code for _ in range(3)] == [429] * 3
            assert gateway.stop() == 0
            assert told_in_log(gateway) == [] and len(heard(hook)) == 1


def test_a_new_window_is_told_again():
    with Upstream(answers({"m": used(7, 3)})) as upstream, Upstream(lambda seen, reply: reply.send(204)) as hook:
        with Gateway(config(upstream, CENT, [alerted(hook, 1.0, cost_per_second=0.01, window="fixed")])) as gateway:
            until(lambda: gateway.chat("m") and len(hook.requests) >= 3, "three windows", pause=0.05)
            until(lambda: gateway.chat("m").status_code == 200, "another window")


def test_what_a_webhook_did_not_take_is_sent_again():
    statuses = iter([500, 302, 200])
    with Upstream(answers({"m": used(7, 3)})) as upstream, Upstream(lambda seen, reply: reply.send(next(statuses), location="/elsewhere")) as hook:
        with Gateway(config(upstream, CENT, [alerted(hook, 1.0, cost_per_day=0.01)])) as gateway:
            assert gateway.chat("m").status_code == 200
            until(lambda: len(hook.requests) == 3, "the third try", seconds=15)
            assert len({(seen.target, seen.body, seen.get("x-tidegate-signature")) for seen in hook.requests}) == 1
            assert len(heard(hook)) == 3 and len(told_in_log(gateway)) == 1


@pytest.mark.parametrize("how", ["refuses", "hangs"])
def test_a_dead_webhook_delays_no_request(how):
    with contextlib.ExitStack() as stack:
        hook = stack.enter_context(Upstream(lambda seen, reply: reply.gone(60)))
        upstream = stack.enter_context(Upstream(answers({"m": used(7, 3)})))
        url = f"{hook.url}/alerts" if how == "hangs" else f"http://127.0.0.1:{free_port()}/alerts"
        gateway = stack.enter_context(Gateway(config(upstream, CENT, [alerted(url, 0.01, 0.5, 1.0, cost_per_day=0.2)])))
        begin = time.monotonic()
        assert [gateway.chat("m").status_code for _ in range(21)] == [200] * 20 + [429]
        assert time.monotonic() - begin < 3
        until(lambda: len(told_in_log(gateway)) == 3, "the lines of the log")
        if how == "refuses":
            assert json.loads(gateway.log_has("could not be delivered to its webhook", 25))["level"] == "ERROR"


def test_a_webhook_beyond_this_machine_is_encrypted(tmp_path):
    file = tmp_path / "tidegate.yaml"
    file.write_text(json.dumps(proxy_config({"local": {"provider": "mock"}}, [alerted("http://alerts.example/", 1.0, cost_per_day=1)])))
    told = run_tidegate("check", "-c", str(file))
    assert told.returncode == 1 and "allow_http" in told.stderr


# -- what is settled -------------------------------------------------------------------------------------------------------

# A cent for each token of an answer; a look costs a cent.
SETTLED = [{"model": "asked", "output": 10_000}, {"model": "look", "request": 0.01}]
CENTS = 40
TEXT = "the tide is as high as it was yesterday."
SAID = math.ceil(len(TEXT) / 4)
ASKED = {"model": "asked", "max_tokens": 20, "messages": [{"role": "user", "content": "How high is the tide?"}]}
STREAMED = {**ASKED, "stream": True}


def scene(act):
    """An upstream that does something with requests, and answers looks at once."""
    return lambda seen, reply: reply.json(completion()) if seen.json["model"] == "look" else act(reply)


def left(gateway: Gateway) -> int:
    """Cents that the budget has left: so many looks are let through. It is empty afterwards."""
    until(lambda: gateway.chat("look", max_tokens=1).status_code == 200, "the end of the reservation")
    looks = 1
    while gateway.chat("look", max_tokens=1).status_code == 200:
        looks += 1
    return looks


def plain(reply: Reply):
    reply.json(completion())


def fails(status: int):
    return lambda reply: reply.json({"error": {"message": "no", "type": "server_error"}}, status)


# What the upstream does, what is asked, and the cents that it comes to.
SCENES = [
    case("an answer", plain, ASKED, 3),
    case("a stream that says what it used", streams(delta(TEXT), STOP, SPENT, DONE), STREAMED, 3),
    case("a stream that does not", streams(delta(TEXT), STOP, DONE), STREAMED, SAID),
    case("a stream that is cut", streams(delta(TEXT), cut=True), STREAMED, SAID),
    case("an upstream that fails", fails(500), ASKED, 0),
    case("an upstream that is busy", fails(429), ASKED, 0),
    case("an upstream that hangs up", Reply.cut, ASKED, 0),
]


@pytest.mark.parametrize("act, body, cents", SCENES)
def test_what_was_used_is_what_is_paid(act, body, cents):
    with Upstream(scene(act)) as upstream, Gateway(config(upstream, SETTLED, [budget(cost_per_month=CENTS / 100)])) as gateway:
        gateway.post(CHAT, body)
        assert costs(gateway, 1) == {cents * 10_000}
        assert left(gateway) == CENTS - cents


def test_what_a_client_took_before_it_left_is_paid():
    with Upstream(scene(streams(delta(TEXT), stalls=True))) as upstream:
        with Gateway(config(upstream, SETTLED, [budget(cost_per_month=CENTS / 100)])) as gateway:
            with httpx.stream("POST", gateway.url + CHAT, json=STREAMED, timeout=20, verify=PLAIN) as answer:
                next(answer.iter_raw())
            assert costs(gateway, 1) == {SAID * 10_000}
            assert left(gateway) == CENTS - SAID


def test_a_fallback_is_paid_once_at_the_price_of_who_answered():
    prices = [{"model": "asked", "provider": "groq", "output": 20_000}, *SETTLED]
    routes = [{"backends": [{"cluster": "up"}, {"cluster": "second", "priority": 1}]}]

    def act(seen, reply: Reply):
        is_look = seen.json["model"] == "look"
        reply.json(completion()) if is_look or seen.target.startswith("/second") else reply.json({"error": {"message": "no"}}, 503)

    with Upstream(act) as upstream:
        second = {"provider": "groq", "endpoint": f"{upstream.url}/second"}
        with Gateway(config(upstream, prices, [budget(cost_per_month=CENTS / 100)], routes, second=second)) as gateway:
            answer = gateway.post(CHAT, ASKED)
            assert (answer.status_code, answer.headers["x-tidegate-cluster"]) == (200, "second")
            assert costs(gateway, 1) == {6 * 10_000}
            assert left(gateway) == CENTS - 6


def test_what_a_guard_blocks_costs_nothing_and_what_it_blocks_of_an_answer_is_paid():
    guard = {"content_moderation": {"words": ["tide", "hi"], "on": ["input", "output"]}}
    for text, cents in (("How high is the tide?", 0), ("How is it?", 3)):
        entry = {**guard, "when": "model == 'asked'"}
        with Upstream(scene(plain)) as upstream, Gateway(config(upstream, SETTLED, [budget(cost_per_month=CENTS / 100), entry])) as gateway:
            assert gateway.post(CHAT, {**ASKED, "messages": [{"role": "user", "content": text}]}).status_code == 400
            assert costs(gateway, 1) == {cents * 10_000}
            assert left(gateway) == CENTS - cents
