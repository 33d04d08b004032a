"""The account of usage from end to end: one record for every exchange, reports over them, and the command that prints one."""

import json
import pathlib
import re
import sqlite3
from dataclasses import dataclass

import httpx
import pytest

from support.budgets import CHAT, usage_of
from support.gateway import Gateway, PLAIN, proxy_config, run_tidegate
from support.scenes import SPENT, STOP, streams
from support.upstream import completion, delta, DONE, Reply, Upstream


KEYS = [{"key": "alice-key", "principal": "alice", "tenant": "shore"}]
AUTH = {"auth_filter": {"api_keys": {"keys": KEYS}}}
ALICE = {"authorization": "Bearer alice-key"}
PRICES = [{"model": "asked", "input": 10, "output": 100}]
COST = 7 * 10 + 3 * 100
KINDS = ["sqlite", "json_lines"]
COLUMNS = [
    *("time", "request_id", "principal", "tenant", "service", "route", "cluster", "provider", "original_model", "model", "operation"),
    *("status", "streaming", "input", "output", "cached_input", "cache_write", "reasoning", "estimated", "cost_micro_usd", "duration_ms"),
    *("first_token_ms", "attempts", "moderation_input", "moderation_output", "error", "cancelled", "tags"),
]
NAMES = ", ".join(COLUMNS)
FLAGS = dict.fromkeys(("streaming", "estimated", "cancelled"), False)


@dataclass(frozen=True)
class Account:
    """A file with an account of usage."""

    kind: str
    file: pathlib.Path

    @property
    def settings(self) -> dict:
        return {self.kind: str(self.file)}

    def records(self) -> list[dict]:
        """All records, in the order in which they came."""
        if self.kind == "json_lines":
            return [json.loads(line) for line in self.file.read_text().splitlines()]
        with sqlite3.connect(f"file:{self.file}?mode=ro", uri=True) as store:
            rows = [dict(zip(COLUMNS, row)) for row in store.execute(f"SELECT {NAMES} FROM exchanges ORDER BY rowid")]
        store.close()
        return [row | {"tags": json.loads(row["tags"])} | {name: bool(row[name]) for name in FLAGS} for row in rows]

    def put(self, records: list[dict]):
        """Adds records to what a gateway that has ended left."""
        if self.kind == "json_lines":
            with self.file.open("a") as file:
                file.writelines(json.dumps(record) + "\n" for record in records)
            return
        rows = [[json.dumps(record["tags"]) if name == "tags" else record[name] for name in COLUMNS] for record in records]
        with sqlite3.connect(self.file) as store:
            store.executemany(f"INSERT INTO exchanges ({NAMES}) VALUES ({', '.join('?' * len(rows[0]))})", rows)
        store.close()


@pytest.fixture(params=KINDS)
def account(request, tmp_path) -> Account:
    return Account(request.param, tmp_path / "usage")


# -- one record for every exchange -----------------------------------------------------------------------------------------

TEXT = "the tide is as high as it was yesterday."
SAID = 10
ASKED = {"model": "asked", "max_tokens": 20, "messages": [{"role": "user", "content": "How high is the sea?"}]}
TAGGED = {**ASKED, "metadata": {"team": "harbour", "run": 7, "customer": "c-1"}}
BLOCKED = {**ASKED, "messages": [{"role": "user", "content": "a forbidden word"}]}
STREAMED = {**ASKED, "stream": True}


def plain(reply: Reply):
    reply.json(completion())


def fails(reply: Reply):
    reply.json({"error": {"message": "no", "type": "server_error"}}, 500)


def expected_input(body: dict) -> int:
    """As the gateway guesses it from the size of what httpx sends."""
    return -(-len(httpx.Request("POST", "http://x", json=body).content) // 4)


NOTHING = dict.fromkeys(("input", "output", "cached_input", "cache_write", "reasoning"), 0) | {"cost_micro_usd": None}
REFUSED = {**NOTHING, "cluster": None, "provider": None, "attempts": 0, "streaming": False, "error": "client", "cancelled": False}
WHO = {"principal": "alice", "tenant": "shore", "service": "main"}
SENT = {**WHO, "route": "chats", "cluster": "up", "provider": "openai", "original_model": "asked", "model": "asked", "attempts": 1}
TOKENS = {"input": 7, "output": 3, "estimated": False, "cost_micro_usd": COST}
ANSWERED = {**SENT, **TOKENS, "operation": "chat", "status": 200, "error": None, "cancelled": False}
# What a stream is that does not say what it used: by the size of the request and the text of the answer.
GUESSED = {**SENT, "status": 200, "streaming": True, "output": SAID, "estimated": True}


@dataclass(frozen=True)
class Scene:
    """An exchange, and what its record says."""

    record: dict
    body: dict
    act: object = plain
    path: str = CHAT
    headers: dict | None = None


SCENES = {
    "an answer": Scene({**ANSWERED, "streaming": False, "first_token_ms": None, "tags": {}}, ASKED),
    "with tags": Scene({**ANSWERED, "tags": {"team": "harbour", "customer": "c-1"}}, TAGGED),
    "nobody known": Scene({**REFUSED, "principal": None, "tenant": None, "service": "main", "status": 401}, ASKED, headers={}),
    "no route": Scene({**REFUSED, **WHO, "route": None, "status": 404, "operation": "other"}, ASKED, path="/nothing"),
    "a limit": Scene(
        {**REFUSED, **WHO, "route": "limited", "status": 429, "operation": "embeddings"}, {"model": "asked", "input": "sea"}, path="/v1/embeddings"
    ),
    "a blocked prompt": Scene({**REFUSED, **WHO, "route": "chats", "status": 400, "moderation_input": "block"}, BLOCKED),
    "an upstream that fails": Scene({**SENT, **NOTHING, "status": 500, "error": None}, ASKED, fails),
    "an upstream that hangs up": Scene({**SENT, **NOTHING, "status": 502, "error": "upstream"}, ASKED, Reply.cut),
    "a stream": Scene({**ANSWERED, "streaming": True}, STREAMED, streams(delta(TEXT), STOP, SPENT, DONE)),
    "a stream that does not say": Scene(
        {**GUESSED, "input": expected_input(STREAMED), "cost_micro_usd": expected_input(STREAMED) * 10 + SAID * 100},
        STREAMED,
        streams(delta(TEXT), STOP, DONE),
    ),
    "a stream that is cut": Scene({**GUESSED, "error": "upstream"}, STREAMED, streams(delta(TEXT), cut=True)),
    "another dialect": Scene({**ANSWERED, "operation": "messages"}, ASKED, path="/v1/messages"),
    "a blocked answer": Scene(
        {**SENT, **TOKENS, "status": 400, "moderation_output": "block"}, ASKED, lambda reply: reply.json(completion("a forbidden word"))
    ),
}


def config(upstream: Upstream, account: Account) -> dict:
    limited = {"rate_limit": {"tokens_per_day": 1, "requests_per_day": 1}}
    routes = [
        {"name": "limited", "match": {"path": {"exact": "/v1/embeddings"}}, "backends": [{"cluster": "up"}], "filters": [limited]},
        {"name": "chats", "match": {"path": {"regex": "/v1/(chat/completions|messages)"}}, "backends": [{"cluster": "up"}]},
    ]
    # What streams say is counted for whoever settles.
    counter = {"rate_limit": {"tokens_per_month": 10**9}}
    guard = {"content_moderation": {"words": ["forbidden"], "on": ["input", "output"]}}
    return proxy_config({"up": upstream.cluster()}, [AUTH, counter, guard], routes, prices=PRICES, usage=account.settings)


def recorded(account: Account, gateway: Gateway, count: int) -> list[dict]:
    """So many records and no more, once they are written; it is the report that waits for those before it."""
    usage_of(gateway, count)
    records = account.records()
    assert len(records) == count
    return records


@pytest.mark.parametrize("name", SCENES)
def test_every_exchange_has_one_record(account, name):
    scene = SCENES[name]
    with Upstream(lambda seen, reply: scene.act(reply)) as upstream, Gateway(config(upstream, account)) as gateway:
        headers = ALICE if scene.headers is None else scene.headers
        if name == "a limit":
            assert gateway.post(scene.path, scene.body, headers=headers).status_code == 200
        with_id = {**headers, "x-request-id": "the-one"}
        try:
            status = gateway.post(scene.path, scene.body, headers=with_id).status_code
        except httpx.RemoteProtocolError:
            status = 200
        records = [record for record in recorded(account, gateway, 2 if name == "a limit" else 1) if record["request_id"] == "the-one"]
        assert [record["status"] for record in records] == [status]
        assert {field: records[0][field] for field in scene.record} == scene.record
        lines = [line for line in gateway.access_of(scene.path, len(account.records())) if line["request_id"] == "the-one"]
        shared = ("principal", "tenant", "service", "route", "cluster", "provider", "operation", "status", "streaming", "attempts")
        assert {field: lines[0].get(field) for field in shared} == {field: records[0][field] for field in shared}


def test_a_cancelled_stream_has_one_record(account):
    with Upstream(lambda seen, reply: streams(delta(TEXT), stalls=True)(reply)) as upstream, Gateway(config(upstream, account)) as gateway:
        with httpx.stream("POST", gateway.url + CHAT, json=STREAMED, headers=ALICE, timeout=20, verify=PLAIN) as answer:
            next(answer.iter_raw())
        (record,) = recorded(account, gateway, 1)
        assert (record["status"], record["cancelled"], record["streaming"], record["estimated"]) == (200, True, True, True)
        assert (record["input"], record["output"]) == (expected_input(STREAMED), SAID)


def test_a_fallback_has_one_record(account):
    routes = [{"backends": [{"cluster": "broken"}, {"cluster": "up", "priority": 1}]}]
    with Upstream() as upstream:
        clusters = {"up": upstream.cluster(), "broken": {"provider": "mock", "status": 503}}
        with Gateway(proxy_config(clusters, routes=routes, prices=PRICES, usage=account.settings)) as gateway:
            assert gateway.post(CHAT, ASKED).status_code == 200
            (record,) = recorded(account, gateway, 1)
            assert (record["attempts"], record["cluster"], record["cost_micro_usd"]) == (2, "up", COST)


def test_tags_are_kept_where_no_filter_reads_the_request(account):
    with Gateway(proxy_config({"local": {"provider": "mock"}}, usage=account.settings)) as gateway:
        assert gateway.post(CHAT, TAGGED).status_code == 200
        assert gateway.post("/v1/messages", {**ASKED, "metadata": {"user_id": "u-1"}}).status_code == 200
        assert [record["tags"] for record in recorded(account, gateway, 2)] == [{"team": "harbour", "customer": "c-1"}, {"user_id": "u-1"}]


def test_what_is_for_no_service_has_no_record(account):
    setup = proxy_config({"local": {"provider": "mock"}}, usage=account.settings)
    setup["virtual_services"][0]["hosts"] = ["only.test"]
    with Gateway(setup) as gateway:
        assert gateway.get("/v1/models").status_code == 404
        assert gateway.get("/v1/models", headers={"host": "only.test"}).status_code == 200
        assert [record["status"] for record in recorded(account, gateway, 1)] == [200]


def test_records_outlive_a_restart_and_a_kill(account):
    setup = proxy_config({"local": {"provider": "mock"}}, usage=account.settings)
    for number, end in enumerate(("stop", "kill", "stop")):
        with Gateway(setup) as gateway:
            assert gateway.chat().status_code == 200
            assert len(recorded(account, gateway, number + 1)) == number + 1
            getattr(gateway, end)()
    with Gateway(setup) as gateway:
        assert sum(group["requests"] for group in usage_of(gateway, 3)) == 3


def test_what_a_stopped_gateway_had_still_to_write_is_written(account):
    with Gateway(proxy_config({"local": {"provider": "mock"}}, usage=account.settings)) as gateway:
        assert {gateway.chat().status_code for _ in range(20)} == {200}
        assert gateway.stop() == 0
    assert len(account.records()) == 20


# -- reports ---------------------------------------------------------------------------------------------------------------

# 2026-01-31T23:00:00Z
BEGIN = 1769900400000
PLAIN_RECORD = dict.fromkeys(COLUMNS) | FLAGS | {"request_id": "r", "operation": "chat", "status": 200, "attempts": 1, "duration_ms": 5, "tags": {}}
COUNTS = {"input": 100, "output": 10, "cached_input": 40, "cache_write": 20, "reasoning": 4}


def one(hours: float, principal: str | None, model: str, cost: int | None, **more) -> dict:
    return {**PLAIN_RECORD, **COUNTS, "time": BEGIN + int(hours * 3600_000), "principal": principal, "model": model, "cost_micro_usd": cost, **more}


RECORDS = [
    one(0, "alice", "a", 1000, tenant="shore", service="main", route="r1", cluster="c1", provider="openai", tags={"team": "x"}),
    one(0.999, "alice", "b", 500, tenant="shore", service="main", route="r2", cluster="c2", provider="groq", tags={"team": "y"}),
    one(1, "bob", "a", 3000, tenant="shore", service="side", route="r1", cluster="c1", provider="openai", operation="messages"),
    one(25, "bob", "a", None, status=500, error="upstream"),
    one(49, None, "a", 0, status=429, tags={"team": "x"}, **dict.fromkeys(COUNTS, 0)),
]
ALL = {"from": "2026-01-31", "to": "2026-02-28"}


@pytest.fixture
def kept(account):
    """A gateway with an account of these records."""
    setup = proxy_config({"local": {"provider": "mock"}}, usage=account.settings)
    with Gateway(setup):
        pass
    account.put(RECORDS)
    with Gateway(setup) as gateway:
        yield gateway


def report(gateway: Gateway, **query) -> dict:
    answer = gateway.admin("GET", "/v1/usage", params={**ALL, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def requests_by(gateway: Gateway, name: str, **query) -> dict:
    return {group["key"][name]: group["requests"] for group in report(gateway, group_by=name, **query)["groups"]}


def test_a_report_has_the_sums(kept):
    assert report(kept) == {
        "from": "2026-01-31T00:00:00.000Z",
        "to": "2026-02-28T00:00:00.000Z",
        "group_by": [],
        "groups": [
            {
                "key": {},
                "requests": 5,
                "errors": 2,
                "tokens": {name: 4 * count for name, count in COUNTS.items()},
                "cost_micro_usd": 4500,
                "unpriced_requests": 1,
                "duration_ms": 25,
            }
        ],
        "truncated": False,
        "lost_records": 0,
    }


@pytest.mark.parametrize(
    "name, found",
    [
        ("principal", {"alice": 2, "bob": 2, None: 1}),
        ("tenant", {"shore": 3, None: 2}),
        ("service", {"main": 2, "side": 1, None: 2}),
        ("route", {"r1": 2, "r2": 1, None: 2}),
        ("cluster", {"c1": 2, "c2": 1, None: 2}),
        ("provider", {"openai": 2, "groq": 1, None: 2}),
        ("model", {"a": 4, "b": 1}),
        ("operation", {"chat": 4, "messages": 1}),
        ("status", {"200": 3, "500": 1, "429": 1}),
        ("hour", {"2026-01-31T23": 2, "2026-02-01T00": 1, "2026-02-02T00": 1, "2026-02-03T00": 1}),
        ("day", {"2026-01-31": 2, "2026-02-01": 1, "2026-02-02": 1, "2026-02-03": 1}),
        ("month", {"2026-01": 2, "2026-02": 3}),
        ("tag:team", {"x": 2, "y": 1, None: 2}),
        ("tag:nothing", {None: 5}),
    ],
)
def test_reports_are_grouped_by_each_dimension_and_filtered_by_it(kept, name, found):
    assert requests_by(kept, name) == found
    for value in filter(None, found):
        assert requests_by(kept, name, **{name: value}) == {value: found[value]}


def test_the_dearest_groups_come_first_and_a_limit_is_told(kept):
    groups = report(kept, group_by="principal,model")["groups"]
    assert [list(group["key"].values()) for group in groups] == [["bob", "a"], ["alice", "a"], ["alice", "b"], [None, "a"]]
    limited = report(kept, group_by="principal,model", limit=2)
    assert (limited["groups"], limited["truncated"]) == (groups[:2], True)
    assert report(kept, group_by="principal,model", limit=4)["truncated"] is False


@pytest.mark.parametrize(
    "query, requests",
    [
        ({"from": "2026-01-31T23:00:00Z", "to": "2026-02-01T00:00:00Z"}, 2),
        ({"from": "2026-01-31T23:00:00.001Z", "to": "2026-02-01T00:00:00Z"}, 1),
        ({"from": "2026-02-01", "to": "2026-02-02"}, 1),
        ({"from": "2026-02-01", "to": "2026-02-04"}, 3),
        ({"from": "2026-02-04", "to": "2026-02-05"}, 0),
        ({"principal": "alice", "model": "a"}, 1),
        ({"principal": "alice", "tag:team": "y"}, 1),
        ({"principal": "nobody"}, 0),
        ({"principal": "ali"}, 0),
        ({"principal": ""}, 0),
    ],
    ids=str,
)
def test_a_report_is_about_its_time_and_values(kept, query, requests):
    assert sum(group["requests"] for group in report(kept, **query)["groups"]) == requests


def test_a_report_is_about_the_last_day_unless_told(kept):
    assert kept.chat().status_code == 200
    assert usage_of(kept, 1)[0]["requests"] == 1
    assert usage_of(kept, 1, since="1h")[0]["requests"] == 1
    assert usage_of(kept, 6, since="18000d")[0]["requests"] == 6


BAD = {
    "limit=0": "limit",
    "limit=10001": "limit",
    "limit=-1": "limit",
    "limit=many": "limit",
    "limit=99999999999999999999": "limit",
    "from=yesterday": "from",
    "to=2026-13-01": "to",
    "from=2026-02-30": "from",
    "since=a+while": "since",
    "since=-1h": "since",
    "since=99999999h": "since",
    "from=2026-02-02&to=2026-02-01": "from",
    "from=2026-02-02&to=2026-02-02": "from",
    "group_by=colour": "colour",
    "group_by=principal,colour": "colour",
    "group_by=tag:": "tag:",
    "group_by=principal,tenant,service,route,cluster,provider,model": "group_by",
    "group_by=principal;drop": "principal;drop",
    "colour=red": "colour",
    "tag:=x": "tag:",
    "Principal=alice": "Principal",
}


@pytest.mark.parametrize("query", BAD)
def test_a_bad_query_is_a_400_that_names_the_parameter(kept, query):
    answer = kept.admin("GET", f"/v1/usage?{query}")
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_request")
    assert f'"{BAD[query]}"' in error["message"]


@pytest.mark.parametrize("sign", ["%", "_", "*", "a%", "al_ce", "' OR '1'='1", "\\", "a\u0000"])
def test_t_dos_4_no_sign_of_a_query_stands_for_others(kept, sign):
    for name in ("principal", "tenant", "model", "tag:team"):
        assert report(kept, **{name: sign})["groups"] == []


def test_t_dos_4_queries_are_bounded(account):
    setup = proxy_config({"local": {"provider": "mock"}}, usage=account.settings)
    with Gateway(setup):
        pass
    account.put([one(0, f"user-{number}", "a", 1) for number in range(12_000)])
    with Gateway(setup) as gateway:
        by_default = report(gateway, group_by="principal")
        assert (len(by_default["groups"]), by_default["truncated"]) == (1000, True)
        most = report(gateway, group_by="principal", limit=10_000)
        assert (len(most["groups"]), most["truncated"]) == (10_000, True)
        assert report(gateway, group_by=f"tag:{'x' * 124}")["groups"][0]["requests"] == 12_000
        for query in ({"group_by": f"tag:{'x' * 125}"}, {"group_by": ",".join(["model"] * 7)}, {"z" * 7000: "x"}):
            assert gateway.admin("GET", "/v1/usage", params=query).status_code == 400
        assert report(gateway, principal="z" * 7000)["groups"] == []


def test_without_an_account_there_is_a_404_that_says_what_to_do():
    with Gateway(proxy_config({"local": {"provider": "mock"}})) as gateway:
        answer = gateway.admin("GET", "/v1/usage")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
        assert '"usage"' in answer.json()["error"]["message"]
        told = run_tidegate("usage", "--admin", gateway.admin_url)
        assert told.returncode == 1 and '"usage"' in told.stderr and not told.stdout


def test_the_operators_token_is_needed():
    admin = {"address": "127.0.0.1:0", "token": "operators-token"}
    with Gateway(proxy_config({"local": {"provider": "mock"}}, usage={"sqlite": "usage.db"}, admin=admin)) as gateway:
        assert gateway.admin("GET", "/v1/usage").status_code == 401
        refused = run_tidegate("usage", "--admin", gateway.admin_url)
        assert refused.returncode == 1 and "401" in refused.stderr
        assert run_tidegate("usage", "--admin", gateway.admin_url, "--token", "operators-token").returncode == 0
        assert run_tidegate("usage", "--admin", gateway.admin_url, env={"TIDEGATE_ADMIN_TOKEN": "operators-token"}).returncode == 0


# -- the command -----------------------------------------------------------------------------------------------------------

TABLE = """\
2026-01-31T00:00:00.000Z to 2026-02-28T00:00:00.000Z

principal  model  requests  errors  input  cached  output  reasoning  cost ($)
bob        a             2       1    200      80      20          8  0.003000
alice      a             1       0    100      40      10          4  0.001000
alice      b             1       0    100      40      10          4  0.000500
-          a             1       1      0       0       0          0  0.000000
total                    5       2    400     160      40         16  0.004500

1 requests have no price; add their models under "prices".
"""


def printed(gateway: Gateway, *arguments: str) -> str:
    told = run_tidegate("usage", "--admin", gateway.admin_url, *arguments)
    assert (told.returncode, told.stderr) == (0, ""), told
    return told.stdout


RANGE = ("--from", ALL["from"], "--to", ALL["to"])


def test_the_command_prints_a_table(kept):
    assert printed(kept, *RANGE).rstrip() == TABLE.rstrip()
    only = printed(kept, *RANGE, "--by", "tag:team", "--only", "principal=alice", "--only", "model=b").splitlines()
    assert [line.split()[0] for line in only[2:] if line] == ["tag:team", "y"]
    assert "There are more groups; raise --limit." in printed(kept, *RANGE, "--limit", "1")
    assert "total" in printed(kept, "--since", "1h")


def test_the_command_prints_the_json_of_the_admin_api(kept):
    assert json.loads(printed(kept, *RANGE, "--json", "--by", "day,model")) == report(kept, group_by="day,model", limit=100)


@pytest.mark.parametrize("arguments", ["--by colour", "--limit 0", "--since soon", "--only principal", "--since 1h --from 2026-01-01"])
def test_a_bad_question_to_the_command_is_told(kept, arguments):
    told = run_tidegate("usage", "--admin", kept.admin_url, *arguments.split())
    assert told.returncode != 0 and told.stderr and not told.stdout


def test_names_cannot_write_on_the_terminal(account):
    model = "m\x1b[2J\x1b]0;owned\x07\r\n\u009bx\u202e\u2066"
    with Gateway(proxy_config({"local": {"provider": "mock"}}, usage=account.settings)) as gateway:
        assert gateway.post(CHAT, {**ASKED, "model": model, "metadata": {"team": "\x1b[31mred"}}).status_code == 200
        usage_of(gateway, 1)
        shown = printed(gateway, "--by", "model,tag:team")
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown), repr(shown)
        assert "\\u{1b}[2J" in shown and "\\u{1b}[31mred" in shown
        assert len(shown.splitlines()) == 4


def test_names_cannot_turn_the_direction_of_a_line(account):
    with Gateway(proxy_config({"local": {"provider": "mock"}}, usage=account.settings)) as gateway:
        assert gateway.chat("m\u202e000.999\u2066").status_code == 200
        usage_of(gateway, 1)
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", printed(gateway, "--by", "model"))
