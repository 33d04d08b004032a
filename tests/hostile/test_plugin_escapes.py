"""T-PLG-5: a plugin reaches what it was granted, and neither the host nor the keys, values and requests of others.

The conformance plugin tells in its answer all that a call was given and what its own calls of services came to.
"""

import json

import pytest

from support.gateway import Gateway, proxy_config, run_tidegate
from support.plugins import CONFORMANCE, HOSTILE, assert_sentence, copied, plugin, route, written
from support.upstream import Upstream

CLIENT_KEY = "canary-of-the-client"
PROVIDER_KEY = "canary-of-the-provider"
SECRET = "canary-of-another-plugin"
KEYS = [{"key": CLIENT_KEY, "principal": "ann"}, {"key": "other-" + CLIENT_KEY, "principal": "bob"}]
# What the conformance plugin imports, with a secret of another name.
ASKS = {"http": ["api.example.com"], "kv": True, "secrets": ["own"], "metrics": True, "models": ["judge"]}


def echo(hook: str, *calls: dict) -> dict:
    """The configuration of a plugin that tells what it was given in one hook, and what these calls came to."""
    return {"hooks": {hook: {"calls": list(calls), "answer": "echo"}}}


def told(answer) -> dict:
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text)


@pytest.fixture(params=CONFORMANCE)
def package(request, tmp_path):
    return copied(CONFORMANCE[request.param], tmp_path / "package", ASKS)


def gateway(package, routes: list[dict], secret: str = "own secret", **top) -> Gateway:
    """With two plugins of the same package, `a` and `b`."""
    plugins = {"a": plugin(package, secret), "b": plugin(package, SECRET)}
    clusters = top.pop("clusters", {"local": {"provider": "mock"}})
    return Gateway(proxy_config(clusters, routes=routes, plugins=plugins, **top), patience=60)


def test_t_plg_5_no_credential_reaches_a_plugin(package):
    filters = [{"auth_filter": {"api_keys": {"keys": KEYS}}}]
    with Upstream() as upstream:
        clusters = {"local": upstream.cluster(credentials={"api_key": PROVIDER_KEY})}
        attempt = {"cluster": "local", "filters": [{"plugin": {"name": "a", "config": echo("transform_upstream")}}]}
        routes = [route("in", "a", echo("transform_request")), {"name": "out", "match": {"model": "out"}, "backends": [attempt]}]
        with gateway(package, routes, clusters=clusters, filters=filters) as running:
            for name in ("in", "out"):
                headers = {"authorization": f"Bearer {CLIENT_KEY}", "cookie": f"session={CLIENT_KEY}", "x-plain": "seen"}
                seen = told(running.chat(name, headers=headers))
                fields = dict(seen["in"]["headers"])
                assert fields["x-plain"] == "seen"
                assert "canary" not in json.dumps(seen), name
                assert not {"authorization", "x-api-key", "cookie"} & set(fields)
        assert not upstream.requests


def test_t_plg_5_values_and_secrets_are_a_plugins_own(package):
    asks = [{"get": "key"}, {"secret": "own"}, {"secret": "other"}, {"secret": "token"}]
    keeps = {"set": {"key": "key", "value": "of a"}}
    routes = [route("a", "a", echo("transform_request", keeps, *asks)), route("b", "b", echo("transform_request", *asks))]
    with gateway(package, routes) as running:
        denied = {"error": "denied"}
        assert told(running.chat("a"))["calls"][1:] == [{"value": "of a", "version": 1}, "own secret", denied, denied]
        assert told(running.chat("b"))["calls"] == [None, SECRET, denied, denied]


def test_t_plg_5_notes_belong_to_one_filter_on_one_request(package):
    """The same plugin stands twice on the route, so that its instances are shared, and the request comes twice."""
    first = {"hooks": {"transform_request": {"calls": [{"set_note": ["key", "of the first"]}]}}}
    second = echo("transform_request", {"note": "key"}, {"set_note": ["key", "of the second"]}, {"note": "key"})
    entry = route("notes", "a", first)
    entry["filters"].append({"plugin": {"name": "a", "config": second}})
    with gateway(package, [entry]) as running:
        for _ in range(2):
            assert told(running.chat("notes"))["calls"] == [None, None, "of the second"]


def test_t_plg_5_requests_go_to_granted_hosts_only(package):
    """The admin listener, which trusts this machine, and the upstream are none of them."""
    with Upstream() as upstream:
        urls = [upstream.url, f"http://localhost:{upstream.port}/", f"http://[::1]:{upstream.port}/", "http://169.254.169.254/"]
        urls += [f"http://api.example.com@127.0.0.1:{upstream.port}/", "file:///etc/passwd", "http://127.1/", "http://2130706433/"]
        calls = [{"http": [{"url": url}]} for url in urls]
        with gateway(package, [route("asks", "a", echo("transform_request", *calls))]) as running:
            for url, (outcome,) in zip(urls, told(running.chat("asks"))["calls"], strict=True):
                assert outcome == {"error": "denied"}, url
        assert not upstream.requests and not upstream.connections


@pytest.mark.parametrize("runtime", CONFORMANCE)
def test_t_plg_5_a_plugin_sees_its_own_request_only(runtime):
    """Two clients by turns at the only instance: each gets its own principal and texts back."""
    filters = [{"auth_filter": {"api_keys": {"keys": KEYS}}}]
    entry = route("seen", "shared", echo("transform_request") | {"subscribe": {"request_body": "whole"}})
    plugins = {"shared": plugin(CONFORMANCE[runtime], max_instances=1, workers=1)}
    config = proxy_config({"local": {"provider": "mock"}}, routes=[entry], filters=filters, plugins=plugins)
    with Gateway(config, patience=60) as running:
        for _ in range(10):
            for key, principal in ((entry["key"], entry["principal"]) for entry in KEYS):
                seen = told(running.chat("seen", text=f"by {principal}", headers={"authorization": f"Bearer {key}"}))
                assert seen["ctx"]["principal"]["id"] == principal
                other = {"ann": "bob", "bob": "ann"}[principal]
                assert f"by {principal}" in json.dumps(seen) and f"by {other}" not in json.dumps(seen)


def test_t_plg_5_the_sandbox_of_lua_has_no_hole():
    """Each way out that the hostile plugin knows, tried from within a request."""
    entry = route("escape", "hostile", {"do": "escape"}, timeout="20s")
    config = proxy_config({"local": {"provider": "mock"}}, routes=[entry], plugins={"hostile": plugin(HOSTILE["lua"])})
    with Gateway(config, env={"CANARY": SECRET}) as running:
        escaped = told(running.chat("escape", headers={"x-request-id": "attack"}))
        assert escaped == {"escaped": []}


TOP_LEVEL = [
    'local file = io.open("/etc/passwd") error(file:read("*a"), 0)',
    'error(os.getenv("CANARY"), 0)',
    'os.execute("touch touched")',
    'require("socket")',
    'loadstring("return 1")()',
    "string.format = nil",
    "getfenv(1).print = nil",
    "while true do end",
    'local text = "x" while true do text = text .. text end',
]


@pytest.mark.parametrize("source", TOP_LEVEL, ids=lambda source: source[:16])
def test_t_plg_5_check_runs_a_plugin_in_the_same_sandbox(tmp_path, source):
    """Validation is no way in: what a request may not do, loading may not do either."""
    written(tmp_path / "plugin", f"{source}\nreturn {{moderate_input = function() end}}", ["moderate_input"])
    config = proxy_config({"local": {"provider": "mock"}}, routes=[route("a", "p")], plugins={"p": {"path": "plugin"}})
    (tmp_path / "tidegate.yaml").write_text(json.dumps(config))
    outcome = run_tidegate("check", cwd=tmp_path, env={"CANARY": SECRET})
    lines = outcome.stderr.splitlines()
    assert outcome.returncode == 1 and len(lines) == 1, outcome.stderr
    assert_sentence(lines[0])
    assert SECRET not in outcome.stderr and "root:" not in outcome.stderr
    assert not (tmp_path / "touched").exists()
