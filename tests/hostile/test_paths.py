"""T-PATH-1, T-PATH-2: one path for route, auth, log and upstream; and nothing of the client picks the authority."""

import pytest

from support.gateway import LOOPBACK, Gateway, proxy_config
from support.upstream import Upstream
from support.wait import until
from support.wire import request

KEYS = [{"key": "demo", "principal": "demo"}]
REFUSED = [
    "//admin/x",
    "/v1//chat/completions",
    "/v1/chat/completions//",
    "/v1/../admin/x",
    "/v1/./chat/completions",
    "/..",
    "/.",
    "/v1/..",
    "/v1/%2e%2e/admin/x",
    "/v1/%2E./admin/x",
    "/v1/.%2e/admin/x",
    "/v1/%2e/chat/completions",
    "/v1%2fchat%2Fcompletions",
    "/admin%2fx",
    "/v1\\chat\\completions",
    "/v1/..\\admin/x",
    "/v1/%5c/x",
    "/v1/%00/x",
    "/v1/chat/completions%00",
    "/v1/chat/completions;a=b",
    "/v1;x/chat/completions",
    "/v1/..;/admin/x",
    "/v1/%zz/x",
    "/v1/%",
    "/v1/%4",
    "/v1/chat/completions%0d%0aX-Evil:1",
    "/v1/%0a",
    "/v1/%7f",
]
NORMAL = [
    ("/v1/chat/completions", "/v1/chat/completions"),
    ("/v1/ch%61t/completions", "/v1/chat/completions"),
    ("/%76%31/chat/completions", "/v1/chat/completions"),
    ("/%61dmin/x", "/admin/x"),
    ("/v1/a%20b", "/v1/a%20b"),
    ("/v1/a%2561", "/v1/a%2561"),
    ("/v1/..a", "/v1/..a"),
    ("/v1/a..b", "/v1/a..b"),
    ("/v1/a%7Eb", "/v1/a~b"),
    ("/v1/a/", "/v1/a/"),
    ("/v1/files/org:model@1", "/v1/files/org:model@1"),
]


@pytest.fixture(scope="module")
def upstreams():
    with Upstream(lambda seen, reply: reply.send(200, b"open")) as open_, Upstream(lambda seen, reply: reply.send(200, b"admin")) as admin:
        yield open_, admin


@pytest.fixture(scope="module")
def gateway(upstreams):
    """/admin/ needs a key, everything else is open: a path that two parts read differently would get past it."""
    open_, admin = upstreams
    clusters = {name: {"provider": "http", "endpoint": upstream.url} for name, upstream in (("open", open_), ("admin", admin))}
    routes = [
        {
            "name": "admin",
            "match": {"path": {"prefix": "/admin/"}},
            "backends": [{"cluster": "admin"}],
            "filters": [{"auth_filter": {"api_keys": {"keys": KEYS}}}],
        },
        {"name": "open", "backends": [{"cluster": "open"}]},
    ]
    with Gateway(proxy_config(clusters, routes=routes)) as gateway:
        yield gateway


@pytest.mark.parametrize("path", REFUSED)
def test_t_path_1_ambiguous_paths_are_refused(gateway, upstreams, path):
    before = [len(upstream.requests) for upstream in upstreams]
    with gateway.wire() as wire:
        assert wire.send(request("GET", path)).response().status == 400
    assert [len(upstream.requests) for upstream in upstreams] == before


def test_t_path_1_an_encoded_slash_in_a_model_id_reaches_nobody():
    """OpenAI's clients encode it; the gateway answers there by itself, and asks for the key as on the plain path."""
    filters = [{"auth_filter": {"api_keys": {"keys": KEYS}}}]
    with Upstream() as upstream:
        with Gateway(proxy_config({"a": upstream.cluster(models=["org/model"])}, filters)) as gateway:
            for path in ("/v1/models/org%2Fmodel", "/v1/models/org/model"):
                assert gateway.get(path).status_code == 401, path
                answer = gateway.get(path, headers={"authorization": "Bearer demo"})
                assert (answer.status_code, answer.json()["id"]) == (200, "org/model"), path
            assert {line["path"] for line in gateway.access} == {"/v1/models/org/model"}
            known = {"authorization": "Bearer demo"}
            assert gateway.get("/v1/models/org%2F..%2Fx", headers=known).status_code == 400
            assert gateway.post("/v1/models/org%2Fmodel", {}, headers=known).status_code == 400
        assert not upstream.requests


@pytest.mark.parametrize(("path", "normal"), NORMAL)
def test_t_path_1_everyone_sees_the_same_path(gateway, upstreams, path, normal):
    open_, admin = upstreams
    guarded = normal.startswith("/admin/")
    before = (len(open_.requests), len(admin.requests))
    with gateway.wire() as wire:
        status = wire.send(request("GET", path, x_request_id=f"path {path}")).response().status
        assert status == (401 if guarded else 200)
        if guarded:
            assert (len(open_.requests), len(admin.requests)) == before
            wire.send(request("GET", path, authorization="Bearer demo")).response()
    assert (admin if guarded else open_).requests[-1].target == normal
    assert gateway.access_of(normal)


def test_t_path_1_query_is_kept(gateway, upstreams):
    with gateway.wire() as wire:
        wire.send(request("GET", "/v1/x?a=%2F..%2f&b=//&c=;d\\e")).response()
    assert upstreams[0].requests[-1].target.startswith("/v1/x?a=%2F..%2f&b=//&c=;d")


def test_t_path_1_rewritten_alias_needs_the_same_key():
    """The key of a route on the canonical path holds for its alias, too."""
    routes = [
        {
            "name": "chat",
            "match": {"path": {"exact": "/v1/chat/completions"}},
            "backends": [{"cluster": "a"}],
            "filters": [{"auth_filter": {"api_keys": {"keys": KEYS}}}],
        }
    ]
    with Gateway(proxy_config({"a": {"provider": "mock"}}, routes=routes)) as gateway:
        body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
        for path in ("/api/chat", "/v1/chat/completions", "/v1/ch%61t/completions", "/%61pi/chat"):
            assert gateway.post(path, body).status_code == 401, path
            assert gateway.post(path, body, headers={"authorization": "Bearer demo"}).status_code == 200, path


@pytest.fixture(scope="module")
def provider():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def before_provider(provider):
    with Gateway(proxy_config({"a": provider.cluster()})) as gateway:
        yield gateway


BODY = b'{"model":"m","messages":[],"api_base":"http://evil.example","base_url":"http://evil.example","host":"evil.example"}'


@pytest.mark.parametrize(
    "fields",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1:1"},
        {"x_forwarded_host": "evil.example"},
        {"forwarded": "host=evil.example"},
        {"x_original_url": "http://evil.example/x"},
        {"x_rewrite_url": "/admin"},
        {"x_host": "evil.example"},
        {"x_tidegate_cluster": "other"},
        {"x_tidegate_endpoint": "http://evil.example"},
        {"x_envoy_original_path": "/admin"},
        {"x_api_base": "http://evil.example"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_t_path_2_nothing_of_the_client_picks_the_authority(before_provider, provider, fields):
    arrived = len(provider.requests)
    with before_provider.wire() as wire:
        wire.send(request("POST", "/v1/chat/completions?api_base=http://evil.example", BODY, **fields))
        assert wire.response().status == 200
    until(lambda: len(provider.requests) > arrived, "the request at the provider")
    seen = provider.requests[-1]
    assert seen.all("host") == [f"127.0.0.1:{provider.port}"]
    assert seen.target.partition("?")[0] == "/v1/chat/completions"


def test_t_path_2_absolute_form_reaches_the_configured_upstream(before_provider, provider):
    with before_provider.wire() as wire:
        wire.send(request("POST", "http://localhost/v1/chat/completions", BODY))
        assert wire.response().status == 200
    assert provider.requests[-1].target == "/v1/chat/completions"


def test_t_path_2_host_selects_only_among_services():
    """A Host with a port, another case or a final dot is still the same host: it must not slip into the open service."""
    services = [
        {
            "name": "guarded",
            "hosts": ["api.example"],
            "filters": [{"auth_filter": {"api_keys": {"keys": KEYS}}}],
            "routes": [{"name": "a", "backends": [{"cluster": "a"}]}],
        },
        {"name": "open", "hosts": ["*"], "routes": [{"name": "b", "backends": [{"cluster": "a"}]}]},
    ]
    with Gateway({**LOOPBACK, "clusters": {"a": {"provider": "mock"}}, "virtual_services": services}) as gateway:
        for host in ("api.example", "API.EXAMPLE", "api.example:80", "Api.Example:65535", "api.example.", "Api.Example.:80"):
            assert gateway.chat(headers={"host": host}).status_code == 401, host
        assert gateway.chat(headers={"host": "api.example.evil"}).status_code == 200
