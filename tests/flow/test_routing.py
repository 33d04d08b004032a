"""Which backend a request reaches, and what it looks like there."""

import collections

import httpx
import pytest

from support.backends import free_port
from support.gateway import LOOPBACK, Gateway, proxy_config
from support.upstream import Upstream, completion


def answers(text: str):
    return lambda seen, reply: reply.json(completion(text))


def fails(status: int):
    return lambda seen, reply: reply.json({"error": {"message": "no", "type": "server_error"}}, status=status)


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return answer.json()["choices"][0]["message"]["content"]


def route(*backends: dict, **more) -> list[dict]:
    return [{"name": "all", "backends": list(backends), **more}]


def test_weights_share_the_traffic():
    with Upstream(answers("a")) as a, Upstream(answers("b")) as b, Upstream(answers("c")) as c:
        clusters = {"a": a.cluster(), "b": b.cluster(), "c": c.cluster()}
        backends = [{"cluster": "a", "weight": 75}, {"cluster": "b", "weight": 25}, {"cluster": "c", "weight": 0}]
        with Gateway(proxy_config(clusters, routes=route(*backends))) as gateway:
            counts = collections.Counter(text_of(gateway.chat()) for _ in range(200))
    assert counts["c"] == 0
    assert counts["a"] > counts["b"] > 10


@pytest.mark.parametrize("status", [500, 503, 429])
def test_fallback_to_the_next_priority(status):
    with Upstream(fails(status)) as first, Upstream(answers("second")) as second:
        clusters = {"first": first.cluster(), "second": second.cluster()}
        routes = route({"cluster": "first"}, {"cluster": "second", "priority": 1})
        with Gateway(proxy_config(clusters, routes=routes)) as gateway:
            answer = gateway.chat()
            assert text_of(answer) == "second"
            assert answer.headers["x-tidegate-cluster"] == "second"
            assert gateway.access_of("/v1/chat/completions")[0]["attempts"] == 2
    assert len(first.requests) == len(second.requests) == 1
    assert first.requests[0].body == second.requests[0].body


def test_fallback_when_nobody_listens():
    with Upstream(answers("second")) as second:
        clusters = {"dead": {"provider": "openai", "endpoint": f"http://127.0.0.1:{free_port()}"}, "second": second.cluster()}
        routes = route({"cluster": "dead"}, {"cluster": "second", "priority": 1})
        with Gateway(proxy_config(clusters, routes=routes)) as gateway:
            assert text_of(gateway.chat()) == "second"


def test_fallback_when_the_connection_is_reset():
    with Upstream(lambda seen, reply: reply.cut(reset=True)) as first, Upstream(answers("second")) as second:
        clusters = {"first": first.cluster(), "second": second.cluster()}
        routes = route({"cluster": "first"}, {"cluster": "second", "priority": 1})
        with Gateway(proxy_config(clusters, routes=routes)) as gateway:
            assert text_of(gateway.chat()) == "second"


def test_fallback_after_a_timeout():
    with Upstream(lambda seen, reply: reply.gone(10)) as slow, Upstream(answers("second")) as second:
        clusters = {"slow": slow.cluster(timeout="200ms"), "second": second.cluster()}
        routes = route({"cluster": "slow"}, {"cluster": "second", "priority": 1})
        with Gateway(proxy_config(clusters, routes=routes)) as gateway:
            assert text_of(gateway.chat()) == "second"


def test_client_errors_are_not_retried():
    with Upstream(fails(400)) as first, Upstream(answers("second")) as second:
        clusters = {"first": first.cluster(), "second": second.cluster()}
        routes = route({"cluster": "first"}, {"cluster": "second", "priority": 1})
        with Gateway(proxy_config(clusters, routes=routes)) as gateway:
            assert gateway.chat().status_code == 400
    assert not second.requests


def test_retry_stays_within_its_attempts():
    with Upstream(fails(500)) as a, Upstream(fails(500)) as b, Upstream(answers("c")) as c:
        clusters = {"a": a.cluster(), "b": b.cluster(), "c": c.cluster()}
        routes = route({"cluster": "a"}, {"cluster": "b"}, {"cluster": "c", "priority": 1}, retry={"attempts": 2})
        with Gateway(proxy_config(clusters, routes=routes)) as gateway:
            assert gateway.chat().status_code == 500
        assert len(a.requests) == len(b.requests) == 1
        routes = route({"cluster": "a"}, {"cluster": "b"}, {"cluster": "c", "priority": 1}, retry={"attempts": 3})
        with Gateway(proxy_config(clusters, routes=routes)) as gateway:
            assert text_of(gateway.chat()) == "c"


def test_a_request_that_is_no_model_call_is_not_asked_for_a_model():
    """Where every route goes by the model, a path that has none is not served."""
    routes = [{"name": "all", "match": {"model": "*"}, "backends": [{"cluster": "a"}]}]
    with Gateway(proxy_config({"a": {"provider": "mock"}}, routes=routes)) as gateway:
        for answer in (gateway.get("/anything"), gateway.post("/anything", {"no": "model"})):
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "route_not_found")
        assert gateway.post("/v1/embeddings", {"input": "x"}).status_code == 400


def test_without_retry_each_priority_gets_one_try():
    """However many backends a priority has: the next one is reached."""
    with Upstream(fails(503)) as a, Upstream(fails(503)) as b, Upstream(answers("last")) as last:
        clusters = {"a": a.cluster(), "b": b.cluster(), "last": last.cluster()}
        routes = route({"cluster": "a"}, {"cluster": "b"}, {"cluster": "last", "priority": 1})
        with Gateway(proxy_config(clusters, routes=routes)) as gateway:
            assert {text_of(gateway.chat()) for _ in range(20)} == {"last"}
            assert {line["attempts"] for line in gateway.access_of("/v1/chat/completions", 20)} == {2}
        assert len(a.requests) + len(b.requests) == 20


def test_without_retry_one_priority_gets_one_try():
    with Upstream(fails(503)) as a, Upstream(fails(503)) as b:
        routes = route({"cluster": "a"}, {"cluster": "b"})
        with Gateway(proxy_config({"a": a.cluster(), "b": b.cluster()}, routes=routes)) as gateway:
            assert gateway.chat().status_code == 503
        assert len(a.requests) + len(b.requests) == 1


def test_retry_only_on_what_it_names():
    with Upstream(fails(429)) as first, Upstream(answers("second")) as second:
        clusters = {"first": first.cluster(), "second": second.cluster()}
        retry = {"attempts": 2, "on": ["5xx"]}
        routes = route({"cluster": "first"}, {"cluster": "second", "priority": 1}, retry=retry)
        with Gateway(proxy_config(clusters, routes=routes)) as gateway:
            assert gateway.chat().status_code == 429


def test_no_retry_once_the_answer_began():
    def begins(seen, reply):
        reply.start_events()
        reply.chunk(b'data: {"choices": []}\n\n')
        reply.cut()

    with Upstream(begins) as first, Upstream(answers("second")) as second:
        clusters = {"first": first.cluster(), "second": second.cluster()}
        routes = route({"cluster": "first"}, {"cluster": "second", "priority": 1})
        with Gateway(proxy_config(clusters, routes=routes)) as gateway:
            answer = gateway.chat(stream=True)
            assert answer.status_code == 200 and "error" in answer.text and "[DONE]" not in answer.text
    assert not second.requests


def test_backend_sends_its_own_model():
    with Upstream(answers("a")) as a:
        routes = route({"cluster": "a", "model": "provider-name-7"})
        with Gateway(proxy_config({"a": a.cluster()}, routes=routes)) as gateway:
            gateway.chat(model="alias", text="keep \u00e9 this", temperature=0.25, odd={"x": [1, 2]})
    body = a.requests[0].json
    assert body.pop("model") == "provider-name-7"
    assert body["messages"] == [{"role": "user", "content": "keep \u00e9 this"}]
    assert body["temperature"] == 0.25 and body["odd"] == {"x": [1, 2]}


def test_body_passes_byte_for_byte():
    raw = b'{ "stream":false,"model" : "m", "seed": 1e400, "x":"\\u00e9", "messages": [ ]  }\n'
    with Upstream() as upstream, Gateway(proxy_config({"a": upstream.cluster()})) as gateway:
        gateway.post("/v1/chat/completions", raw, headers={"content-type": "application/json"})
    assert upstream.requests[0].body == raw


def test_answer_passes_byte_for_byte():
    raw = b'{ "id":"x",\n "choices":[ ], "big": 12345678901234567890123, "usage": {"prompt_tokens": 1}}  '
    with Upstream(lambda seen, reply: reply.send(200, raw, "application/json")) as upstream:
        with Gateway(proxy_config({"a": upstream.cluster()})) as gateway:
            assert gateway.chat().content == raw


def test_credentials_of_the_cluster_are_sent():
    with Upstream() as upstream:
        cluster = upstream.cluster(credentials={"api_key": "${UPSTREAM_KEY}"})
        with Gateway(proxy_config({"a": cluster}), env={"UPSTREAM_KEY": "sk-upstream"}) as gateway:
            gateway.chat(headers={"authorization": "Bearer of-the-client"})
    assert upstream.requests[0].all("authorization") == ["Bearer sk-upstream"]


def test_header_edits_of_cluster_then_backend():
    with Upstream() as upstream:
        cluster = upstream.cluster(headers={"set": {"x-team": "cluster", "x-org": "shore"}, "remove": ["x-secret"]})
        routes = route({"cluster": "a", "headers": {"set": {"x-team": "backend"}}})
        with Gateway(proxy_config({"a": cluster}, routes=routes)) as gateway:
            gateway.chat(headers={"x-secret": "1", "x-team": "client", "x-kept": "yes"})
    seen = upstream.requests[0]
    assert (seen.all("x-team"), seen.all("x-org")) == (["backend"], ["shore"])
    assert seen.all("x-secret") == [] and seen.all("x-kept") == ["yes"]


@pytest.mark.parametrize(
    ("suffix", "extra", "expected"),
    [
        ("", {}, "/v1/chat/completions"),
        ("/base", {}, "/base/v1/chat/completions"),
        ("", {"path_prefix": "/openai/v2"}, "/openai/v2/chat/completions"),
        ("/base/", {"path_prefix": ""}, "/base/chat/completions"),
    ],
)
def test_endpoint_and_prefix_make_the_path(suffix, extra, expected):
    with Upstream() as upstream:
        cluster = {**upstream.cluster(**extra), "endpoint": upstream.url + suffix}
        with Gateway(proxy_config({"a": cluster})) as gateway:
            gateway.chat()
    assert upstream.requests[0].target == expected


def test_matches():
    """The first route whose conditions all hold wins."""
    with Upstream(answers("a")) as a, Upstream(answers("b")) as b, Upstream(answers("c")) as c, Upstream(answers("d")) as d:
        clusters = {"a": a.cluster(), "b": b.cluster(), "c": c.cluster(), "d": d.cluster()}
        routes = [
            {"name": "both", "match": {"model": "gpt-*", "headers": {"x-tenant": "a"}}, "backends": [{"cluster": "a"}]},
            {"name": "list", "match": {"model": ["gpt-4o*", "o3"]}, "backends": [{"cluster": "b"}]},
            {"name": "regex", "match": {"path": {"regex": "/v1/chat/.*"}, "headers": {"x-beta": {"present": True}}}, "backends": [{"cluster": "c"}]},
            {"name": "rest", "backends": [{"cluster": "d"}]},
        ]
        with Gateway(proxy_config(clusters, routes=routes)) as gateway:
            assert text_of(gateway.chat("gpt-5", headers={"x-tenant": "a"})) == "a"
            assert text_of(gateway.chat("gpt-4o-mini", headers={"x-tenant": "b"})) == "b"
            assert text_of(gateway.chat("o3")) == "b"
            assert text_of(gateway.chat("o3-large", headers={"x-beta": "1"})) == "c"
            assert text_of(gateway.chat("o3-large")) == "d"


def test_services_by_host():
    with Upstream(answers("exact")) as a, Upstream(answers("wildcard")) as b, Upstream(answers("any")) as c:
        services = [
            {"name": name, "hosts": [host], "routes": [{"name": name, "backends": [{"cluster": name}]}]}
            for name, host in (("any", "*"), ("wildcard", "*.shore.example"), ("exact", "api.shore.example"))
        ]
        clusters = {"exact": a.cluster(), "wildcard": b.cluster(), "any": c.cluster()}
        with Gateway({**LOOPBACK, "clusters": clusters, "virtual_services": services}) as gateway:
            assert text_of(gateway.chat(headers={"host": "api.shore.example"})) == "exact"
            assert text_of(gateway.chat(headers={"host": "API.Shore.Example:8080"})) == "exact"
            assert text_of(gateway.chat(headers={"host": "other.shore.example"})) == "wildcard"
            assert text_of(gateway.chat(headers={"host": "shore.example"})) == "any"


def test_models_list_what_routes_and_clusters_name():
    clusters = {"a": {"provider": "mock", "models": ["listed"]}}
    routes = [
        {"name": "one", "match": {"model": ["exact-name", "glob-*"]}, "backends": [{"cluster": "a"}]},
        {"name": "rest", "backends": [{"cluster": "a"}]},
    ]
    with Gateway(proxy_config(clusters, routes=routes)) as gateway:
        answer = gateway.get("/v1/models").json()
    assert answer["object"] == "list"
    assert sorted(model["id"] for model in answer["data"]) == ["exact-name", "listed"]
