"""T-SSRF-1, T-SSRF-2: where the gateway sends anything is the operator's choice, and no client's, token's, plugin's or server's."""

import ipaddress
import json
import pathlib
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from support.backends import free_port
from support.clients import user
from support.gateway import Gateway, proxy_config, run_tidegate
from support.plugins import CONFORMANCE, copied, plugin, route
from support.tokens import Issuer, TokenKey, encode
from support.upstream import Upstream, completion
from support.wire import request

OWN_KEY = "sk-of-the-gateway"
CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def trap():
    """A server that nobody has a reason to connect to."""
    with Upstream() as trap:
        yield trap
        assert not trap.connections, trap.requests


@pytest.fixture
def untouched(trap):
    """The trap, which is as it was after the test."""
    before = trap.connections
    yield trap
    assert trap.connections == before, trap.requests[before:]


# -- what a client names ---------------------------------------------------------------------------------------------

KEYS = {"api_key": OWN_KEY}
GIVEN = {"aws": {"access_key_id": "AKIAEXAMPLE", "secret_access_key": OWN_KEY}}
# Who fetches what a message points at has to be the provider, also where it speaks another API.
PROVIDERS = {
    "openai": {"credentials": KEYS},
    "anthropic": {"credentials": KEYS},
    "gemini": {"credentials": KEYS},
    "azure-openai": {"credentials": KEYS},
    "aws-bedrock": {"credentials": GIVEN, "region": "us-east-1"},
    "http": {},
}


@pytest.fixture(scope="module")
def real():
    with Upstream(lambda seen, reply: reply.json(completion())) as real:
        yield real


@pytest.fixture(scope="module")
def gateway(real):
    clusters = {name: real.cluster(name, **settings) for name, settings in PROVIDERS.items()}
    routes = [{"name": name, "match": {"headers": {"x-cluster": name}}, "backends": [{"cluster": name}]} for name in clusters]
    with Gateway(proxy_config(clusters, routes=[*routes, {"name": "rest", "backends": [{"cluster": "openai"}]}])) as gateway:
        yield gateway


FIELDS = [
    *("api_base", "api-base", "base_url", "base-url", "baseURL", "api_url", "endpoint", "azure_endpoint", "custom_host", "host", "url", "target"),
    *("proxy", "http_proxy", "server", "webhook", "webhook_url", "callback_url", "success_callback", "organization_url", "aws_bedrock_runtime_endpoint"),
    *("vertex_api_base", "litellm_params", "user_config", "extra_body", "metadata", "provider", "config", "fallbacks", "router_settings_override"),
]
HEADERS = [
    *("x-custom-host", "x-portkey-custom-host", "x-portkey-config", "x-portkey-provider", "x-tidegate-cluster", "x-tidegate-endpoint", "x-tidegate-upstream"),
    *("x-forwarded-host", "x-forwarded-server", "x-host", "x-original-host", "x-original-url", "x-rewrite-url", "x-http-host-override", "forwarded"),
    *("x-api-base", "x-base-url", "api-base", "base-url", "x-openai-api-base", "openai-api-base", "helicone-target-url", "x-upstream", "x-backend-host"),
    *("x-envoy-original-dst-host", "x-envoy-upstream-alt-stat-name", "x-proxy-url", "proxy", "destination", "location", "referer", "via", "origin"),
]


def assert_only_real(gateway, real, sent: Callable):
    """It went to the operator's endpoint with the operator's key."""
    before = len(real.requests)
    answer = sent()
    [seen] = real.requests[before:]
    assert seen.get("host") == f"127.0.0.1:{real.port}"
    assert seen.all("authorization") == [f"Bearer {OWN_KEY}"]
    return answer, seen


@pytest.mark.parametrize("name", FIELDS)
def test_t_ssrf_1_no_field_of_a_body_picks_the_server(gateway, real, untouched, name):
    """Those that the provider knows not are its to refuse."""
    nested = {"api_base": untouched.url, "base_url": untouched.url, "url": untouched.url, "custom_host": untouched.url}
    for value in (untouched.url, f"127.0.0.1:{untouched.port}", [untouched.url], nested, [nested], json.dumps(nested)):
        assert_only_real(gateway, real, lambda value=value: gateway.chat(**{name: value}))


@pytest.mark.parametrize("name", HEADERS)
def test_t_ssrf_1_no_header_picks_the_server(gateway, real, untouched, name):
    config = {"custom_host": untouched.url, "base_url": untouched.url, "provider": "openai"}
    for value in (untouched.url, f"{untouched.url}/v1", f"127.0.0.1:{untouched.port}", f"host=127.0.0.1:{untouched.port}", json.dumps(config)):
        answer, _ = assert_only_real(gateway, real, lambda value=value: gateway.chat(headers={name: value}))
        assert answer.status_code == 200


@pytest.mark.parametrize("name", [*FIELDS[:12], *HEADERS[:6]])
def test_t_ssrf_1_no_parameter_picks_the_server(gateway, real, untouched, name):
    for value in (untouched.url, f"127.0.0.1:{untouched.port}"):
        body = {"model": "m", "messages": user("hello")}
        assert_only_real(gateway, real, lambda value=value: gateway.post(f"{CHAT}?{name}={value}", body))


def test_t_ssrf_1_no_model_picks_the_server(gateway, real, untouched):
    place = f"127.0.0.1:{untouched.port}"
    for model in (untouched.url, f"openai/{untouched.url}", f"m@{place}", f"{place}/m", f"m#{place}", f"//{place}/m", f"..//{place}", f"m\t{place}"):
        answer, seen = assert_only_real(gateway, real, lambda model=model: gateway.chat(model))
        assert answer.status_code == 200 and seen.json["model"] == model


@pytest.mark.parametrize("cluster", ["azure-openai", "aws-bedrock", "gemini"])
def test_t_ssrf_1_a_model_that_stands_in_a_path_stays_in_it(gateway, real, untouched, cluster):
    """Or is refused, where it can be no part of one."""
    place = f"127.0.0.1:{untouched.port}"
    for model in (f"//{place}/m", f"@{place}", f"../../..//{place}", f"m?x=//{place}", f"m#@{place}", f"\\\\{place}", f"m%2f..%2f{place}", f".{place}"):
        before = len(real.requests)
        assert gateway.chat(model, headers={"x-cluster": cluster}).status_code in (200, 400, 502)
        for seen in real.requests[before:]:
            assert seen.get("host") == f"127.0.0.1:{real.port}" and seen.target.startswith("/")
            assert "/../" not in seen.target and not seen.target.startswith("//")


def raw(gateway, data: bytes):
    with gateway.wire() as wire:
        return wire.send(data).response()


def test_t_ssrf_1_neither_host_nor_target_picks_the_server(gateway, real, untouched):
    place = f"127.0.0.1:{untouched.port}"
    body = json.dumps({"model": "m", "messages": user("hello")}).encode()
    for target, host in ((CHAT, place), (f"http://{place}{CHAT}", place), (f"https://{place}{CHAT}", place)):
        answer, seen = assert_only_real(gateway, real, lambda t=target, h=host: raw(gateway, request("POST", t, body, host=h)))
        assert answer.status == 200 and seen.target == CHAT
    for target in (f"http://{place}{CHAT}", f"//{place}{CHAT}", f"{place}", f"http://localhost@{place}{CHAT}", f"/{untouched.url}"):
        before = len(real.requests)
        assert raw(gateway, request("POST", target, body)).status in (400, 404)
        assert len(real.requests) == before
    assert raw(gateway, request("CONNECT", place, host=place)).status in (400, 404, 405)


def pointing(url: str) -> list[list | str]:
    """Contents of a message that point at something: an image, a file, a sound."""
    parts = [
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "image_url", "image_url": {"url": url, "detail": "high"}},
        {"type": "file", "file": {"file_data": url, "filename": "a.pdf"}},
        {"type": "file", "file": {"file_id": url}},
        {"type": "input_audio", "input_audio": {"data": url, "format": "wav"}},
        {"type": "input_image", "image_url": url},
        {"type": "image", "source": {"type": "url", "url": url}},
        {"type": "document", "source": {"type": "url", "url": url}},
    ]
    return [[{"type": "text", "text": "see"}, part] for part in parts] + [f"![]({url}) {url}"]


@pytest.mark.parametrize("cluster", PROVIDERS)
def test_t_ssrf_1_what_a_message_points_at_is_not_fetched(gateway, untouched, cluster):
    """By nobody but the provider."""
    for url in (f"{untouched.url}/a.png", f"file:///etc/passwd#{untouched.port}"):
        for content in pointing(url):
            body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": content}]}
            for path in (CHAT, "/v1/messages"):
                answer = gateway.post(path, body, headers={"x-cluster": cluster})
                assert answer.status_code in (200, 400, 502) and "root:" not in answer.text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_t_ssrf_1_a_redirect_of_the_provider_is_not_followed(untouched, status):
    with Upstream(lambda seen, reply: reply.send(status, location=f"{untouched.url}{CHAT}")) as moved:
        with Gateway(proxy_config({"a": moved.cluster(credentials=KEYS)})) as gateway:
            gateway.chat()
        assert len(moved.requests) == 1


def test_t_ssrf_1_no_proxy_of_the_environment_gets_a_key(real, untouched):
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    config = proxy_config({"a": real.cluster(credentials=KEYS)})
    with Gateway(config, env=dict.fromkeys(names, untouched.url)) as gateway:
        assert_only_real(gateway, real, gateway.chat)


# -- what a plugin names ---------------------------------------------------------------------------------------------

# Where clouds keep credentials, and what is nobody's: never reached, whatever was granted.
NEVER = [
    *("169.254.169.254", "169.254.170.2", "168.63.129.16", "0.0.0.0", "224.0.0.1", "255.255.255.255", "198.18.0.1"),
    *("[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[fe80::1]", "[::]", "[64:ff9b::169.254.169.254]", "[2002:a9fe:a9fe::1]", "[::127.0.0.1]"),
]
# 127.0.0.1, as resolvers read it and people do not.
SPELLINGS = [
    *("2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "0x7f.1", "127.0.0.01", "127.0.0.1.", "127.0.0.0x1"),
    *("\u2460\u2461\u2466.0.0.1", "127\u30020\u30020\u30021", "[0:0:0:0:0:0:7f00:1%25lo]", "[::1%25lo]", "[::127.0.0.1]", "localhost."),
]


def calling(*requests: dict) -> dict:
    """The configuration of a plugin that sends these, at most eight at once, and tells what came of each."""
    calls = [{"http": list(requests[at : at + 8])} for at in range(0, len(requests), 8)]
    return {"hooks": {"transform_request": {"calls": calls, "answer": "echo"}}}


@dataclass
class Caller:
    """A gateway whose plugin sends requests."""

    runtime: str
    folder: pathlib.Path

    def asks(self, requests: list[dict], hosts: list[str], timeout: str = "10s") -> list:
        asks = {"http": hosts, "kv": True, "secrets": ["own"], "metrics": True, "models": ["judge"]}
        package = copied(CONFORMANCE[self.runtime], self.folder / "package", asks)
        routes = [route("call", "caller", calling(*requests), timeout=timeout)]
        with Gateway(proxy_config({"local": {"provider": "mock"}}, routes=routes, plugins={"caller": plugin(package)}), patience=60) as gateway:
            answer = gateway.chat("call")
            assert answer.status_code == 200, (answer.text, gateway.log[-4:])
            return [result for call in json.loads(answer.text)["calls"] for result in call]


@pytest.fixture(params=CONFORMANCE)
def caller(request, tmp_path) -> Caller:
    return Caller(request.param, tmp_path)


DENIED = {"error": "denied"}


def test_t_ssrf_2_a_plugin_reaches_what_it_was_granted(caller, real):
    """What is denied below is denied for its address, its spelling or its scheme."""
    [answer] = caller.asks([{"url": f"{real.url}/x"}], ["127.0.0.1"])
    assert answer["status"] == 200


def test_t_ssrf_2_a_plugin_reaches_no_host_that_was_not_granted(caller, real, untouched):
    place, port = f"127.0.0.1:{untouched.port}", untouched.port
    urls = [
        *(untouched.url, f"http://localhost:{port}", f"http://[::ffff:127.0.0.1]:{port}", f"http://[::ffff:7f00:1]:{port}", f"http://127.1.2.3:{port}"),
        *(f"http://127.0.0.1:{real.port}@{place}/", f"http://127.0.0.1:{real.port}#@{place}/", f"http://127.0.0.1:{real.port}\\@{place}/"),
        *(f"http://127.0.0.1:{real.port}.{place}/", f"ftp://{place}", f"gopher://{place}/_GET", "file:///etc/passwd", f"//{place}", f"/{place}", place),
        *(f"http://{spelling}:{port}/" for spelling in SPELLINGS),
    ]
    before = len(real.requests)
    answers = caller.asks([{"url": url} for url in urls], [f"127.0.0.1:{real.port}"])
    for url, answer in zip(urls, answers, strict=True):
        assert answer.get("error") or url == f"http://127.0.0.1:{real.port}#@{place}/", (url, answer)
    assert len(real.requests) <= before + 1


def test_t_ssrf_2_no_grant_reaches_metadata_or_nobody_s_addresses(caller):
    began = time.monotonic()
    urls = [f"http://{host}/latest/meta-data/" for host in NEVER]
    answers = caller.asks([{"url": url} for url in urls], [*NEVER, "*.nip.io"])
    assert dict(zip(urls, answers, strict=True)) == dict.fromkeys(urls, DENIED)
    assert time.monotonic() - began < 20, "none was waited for"


def test_t_ssrf_2_a_name_that_leads_to_a_private_address_is_not_reached(caller, untouched):
    """It is the machine's own name; whoever owns a name can have it lead anywhere, at any time."""
    name = socket.gethostname().lower()
    try:
        addresses = {ipaddress.ip_address(found[4][0]) for found in socket.getaddrinfo(name, untouched.port, type=socket.SOCK_STREAM)}
    except OSError:
        addresses = set()
    if not any(address.is_private for address in addresses):
        pytest.skip("this machine's name leads to no private address")
    assert caller.asks([{"url": f"http://{name}:{untouched.port}/"}], [name]) == [DENIED]


def test_t_ssrf_2_a_plugin_is_redirected_nowhere(caller, untouched):
    with Upstream(lambda seen, reply: reply.send(302, location=f"{untouched.url}/x")) as moved:
        [answer] = caller.asks([{"url": f"{moved.url}/"}], ["127.0.0.1"])
    assert answer["status"] == 302 and len(moved.requests) == 1


def endless(seen, reply):
    reply.start_events()
    while not reply.gone(0):
        reply.chunk(b"x" * 65536)


def heads(seen, reply):
    reply.raw(b"HTTP/1.1 200 OK\r\n" + b"x-a: " + b"a" * 70_000 + b"\r\ncontent-length: 0\r\n\r\n")


def test_t_ssrf_2_size_and_time_of_an_answer_are_bounded(caller):
    with Upstream(endless) as large, Upstream(lambda seen, reply: reply.gone(20)) as slow, Upstream(heads) as head:
        requests = [{"url": large.url}, {"url": slow.url, "timeout_ms": 300}, {"url": head.url}]
        answers = caller.asks(requests, ["127.0.0.1"])
    assert answers[:2] == [{"error": "too_large"}, {"error": "timeout"}] and "error" in answers[2]


# -- what a token names ----------------------------------------------------------------------------------------------


def test_t_ssrf_2_nothing_that_a_token_names_is_fetched(untouched):
    url, key = untouched.url, TokenKey("first")
    with Issuer() as issuer:
        own = issuer.keys[0]
        headers = [
            {"jku": f"{url}/jwks"},
            {"x5u": f"{url}/cert.pem"},
            {"jwk": key.jwk},
            {"jwk": {**key.jwk, "jku": url}},
            {"x5c": [encode(b"certificate")], "x5t": "x"},
            {"kid": f"{url}/jwks"},
            {"kid": "../../../../dev/null"},
            {"kid": f"first\n{url}"},
            {"jku": f"{issuer.url}@127.0.0.1:{untouched.port}/"},
            {"crit": ["jku"], "jku": url},
            {"typ": "JWT", "cty": "JWT", "zip": "DEF"},
        ]
        claims = [{"iss": url}, {"iss": f"{url}/.well-known"}, {"iss": f"{issuer.name}/../{url}"}, {"iss": [issuer.name, url]}, {"aud": url}]
        tokens = [key.sign(issuer.claims(), **header) for header in headers] + [key.sign(issuer.claims(**claim)) for claim in claims]
        # Those that the issuer did sign are good whatever else they name, or no good; either way nobody goes there.
        signed = [own.sign(issuer.claims(), **header) for header in headers if "kid" not in header]
        config = proxy_config({"local": {"provider": "mock"}}, [{"auth_filter": {"jwt": [issuer.provider()]}}])
        with Gateway(config) as gateway:
            for token in tokens:
                assert gateway.chat(headers={"authorization": f"Bearer {token}"}).status_code == 401, token
            for token in signed:
                assert gateway.chat(headers={"authorization": f"Bearer {token}"}).status_code in (200, 401)
            assert gateway.chat(headers={"authorization": f"Bearer {issuer.token()}"}).status_code == 200
        assert {seen.target for seen in issuer.requests} == {"/jwks"}


# -- what the operator names -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fetch:
    """Something of the configuration that is fetched or asked: its filter, and the request that has it do so."""

    filter: Callable[[str], dict]
    is_http_free: bool = False

    def ask(self, gateway: Gateway, model: str):
        return gateway.chat(model, headers={"authorization": f"Bearer {KEY.sign(CLAIMS)}"})


ISSUER = "https://issuer.example"
KEY = TokenKey("first")
CLAIMS = {"iss": ISSUER, "aud": "gateway", "sub": "alice", "exp": 4_000_000_000}


def jwks(url: str, **more) -> dict:
    return {"auth_filter": {"jwt": [{"issuer": ISSUER, "audiences": ["gateway"], "jwks": {"url": url, **more}}]}}


def introspection(url: str, **more) -> dict:
    return {"auth_filter": {"introspection": {"url": url, "client_id": "gateway", "client_secret": "secret", **more}}}


def external(url: str, **more) -> dict:
    return {"auth_filter": {"external": {"url": url, "principal_header": "x-user", **more}}}


def webhook(url: str, **_) -> dict:
    return {"content_moderation": {"service": {"kind": "webhook", "url": url}, "on": ["input"]}}


FETCHES = {"jwks": Fetch(jwks), "introspection": Fetch(introspection), "external": Fetch(external), "webhook": Fetch(webhook, is_http_free=True)}
each = pytest.mark.parametrize("fetch", FETCHES.values(), ids=FETCHES)


def guarded(name: str, entry: dict, timeout: str = "500ms") -> dict:
    return {"name": name, "match": {"model": name}, "backends": [{"cluster": "local"}], "filters": [{**entry, "timeout": timeout}]}


def served(entries: dict[str, dict]) -> dict:
    return proxy_config({"local": {"provider": "mock"}}, routes=[guarded(name, entry) for name, entry in entries.items()])


def is_refused(folder: pathlib.Path, entry: dict) -> bool:
    """Whether a configuration with it is refused, with a sentence."""
    (folder / "tidegate.yaml").write_text(json.dumps(served({"one": entry})))
    outcome = run_tidegate("check", "-c", "tidegate.yaml", cwd=folder)
    assert outcome.returncode in (0, 1) and "panicked" not in outcome.stderr, outcome
    return outcome.returncode == 1


@each
def test_t_ssrf_2_no_configuration_leads_to_metadata_or_to_another_spelling(tmp_path, untouched, fetch):
    """It is refused as it stands, or whoever has it asked gets a failure, at once."""
    hosts = [*NEVER, *(f"{spelling}:{untouched.port}" for spelling in SPELLINGS if spelling != "localhost.")]
    entries = {f"model-{number}": fetch.filter(f"http://{host}/x", allow_http=True) for number, host in enumerate(hosts)}
    accepted = {name: entry for name, entry in entries.items() if not is_refused(tmp_path, entry)}
    with Gateway(served(accepted)) as gateway:
        for name in accepted:
            answer = fetch.ask(gateway, name)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "filter_failed"), hosts[int(name.partition("-")[2])]
            assert answer.elapsed.total_seconds() < 3


@each
def test_t_ssrf_2_plain_http_needs_the_operator_s_word(tmp_path, fetch):
    assert is_refused(tmp_path, fetch.filter("http://keys.example/x")) is not fetch.is_http_free
    assert not is_refused(tmp_path, fetch.filter("https://keys.example/x"))
    assert not is_refused(tmp_path, fetch.filter("http://127.0.0.1/x"))
    assert not is_refused(tmp_path, fetch.filter("http://keys.example/x", allow_http=True))
    for url in ("ftp://127.0.0.1/x", "file:///etc/passwd", "unix:///run/x", "//127.0.0.1/x", "127.0.0.1", "https://user:pass@127.0.0.1/x", "https://", ""):
        assert is_refused(tmp_path, fetch.filter(url, allow_http=True)), url


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@each
def test_t_ssrf_2_who_is_asked_redirects_nowhere(untouched, fetch, status):
    with Upstream(lambda seen, reply: reply.send(status, location=f"{untouched.url}/x", x_user="mallory")) as moved:
        with Gateway(served({"one": fetch.filter(f"{moved.url}/x")})) as gateway:
            assert fetch.ask(gateway, "one").status_code == 503
    assert moved.requests


@pytest.mark.parametrize("how", [endless, heads, lambda seen, reply: reply.gone(20)], ids=["endless", "large head", "silent"])
@each
def test_t_ssrf_2_who_is_asked_says_no_more_and_takes_no_longer_than_it_may(fetch, how):
    with Upstream(how) as server, Gateway(served({"one": fetch.filter(server.url)})) as gateway:
        answer = fetch.ask(gateway, "one")
        assert answer.status_code == 503 and answer.elapsed.total_seconds() < 5
        assert server.requests


@each
def test_t_ssrf_2_no_proxy_of_the_environment_is_asked_instead(untouched, fetch):
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    config = served({"one": fetch.filter(f"http://127.0.0.1:{free_port()}/x")})
    with Gateway(config, env=dict.fromkeys(names, untouched.url)) as gateway:
        assert fetch.ask(gateway, "one").status_code == 503
