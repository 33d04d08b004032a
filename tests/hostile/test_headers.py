"""T-HDR-1 to T-HDR-3: no header out of data, policy on every value, and what must never reach a provider."""

import json

import pytest

from support.gateway import Gateway, proxy_config
from support.upstream import Upstream, completion
from support.wait import until
from support.wire import request

CHAT = "/v1/chat/completions"
BODY = b'{"model":"m","messages":[]}'
KEYS = [{"key": "demo", "principal": "demo"}]
NASTY = ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "a\x00b", "a\u2028b\u0085c", '"}\n{"forged": true}']


@pytest.fixture(scope="module")
def provider():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(provider):
    cluster = provider.cluster(credentials={"api_key": "sk-provider"})
    with Gateway(proxy_config({"a": cluster})) as gateway:
        yield gateway


def sent(gateway, provider, fields: str = "", target: str = CHAT):
    """What the provider saw of a request with these raw field lines."""
    arrived = len(provider.requests)
    with gateway.wire() as wire:
        head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: {len(BODY)}\r\n\r\n"
        answer = wire.send(head.encode("latin-1") + BODY).response()
        assert answer.status == 200, answer.body
    until(lambda: len(provider.requests) > arrived, "the request at the provider")
    return provider.requests[-1]


@pytest.mark.parametrize("value", NASTY, ids=ascii)
def test_t_hdr_1_a_model_name_makes_no_header_and_no_line(value):
    with Upstream() as upstream:
        routes = [{"name": "all", "match": {"model": "*"}, "backends": [{"cluster": "a"}]}]
        with Gateway(proxy_config({"a": upstream.cluster()}, routes=routes)) as gateway:
            answer = gateway.chat(model=value)
            assert "x-evil" not in answer.headers
            line = gateway.access_of(CHAT)[0]
            assert len(gateway.access) == 1 and "forged" not in line
            assert line["original_model"] == value
        assert all(seen.get("x-evil") is None for seen in upstream.requests)


@pytest.mark.parametrize("value", ["id\twith\ttabs", "id-\xe9\xff", '"}{"forged":true}', "x" * 5000, "", "a b"])
def test_t_hdr_1_a_request_id_splits_no_line(gateway, value):
    before = len(gateway.access)
    with gateway.wire() as wire:
        answer = wire.send(request("GET", "/v1/models", x_request_id=value)).response()
    assert answer.status == 200 and len(answer.all("x-request-id")) == 1 and answer.get("x-request-id")
    until(lambda: len(gateway.access) > before, "the line")
    assert len(gateway.access) == before + 1 and "forged" not in gateway.access[-1]


def test_t_hdr_1_fields_of_the_upstream_make_no_second_field():
    """What a lenient upstream lets through is refused, or passed as one field with one value."""

    def odd(seen, reply):
        reply.raw(b"HTTP/1.1 200 OK\r\nX-Odd: a\x85b\r\nX-Odd: c\r\nContent-Length: 2\r\n\r\n{}")

    with Upstream(odd) as upstream, Gateway(proxy_config({"a": upstream.cluster()})) as gateway:
        with gateway.wire() as wire:
            answer = wire.send(request("POST", CHAT, BODY)).response()
    assert answer.all("x-odd") == ["a\x85b", "c"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [(["a"], "matched"), (["a", "a"], "matched"), (["a", "b"], "rest"), (["b", "a"], "rest"), ([], "rest"), (["A"], "rest"), (["a, b"], "rest")],
)
def test_t_hdr_2_a_match_holds_for_every_value(values, expected):
    routes = [
        {"name": "matched", "match": {"headers": {"X-Tenant": "a"}}, "backends": [{"cluster": "a"}]},
        {"name": "rest", "backends": [{"cluster": "a"}]},
    ]
    config = proxy_config({"a": {"provider": "mock"}}, routes=routes)
    with Gateway(config) as gateway:
        for name in ("x-tenant", "X-TENANT"):
            answer = gateway.get("/other", headers=[(name, value) for value in values])
            assert answer.headers["x-tidegate-route"] == expected


@pytest.mark.parametrize(
    "fields",
    [
        [("authorization", "Bearer demo"), ("authorization", "Bearer demo")],
        [("authorization", "Bearer wrong"), ("authorization", "Bearer demo")],
        [("authorization", "Bearer demo"), ("Authorization", "Bearer wrong")],
        [("x-api-key", "demo"), ("x-api-key", "wrong")],
        [("authorization", "Bearer wrong"), ("x-api-key", "demo")],
        [("authorization", "Bearer demo, Bearer wrong")],
    ],
)
def test_t_hdr_2_credentials_that_contradict_each_other_are_refused(fields):
    config = proxy_config({"a": {"provider": "mock"}}, filters=[{"auth_filter": {"api_keys": {"keys": KEYS}}}])
    with Gateway(config) as gateway:
        assert gateway.get("/v1/models", headers=fields).status_code == 401


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "Bearer sk-client"),
        ("X-Api-Key", "sk-client"),
        ("Api-Key", "sk-client"),
        ("X-Goog-Api-Key", "sk-client"),
        ("Proxy-Authorization", "Basic c2stY2xpZW50"),
        ("Cookie", "session=sk-client"),
        ("X-Tidegate-Route", "sk-client"),
        ("X-Tidegate-Anything", "sk-client"),
        ("Proxy-Connection", "sk-client"),
        ("Keep-Alive", "sk-client"),
        ("TE", "sk-client"),
        ("Upgrade", "sk-client"),
        ("X-Forwarded-For", "sk-client"),
        ("X-Forwarded-Host", "sk-client"),
        ("X-Forwarded-Proto", "sk-client"),
        ("X-Forwarded-Anything", "sk-client"),
        ("Forwarded", "for=sk-client"),
        ("X-Real-IP", "sk-client"),
    ],
)
def test_t_hdr_3_never_reaches_the_provider(gateway, provider, name, value):
    seen = sent(gateway, provider, f"{name}: {value}\r\n")
    assert not any("sk-client" in text or "c2stY2xpZW50" in text for _, text in seen.headers)


def test_t_hdr_3_fields_that_connection_lists_are_for_one_hop(gateway, provider):
    seen = sent(gateway, provider, "Connection: close, X-Hop\r\nConnection: x-hop-2\r\nX-Hop: 1\r\nX-Hop-2: 2\r\nX-Kept: 3\r\n")
    assert (seen.get("x-hop"), seen.get("x-hop-2"), seen.get("x-kept")) == (None, None, "3")
    assert seen.get("connection") in (None, "keep-alive")


def test_t_hdr_3_key_in_the_query_never_reaches_the_provider(gateway, provider):
    seen = sent(gateway, provider, target=f"{CHAT}?a=1&key=sk-client&b=2")
    assert seen.target == f"{CHAT}?a=1&b=2"
    assert "sk-client" not in json.dumps(seen.headers)


def test_t_hdr_3_the_provider_gets_its_own_key_once(gateway, provider):
    seen = sent(gateway, provider, "Authorization: Bearer sk-client\r\n")
    assert seen.all("authorization") == ["Bearer sk-provider"]


def test_t_hdr_3_ordinary_fields_pass_with_all_their_values(gateway, provider):
    seen = sent(gateway, provider, "X-Many: 1\r\nX-Other: o\r\nX-Many: 2\r\nOpenAI-Beta: assistants=v2\r\nUser-Agent: u\r\n")
    assert seen.all("x-many") == ["1", "2"]
    assert (seen.get("openai-beta"), seen.get("user-agent")) == ("assistants=v2", "u")


def test_t_hdr_3_hop_by_hop_fields_of_the_upstream_stay_there():
    def answer(seen, reply):
        reply.json(
            completion(),
            connection="x-hop",
            x_hop="1",
            keep_alive="timeout=5",
            proxy_authenticate="Basic",
            x_tidegate_cluster="forged",
            x_kept="yes",
        )

    with Upstream(answer) as upstream, Gateway(proxy_config({"a": upstream.cluster()})) as gateway:
        answer = gateway.chat()
    for name in ("x-hop", "keep-alive", "proxy-authenticate", "upgrade"):
        assert name not in answer.headers, name
    assert answer.headers["x-kept"] == "yes"
    assert answer.headers.get_list("x-tidegate-cluster") == ["a"]


def test_t_hdr_3_trusted_fields_cannot_be_forged_in_other_spellings(gateway, provider):
    seen = sent(gateway, provider, "x-TIDEGATE-principal: admin\r\nX_Tidegate_Principal: admin\r\n")
    assert all("admin" not in text for name, text in seen.headers if name.startswith("x-tidegate"))
