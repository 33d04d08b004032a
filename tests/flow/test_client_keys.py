"""Keys that clients send along for a provider, and what becomes of a cluster's own key when its provider changes."""

import pytest

from support.gateway import Gateway, proxy_config
from support.upstream import Upstream, completion
from support.wait import until

RULE = {"headers": "x-up-"}


@pytest.fixture(scope="module")
def upstream():
    with Upstream(lambda seen, reply: reply.json(completion())) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(upstream):
    clusters = {
        "own": upstream.cluster(credentials={"api_key": "own", "per_request": RULE}),
        "azure": upstream.cluster("azure-openai", credentials={"per_request": RULE | {"required": True}}),
        "other": upstream.cluster(credentials={"api_key": "own"}),
    }
    routes = [{"name": name, "match": {"model": name}, "backends": [{"cluster": name}]} for name in clusters]
    with Gateway(proxy_config(clusters, routes=routes)) as gateway:
        yield gateway


def sent(gateway, upstream, model: str, **headers: str):
    """What an upstream sees of a request with these header fields."""
    headers = {f"x-up-{name.replace('_', '-')}": value for name, value in headers.items()}
    answer = gateway.chat(model, headers=headers)
    assert answer.status_code == 200, answer.text
    return upstream.requests[-1]


def test_a_clients_key_takes_the_place_of_the_clusters(gateway, upstream):
    assert sent(gateway, upstream, "own", api_key="mine").all("authorization") == ["Bearer mine"]
    assert sent(gateway, upstream, "own").all("authorization") == ["Bearer own"]
    assert sent(gateway, upstream, "azure", api_key="mine").all("api-key") == ["mine"]


def test_a_clients_token_is_a_bearer_token_whatever_the_provider_calls_its_keys(gateway, upstream):
    seen = sent(gateway, upstream, "azure", access_token="mine")
    assert (seen.all("authorization"), seen.all("api-key")) == (["Bearer mine"], [])


@pytest.mark.parametrize("model", ["own", "azure", "other"])
def test_the_fields_end_at_the_gateway(gateway, upstream, model):
    seen = sent(gateway, upstream, model, api_key="mine", session_token="more")
    assert not [name for name, _ in seen.headers if name.startswith("x-up-")]


def test_where_one_is_required_a_request_without_is_refused(gateway, upstream):
    before = len(upstream.requests)
    answer = gateway.chat("azure")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "missing_upstream_credential")
    assert "x-up-api-key" in answer.json()["error"]["message"] and len(upstream.requests) == before


def test_a_key_is_sent_as_the_provider_of_today_wants_it(upstream):
    key = {"credentials": {"api_key": "k"}}
    with Gateway(proxy_config({"a": upstream.cluster("openai", **key)})) as gateway:
        assert gateway.chat().status_code == 200
        assert upstream.requests[-1].all("authorization") == ["Bearer k"]
        gateway.write(proxy_config({"a": upstream.cluster("azure-openai", **key)}))

        def keys() -> list[str]:
            gateway.chat()
            return upstream.requests[-1].all("api-key")

        until(lambda: keys() == ["k"], "the key as the other provider wants it")
        assert upstream.requests[-1].all("authorization") == []
