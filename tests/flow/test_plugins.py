"""Plugins from end to end: loaded, granted, swapped while requests run, rolled back, and broken without harm to others."""

import gzip
import hashlib
import json
import pathlib
import subprocess

import pytest

from support.gateway import BINARY, ROOT, Gateway, proxy_config
from support.upstream import Upstream, completion
from support.wait import until

MANIFEST = """
[plugin]
id = "test/guard"
version = "{version}"
runtime = "lua"
entry = "plugin.lua"
contract = "0.1"
hooks = ["{hook}"]
"""
BLOCK = """
local M = {{}}
function M.moderate_input(ctx, texts)
  for _, text in texts do
    if string.find(text.content, "{word}", 1, true) then return tidegate.block("version {version}") end
  end
end
return M
"""
BROKEN = "this is no Lua"
STUCK = "return {configure = function() while true do end end, moderate_input = function() end}"


def package(folder: pathlib.Path, source: str, version: str = "1.0.0", hook: str = "moderate_input") -> pathlib.Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plugin.toml").write_text(MANIFEST.format(version=version, hook=hook))
    (folder / "plugin.lua").write_text(source)
    return folder


def block(word: str, version: str = "1.0.0") -> str:
    return BLOCK.format(word=word, version=version)


def config(plugins: dict, routes: list | None = None, **top) -> dict:
    routes = routes or [
        {"name": "guarded", "match": {"model": "mock"}, "backends": [{"cluster": "local"}], "filters": [{"plugin": {"name": "guard"}}]},
        {"name": "open", "backends": [{"cluster": "local"}]},
    ]
    clusters = {"local": {"provider": "mock", "echo": True, "models": ["mock"]}}
    return proxy_config(clusters, routes=routes, plugins=plugins, **top)


@pytest.fixture
def folder(tmp_path):
    return package(tmp_path / "guard", block("tide"))


def test_a_lua_plugin_acts_on_its_route_only(folder):
    with Gateway(config({"guard": {"path": str(folder)}})) as gateway:
        blocked = gateway.chat(text="the tide")
        assert (blocked.status_code, blocked.json()["error"]["code"]) == (400, "content_filter")
        assert "version 1.0.0" in blocked.json()["error"]["message"]
        assert gateway.chat(text="the sea").status_code == 200
        assert gateway.chat("other", text="the tide").status_code == 200
        assert gateway.metric("tidegate_plugin_calls_total", hook="moderate_input", verdict="block") == 1


def test_a_changed_folder_is_live_and_a_broken_one_changes_nothing(folder):
    with Gateway(config({"guard": {"path": str(folder)}})) as gateway:
        assert gateway.chat(text="the sea").status_code == 200
        package(folder, block("sea", "2.0.0"), "2.0.0")
        until(lambda: gateway.chat(text="the sea").status_code == 400, "the new version")
        package(folder, BROKEN, "3.0.0")
        shown = until(lambda: next((p for p in plugins(gateway) if p["error"]), None), "the error of the broken version")
        assert (shown["state"], shown["version"]) == ("stale", "2.0.0")
        assert gateway.chat(text="the sea").status_code == 400


def plugins(gateway: Gateway) -> list[dict]:
    return gateway.admin("GET", "/v1/plugins").json()["plugins"]


def test_what_a_put_version_says_of_itself_has_no_place_in_the_configuration(tmp_path, folder):
    """Nobody changed that."""
    package(tmp_path / "dirs" / "refuses", "return {configure = function() error('no') end, moderate_input = function() end}")
    with Gateway(config({"guard": {"path": str(folder)}}, plugin_dirs=[str(tmp_path / "dirs")])) as gateway:
        refused = gateway.admin("PUT", "/v1/plugins/guard", json={"path": "refuses"})
        assert refused.status_code == 400
        assert refused.json()["error"]["message"].startswith('plugin "guard" is not loaded: configure failed: '), refused.text


def test_configure_has_the_time_that_the_operator_gives(folder):
    package(folder, STUCK)
    with Gateway(config({"guard": {"path": str(folder), "limits": {"configure": "200ms"}}})) as gateway:
        shown = plugins(gateway)[0]
        assert shown["state"] == "failed"
        assert "within 200 ms; do less there" in shown["error"] and '"limits.configure"' in shown["error"]


def test_put_rollback_and_delete(tmp_path, folder):
    other = package(tmp_path / "dirs" / "other", block("sea", "2.0.0"), "2.0.0")
    package(tmp_path / "dirs" / "broken", BROKEN)
    with Gateway(config({"guard": {"path": str(folder)}}, plugin_dirs=[str(tmp_path / "dirs")])) as gateway:
        put = gateway.admin("PUT", "/v1/plugins/guard", json={"path": "other"})
        assert (put.status_code, put.json()["version"]) == (200, "2.0.0"), put.text
        assert gateway.chat(text="the sea").status_code == 400
        for body in ({"path": "broken"}, {"path": "nowhere"}, {"path": "../guard"}, {"path": str(folder)}, {"package": "a@1"}, {}):
            refused = gateway.admin("PUT", "/v1/plugins/guard", json=body)
            assert refused.status_code == 400 and refused.json()["error"]["message"], body
        assert plugins(gateway)[0]["version"] == "2.0.0"
        back = gateway.admin("POST", "/v1/plugins/guard/rollback")
        assert (back.status_code, back.json()["version"]) == (200, "1.0.0"), back.text
        assert gateway.chat(text="the sea").status_code == 200
        assert gateway.admin("DELETE", "/v1/plugins/guard").status_code == 200
        assert gateway.admin("DELETE", "/v1/plugins/guard").status_code == 409
        assert gateway.admin("POST", "/v1/plugins/nobody/rollback").status_code == 404
        assert other.exists()


@pytest.mark.parametrize(("on_error", "status"), [("deny", 503), ("allow", 200)])
def test_a_plugin_that_does_not_load_harms_its_routes_only(folder, on_error, status):
    package(folder, BROKEN)
    routes = [
        {"name": "guarded", "match": {"model": "mock"}, "backends": [{"cluster": "local"}], "filters": [{"plugin": {"name": "guard"}, "on_error": on_error}]},
        {"name": "open", "backends": [{"cluster": "local"}]},
    ]
    with Gateway(config({"guard": {"path": str(folder)}}, routes)) as gateway:
        assert gateway.chat(text="the tide").status_code == status
        assert gateway.chat("other").status_code == 200
        assert plugins(gateway)[0]["state"] == "failed"


def test_a_moderated_stream_never_leaves_unjudged():
    filters = [{"content_moderation": {"words": ["secret"], "action": "redact", "replace_with": "[gone]"}}]
    clusters = {"local": {"provider": "mock", "reply": "this is a secret word", "stream": {"chunk": 3, "every": "1ms"}}}
    with Gateway(proxy_config(clusters, filters=filters)) as gateway:
        for answer in (gateway.chat(stream=True), gateway.chat()):
            assert answer.status_code == 200
            assert "secret" not in answer.text
        events = [line.removeprefix("data: ") for line in gateway.chat(stream=True).text.splitlines() if line.startswith("data: {")]
        text = "".join(choice["delta"].get("content") or "" for event in events for choice in json.loads(event)["choices"])
        assert text == "this is a [gone] word"
        assert gateway.chat(stream=True).text.endswith("data: [DONE]\n\n")


def test_a_body_whose_texts_nobody_knows_is_not_passed_unjudged():
    filters = [{"content_moderation": {"words": ["secret"]}}]
    with Gateway(proxy_config({"local": {"provider": "mock"}}, filters=filters)) as gateway:
        assert gateway.post("/v1/inventions", {"model": "m", "input": "a secret"}).status_code == 503
        twice = b'{"model":"m","messages":[{"role":"user","content":"a secret"}],"messages":[]}'
        assert gateway.post("/v1/chat/completions", twice).status_code == 400


def test_transforms_change_requests_answers_and_events():
    filters = [
        {"request_transform": {"set": {"/temperature": 0.5}, "prepend_system": "be brief", "headers": {"set": {"x-team": "a"}}}},
        {"response_transform": {"remove": ["/system_fingerprint"], "set": {"/seen": True}}, "when": "model != 'plain'"},
    ]
    with Gateway(proxy_config({"local": {"provider": "mock", "echo": True}}, filters=filters)) as gateway:
        answer = gateway.chat().json()
        seen = json.loads(answer["choices"][0]["message"]["content"])
        assert json.loads(seen["body"])["temperature"] == 0.5 if isinstance(seen["body"], str) else seen["body"]["temperature"] == 0.5
        assert answer["seen"] is True and "system_fingerprint" not in answer
        assert "seen" not in gateway.chat("plain").json()
        events = [json.loads(line[6:]) for line in gateway.chat(stream=True).text.splitlines() if line.startswith("data: {")]
        assert events and all(event["seen"] is True for event in events)


def test_the_wasm_demo_masks():
    filters = [{"plugin": {"name": "pii"}}]
    clusters = {"local": {"provider": "mock", "echo": True}}
    config = proxy_config(clusters, filters=filters, plugins={"pii": {"path": str(ROOT / "plugins/pii-redact")}})
    # A debug build of the engine takes a while to compile a component.
    with Gateway(config, patience=60) as gateway:
        answer = gateway.chat(text="write to bob@example.com")
        assert answer.status_code == 200
        assert "bob@example.com" not in answer.text and "[PII]" in answer.text


def test_what_is_wrong_with_a_plugin_is_told_by_check(folder):
    (folder / "plugin.toml").write_text(MANIFEST.format(version="1", hook="moderate_inputs"))
    from support.gateway import run_tidegate

    file = folder.parent / "tidegate.yaml"
    file.write_text(json.dumps(config({"guard": {"path": "guard"}})))
    outcome = run_tidegate("check", "-c", "tidegate.yaml", cwd=folder.parent)
    assert outcome.returncode == 1
    assert 'plugin "guard" is not loaded' in outcome.stderr and 'unknown hook "moderate_inputs"' in outcome.stderr
    file.write_text(json.dumps(config({"gard": {"path": "guard"}})))
    outcome = run_tidegate("check", "-c", "tidegate.yaml", cwd=folder.parent)
    assert 'did you mean "gard"?' in outcome.stderr


SIGNED = """
local M = {}
function M.authenticate(ctx, head)
  local hex = ""
  for index = 1, #head.body_sha256 do hex ..= string.format("%02x", string.byte(head.body_sha256, index)) end
  if head.headers["x-digest"] == hex then return tidegate.grant("signer") end
  return tidegate.deny(401, "bad_signature", "the body is not the one that was signed")
end
function M.configure() return {hooks = {"authenticate"}, body_digest = true} end
return M
"""


@pytest.mark.parametrize("place", ["service", "route"])
def test_an_auth_plugin_sees_the_digest_of_what_the_client_sent(tmp_path, place):
    folder = package(tmp_path / "guard", SIGNED, hook="authenticate")
    entry = [{"plugin": {"name": "guard"}}]
    routes = [{"name": "all", "backends": [{"cluster": "local"}], "filters": entry if place == "route" else []}]
    limits = {"body": "1MiB", "unauthenticated_body": "1KiB"}
    with Gateway(
        proxy_config({"local": {"provider": "mock"}}, entry if place == "service" else None, routes, plugins={"guard": {"path": str(folder)}}, limits=limits)
    ) as gateway:
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "signed"}]}).encode()
        packed = gzip.compress(body)
        for sent, headers in ((body, {}), (packed, {"content-encoding": "gzip"})):
            signed = {"x-digest": hashlib.sha256(sent).hexdigest(), **headers}
            assert gateway.post("/v1/chat/completions", sent, headers=signed).status_code == 200
            other = {**signed, "x-digest": hashlib.sha256(sent + b" ").hexdigest()}
            assert gateway.post("/v1/chat/completions", sent, headers=other).status_code == 401
        large = gateway.chat(text="x" * 2000)
        assert (large.status_code, large.json()["error"]["code"]) == (413, "request_too_large")
        assert "unauthenticated_body" in large.json()["error"]["message"]


def test_an_edited_answer_loses_the_log_probabilities_that_spell_it_out():
    spelled = {"content": [{"token": "secret", "logprob": -0.1, "bytes": None, "top_logprobs": []}]}
    answer = completion("a secret")
    answer["choices"][0]["logprobs"] = spelled
    filters = [{"content_moderation": {"words": ["secret"], "action": "redact", "replace_with": "[gone]"}}]
    with Upstream(lambda request, reply: reply.json(answer)) as upstream:
        with Gateway(proxy_config({"up": {"provider": "openai", "endpoint": upstream.url}}, filters=filters)) as gateway:
            got = gateway.chat()
            assert got.json()["choices"][0]["message"]["content"] == "a [gone]"
            assert "secret" not in got.text


@pytest.mark.parametrize(
    ("filters", "backend", "provider", "told"),
    [
        ([], [{"response_transform": {"set": {"/a": 1}}}], "mock", "of this one would never run; move it to the filters of the route"),
        ([], [{"content_moderation": {"words": ["a"]}}], "mock", 'the hook "moderate_input" of this one would never run'),
        ([{"content_moderation": {"words": ["a"]}}], [], "http", 'cluster "local" of provider "http"'),
    ],
)
def test_a_filter_that_could_never_act_where_it_stands_is_refused(tmp_path, filters, backend, provider, told):
    cluster = {"provider": provider, **({"endpoint": "http://127.0.0.1:9"} if provider == "http" else {})}
    routes = [{"name": "all", "filters": filters, "backends": [{"cluster": "local", "filters": backend}]}]
    (tmp_path / "tidegate.yaml").write_text(json.dumps(proxy_config({"local": cluster}, routes=routes)))
    checked = subprocess.run([BINARY, "check", "-c", tmp_path / "tidegate.yaml"], capture_output=True, text=True)
    assert checked.returncode == 1 and told in checked.stderr + checked.stdout, checked


BUDGET = """
local M = {}
local function used() return tonumber(tidegate.kv.get("used") or "0") end
function M.admit(ctx, estimate)
  assert(estimate.estimated and estimate.input > 0)
  if used() >= 20 then
    return tidegate.refuse({status = 429, code = "quota_exceeded", message = "used " .. used(), headers = {["retry-after"] = "7"}})
  end
  return tidegate.admit("ticket of " .. ctx.request_id)
end
function M.settle(ctx, ticket, actual)
  assert(ticket == "ticket of " .. ctx.request_id and not actual.estimated)
  tidegate.kv.increment("used", actual.input + actual.output)
end
return M
"""


def test_an_admission_plugin_reserves_and_settles_what_was_used(tmp_path):
    """What is refused reaches nobody."""
    folder = tmp_path / "budget"
    package(folder, BUDGET)
    manifest = (folder / "plugin.toml").read_text().replace('["moderate_input"]', '["admit", "settle"]') + "[capabilities]\nkv = true\n"
    (folder / "plugin.toml").write_text(manifest)
    filters = [{"plugin": {"name": "budget"}}]
    with Upstream() as upstream:
        clusters = {"up": upstream.cluster()}
        with Gateway(proxy_config(clusters, filters, plugins={"budget": {"path": str(folder), "grants": {"kv": True}}})) as gateway:
            used = 0
            while used < 20:
                answer = gateway.chat()
                assert answer.status_code == 200, answer.text
                used += answer.json()["usage"]["total_tokens"]
                until(lambda: gateway.metric("tidegate_plugin_calls_total", hook="settle") == len(upstream.requests), "the settlement")
            sent = len(upstream.requests)
            refused = gateway.chat()
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
            assert refused.json()["error"]["message"] == f"used {used}" and refused.json()["error"]["code"] == "quota_exceeded"
            assert len(upstream.requests) == sent
