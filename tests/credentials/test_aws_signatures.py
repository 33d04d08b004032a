"""What reaches Bedrock is signed as it arrives: every operation, name of a model, size of a body, and after every edit."""

from dataclasses import replace
from urllib.parse import quote

import httpx
import pytest

from support.clouds.aws import OTHER, REGION, SIGNED
from support.clouds.machine import Machine
from support.clouds.sigv4 import objections
from support.gateway import PLAIN, proxy_config
from support.h2_upstream import H2Upstream
from support.upstream import Seen, Upstream
from support.wire import request

KEYS = {"aws": {"access_key_id": OTHER.id, "secret_access_key": OTHER.secret, "session_token": OTHER.token}}
MODELS = {
    "colon": "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "profile": "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2c3",
    "prompt": "arn:aws:bedrock:eu-west-1:123456789012:prompt/PROMPT12345:1",
    "marks": "a model+with (marks)~_.-!*'",
}
# In characters of a text, or bytes of a body.
SIZES = (1, 1000, 100_000, 1 << 20)
MANIFEST = """
[plugin]
id = "test/edits"
version = "1.0.0"
runtime = "lua"
entry = "plugin.lua"
contract = "0.1"
hooks = ["transform_upstream"]
"""
EDITS = """
return {
  configure = function() return { dialects = { "bedrock" } } end,
  transform_upstream = function(ctx, headers, body)
    return tidegate.changed({
      set = { ["/inferenceConfig"] = { maxTokens = 7 } },
      headers = { set = { ["x-amz-meta-tide"] = "  in   and out " }, remove = { "x-gone" } },
    })
  end,
}
"""


@pytest.fixture
def vendor(request, bedrock, invoke):
    vendor = {"converse": bedrock, "invoke": invoke}[request.param]
    vendor.keys = [OTHER]
    return vendor


def machine(home, cluster: dict, *backends: dict) -> Machine:
    """In front of a cluster whose keys are those of its configuration, for every model."""
    clusters = {"aws": cluster | {"credentials": KEYS}}
    routes = [{"name": "all", "backends": list(backends) or [{"cluster": "aws"}]}]
    plugins = {"edits": {"path": str(home / "edits")}} if (home / "edits").exists() else {}
    return Machine(proxy_config(clusters, routes=routes, plugins=plugins), home, {})


def converse(gateway, model: str, stream: bool = False, text: str = "hello", **options):
    """As a client of Bedrock asks, which encodes all of a model's name."""
    path = f"/model/{quote(model, safe='')}/converse{'-stream' * stream}"
    return gateway.post(path, {"messages": [{"role": "user", "content": [{"text": text}]}]}, **options)


def messages(gateway, model: str, stream: bool = False, text: str = "hello", **options):
    """As a client of Anthropic asks."""
    body = {"model": model, "max_tokens": 64, "messages": [{"role": "user", "content": text}], "stream": stream}
    return gateway.post("/v1/messages", body, **options)


def check(seen: Seen):
    """What is wrong with the signature of a request."""
    return objections(seen, OTHER, REGION, "bedrock")


def is_signed(vendor, answer):
    assert answer.status_code == 200, answer.text
    assert vendor.signers[-1] == OTHER


CLIENTS = {"converse": converse, "messages": messages}
every_operation = pytest.mark.parametrize("vendor", ["converse", "invoke"], indirect=True)
every_client = pytest.mark.parametrize("client", CLIENTS)


@every_operation
@every_client
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_every_name_of_a_model(home, vendor, client, stream, model):
    vendor.model = MODELS[model]
    with machine(home, vendor.cluster()) as gateway:
        is_signed(vendor, CLIENTS[client](gateway, vendor.model, stream))
    assert vendor.upstream.requests[-1].target == vendor.paths()[stream]


@every_operation
def test_every_size_of_a_text(home, vendor):
    with machine(home, vendor.cluster()) as gateway:
        for size in SIZES:
            is_signed(vendor, converse(gateway, vendor.model, text="x" * size))
            assert len(vendor.upstream.requests[-1].body) > size
        is_signed(vendor, converse(gateway, vendor.model, text="die Flut — 🌊" * 100))


@pytest.mark.parametrize("size", [0, *SIZES])
@pytest.mark.parametrize("chunked", [False, True])
def test_every_size_of_a_body_that_nothing_reads(home, size, chunked):
    """An operation that the gateway knows nothing of passes, and is signed whole all the same."""
    body = b"7" * size
    with Upstream(lambda seen, reply: reply.json({})) as upstream:
        with machine(home, upstream.cluster("aws-bedrock", region=REGION)) as gateway:
            sent = iter((body[: size // 2], body[size // 2 :])) if chunked else body
            fields = {"content-type": "application/octet-stream"}
            answer = httpx.post(f"{gateway.url}/model/titan%3A0/invoke", content=sent, headers=fields, verify=PLAIN)
    assert answer.status_code == 200, answer.text
    [seen] = upstream.requests
    assert (seen.target, seen.body) == ("/model/titan%3A0/invoke", body)
    assert list(check(seen)) == []


TARGETS = {
    "GET": "/",
    "HEAD": "/x/",
    "DELETE": "/a%20b?%C3%A4=%C3%B6",
    "PUT": "/a%25b?b=2&a=1&A=%20x&a-b=&b=1&c",
    "POST": "/a~b/c*d/e'f(g)!/@,=$&",
}


@pytest.mark.parametrize("method", TARGETS)
def test_every_target_that_nothing_reads(home, method):
    path = TARGETS[method]
    with Upstream(lambda seen, reply: reply.json({})) as upstream:
        with machine(home, upstream.cluster("aws-bedrock", region=REGION)) as gateway, gateway.wire() as wire:
            assert wire.send(request(method, path)).response(method).status == 200
    [seen] = upstream.requests
    assert (seen.method, seen.target, list(check(seen))) == (method, path, [])


@pytest.mark.parametrize("vendor", ["converse"], indirect=True)
def test_edits_of_headers(home, vendor):
    """Those of the cluster, of the backend and of the client; what AWS wants signed is."""
    edits = {"set": {"x-amz-one": "1", "x-amzn-bedrock-trace": "ENABLED"}, "add": {"x-amz-two": "a"}}
    backend = {"cluster": "aws", "headers": {"add": {"x-amz-two": "b"}, "remove": ["x-amz-mine"]}}
    with machine(home, vendor.cluster(headers=edits), backend) as gateway:
        headers = {"x-amz-mine": "1", "x-amz-odd": "a   b", "x-tides": "2", "user-agent": "tides/1"}
        is_signed(vendor, converse(gateway, vendor.model, headers=headers))
    seen = vendor.upstream.requests[-1]
    assert (seen.all("x-amz-one"), seen.all("x-amz-two"), seen.all("x-amz-mine")) == (["1"], ["a", "b"], [])
    assert (seen.all("x-tides"), seen.all("x-amzn-bedrock-trace")) == (["2"], ["ENABLED"])


@pytest.mark.parametrize("vendor", ["converse"], indirect=True)
def test_edits_of_a_filter(home, vendor):
    (home / "edits").mkdir()
    (home / "edits/plugin.toml").write_text(MANIFEST)
    (home / "edits/plugin.lua").write_text(EDITS)
    with machine(home, vendor.cluster(), {"cluster": "aws", "filters": [{"plugin": {"name": "edits"}}]}) as gateway:
        is_signed(vendor, converse(gateway, vendor.model, headers={"x-gone": "1"}))
    seen = vendor.upstream.requests[-1]
    assert seen.json["inferenceConfig"] == {"maxTokens": 7}
    assert seen.all("x-amz-meta-tide") and not seen.all("x-gone")


@every_operation
def test_a_model_that_the_route_chooses(home, vendor):
    with machine(home, vendor.cluster(), {"cluster": "aws", "model": vendor.model}) as gateway:
        is_signed(vendor, gateway.chat("another"))


@every_operation
def test_credentials_of_the_client_are_none_of_the_upstreams(home, vendor):
    """A client that signs for a Bedrock of its own sends fields of the same names."""
    own = {
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIAMINE/20260101/eu-west-1/bedrock/aws4_request, Signature=00",
        "x-amz-date": "20260101T000000Z",
        "x-amz-security-token": "mine",
        "x-amz-content-sha256": "0" * 64,
    }
    with machine(home, vendor.cluster()) as gateway:
        is_signed(vendor, converse(gateway, vendor.model, headers=own))


def test_over_http2_the_authority_is_signed(home):
    """There is no `host` there; the services of AWS speak HTTP/2 to whoever can."""
    with H2Upstream() as upstream:
        cluster = {"provider": "aws-bedrock", "endpoint": upstream.url, "region": REGION, "http2": True}
        with machine(home, cluster) as gateway:
            assert gateway.post("/model/titan%3A0/invoke", b"7" * 100_000).status_code == 200
    [fields] = upstream.requests
    named = [(name.removeprefix(":").replace("authority", "host"), value) for name, value in fields.items()]
    assert list(check(Seen(fields[":method"], fields[":path"], named, upstream.bodies[1], 1))) == []


def test_a_second_try_is_signed_anew(home):
    """Each try has the edits of its own backend in it."""
    answers = [503, 200]
    with Upstream(lambda seen, reply: reply.json({}, answers.pop(0))) as upstream:
        cluster = upstream.cluster("aws-bedrock", region=REGION)
        backends = [
            {"cluster": "aws", "headers": {"set": {"x-amz-try": str(number)}}, "priority": number} for number in range(2)
        ]
        with machine(home, cluster, *backends) as gateway:
            answer = gateway.post("/model/titan/invoke", b"{}")
    assert answer.status_code == 200, answer.text
    assert [seen.get("x-amz-try") for seen in upstream.requests] == ["0", "1"]
    assert all(list(check(seen)) == [] for seen in upstream.requests)


def test_a_signature_holds_for_its_request_only(home):
    """Else these tests would find nothing."""
    with Upstream(lambda seen, reply: reply.json({})) as upstream:
        with machine(home, upstream.cluster("aws-bedrock", region=REGION)) as gateway:
            assert gateway.post("/model/titan/invoke", b"{}", headers={"content-type": "application/json"}).status_code == 200
    [seen] = upstream.requests
    others = [
        replace(seen, body=b"{ }"),
        replace(seen, target="/model/titan%3A0/invoke"),
        replace(seen, method="PUT"),
        *(replace(seen, headers=[*seen.headers, (name, "x")]) for name in ("x-amz-more", "content-type", "authorization")),
        *(replace(seen, headers=[field for field in seen.headers if field[0] != name]) for name in SIGNED),
    ]
    assert list(check(seen)) == [] and all(list(check(other)) for other in others)
    assert list(objections(seen, replace(OTHER, secret="another"), REGION, "bedrock"))
