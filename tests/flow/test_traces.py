"""What filters did to a request: `GET /v1/traces/{request-id}` and `tidegate trace`."""

import pytest

from support.gateway import Gateway, proxy_config, run_tidegate
from support.wait import until

CANARY = "canary-4711"
PLUGIN = """
local M = {}
function M.transform_request(ctx, headers, body)
  return tidegate.changed{set = {["/temperature"] = 0}, headers = {set = {["x-team"] = "red", ["x-upstream-token"] = "canary-4711"}}}
end
function M.moderate_output(ctx, texts, last)
  for _, text in texts do
    local from, to = string.find(text.content, "tide", 1, true)
    if from then return tidegate.redact{{text = text, from = from, to = to, with = "####"}} end
  end
end
function M.completed(ctx, outcome) error("nobody is told", 0) end
return M
"""
MANIFEST = """
[plugin]
id = "test/traced"
version = "2.3.4"
runtime = "lua"
entry = "plugin.lua"
contract = "0.1"
hooks = ["transform_request", "moderate_output", "completed"]
[stream]
mode = "carry"
max_match = 8
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    folder = tmp_path_factory.mktemp("traced")
    (folder / "plugin.lua").write_text(PLUGIN)
    (folder / "plugin.toml").write_text(MANIFEST)
    clusters = {"local": {"provider": "mock", "reply": "the tide comes in", "stream": {"chunk": 4, "every": "1ms"}}}
    filters = [{"plugin": {"name": "traced"}, "name": "mark"}]
    with Gateway(proxy_config(clusters, filters=filters, plugins={"traced": {"path": str(folder)}})) as gateway:
        yield gateway


def ask(gateway, stream=False, **headers):
    body = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": "hello"}]}
    answer = gateway.post("/v1/chat/completions", body, headers={"authorization": f"Bearer {CANARY}", **headers})
    assert answer.status_code == 200, answer.text
    return answer.headers["x-request-id"]


def trace(gateway, request_id, steps):
    """With all its steps: the last one comes after the answer."""

    def whole():
        told = gateway.admin("GET", f"/v1/traces/{request_id}").json()
        return told if len(told["steps"]) >= steps else None

    return until(whole, f"{steps} steps of {request_id}")


def test_every_hook_is_told_in_order_with_its_plugin_and_its_effect(gateway):
    told = trace(gateway, ask(gateway), 3)
    assert [step["hook"] for step in told["steps"]] == ["transform_request", "moderate_output", "completed"]
    assert {step["plugin"] for step in told["steps"]} == {"test/traced@2.3.4"}
    assert {step["filter"] for step in told["steps"]} == {"mark"}
    changed, edited, failed = told["steps"]
    assert changed["verdict"] == "changed" and changed["effect"]["body"][0]["pointer"] == "/temperature"
    assert edited["verdict"] == "edit" and (edited["effect"]["edit"][0]["start"], edited["effect"]["edit"][0]["end"]) == (4, 8)
    assert failed["verdict"] == "error" and "nobody is told" in failed["error"]
    assert all(isinstance(step["duration_us"], int) for step in told["steps"])


def test_values_are_there_for_tagged_requests_alone_and_never_a_secret(gateway):
    plain = trace(gateway, ask(gateway), 3)
    assert plain["values"] is False
    assert plain["steps"][0]["effect"]["body"][0]["value"] is None
    assert plain["steps"][1]["effect"]["edit"][0]["replacement"] is None
    tagged = trace(gateway, ask(gateway, **{"x-tidegate-trace": "1"}), 3)
    assert tagged["values"] is True
    headers = {edit["name"]: edit["value"] for edit in tagged["steps"][0]["effect"]["headers"]}
    assert headers == {"x-team": "red", "x-upstream-token": "[redacted]"}
    assert tagged["steps"][0]["effect"]["body"][0]["value"] == 0
    assert tagged["steps"][1]["effect"]["edit"][0]["replacement"] == "####"
    assert CANARY not in str(plain) + str(tagged)


def test_a_stream_tells_each_time_it_was_judged(gateway):
    told = trace(gateway, ask(gateway, stream=True), 4)
    judged = [step for step in told["steps"] if step["hook"] == "moderate_output"]
    assert len(judged) > 1 and "edit" in {step["verdict"] for step in judged}


def test_the_command_prints_it_and_says_what_is_wrong(gateway):
    request_id = ask(gateway, **{"x-tidegate-trace": "1"})
    trace(gateway, request_id, 3)

    shown = run_tidegate("trace", request_id, "--admin", gateway.admin_url)
    assert shown.returncode == 0 and shown.stderr == ""
    assert "transform_request   mark (test/traced@2.3.4): changed" in shown.stdout
    assert "    ~ /temperature = 0" in shown.stdout and '    ~ text 0, bytes 4 to 8 to "####"' in shown.stdout
    unknown = run_tidegate("trace", "nobody", "--admin", gateway.admin_url)
    assert unknown.returncode == 1 and 'no trace of "nobody" is kept' in unknown.stderr
    dead = run_tidegate("trace", "x", "--admin", "http://127.0.0.1:1")
    assert dead.returncode == 1 and "is the gateway running" in dead.stderr


def test_with_nothing_kept_nothing_is_known():
    config = proxy_config({"local": {"provider": "mock"}}, telemetry={"hook_traces": {"keep": 0}})
    with Gateway(config) as gateway:
        request_id = ask(gateway)
        assert gateway.admin("GET", "/v1/traces").json() == {"traces": []}
        assert gateway.admin("GET", f"/v1/traces/{request_id}").status_code == 404


def test_a_configuration_that_is_refused_forgets_nothing():
    clusters = {"local": {"provider": "mock"}}
    with Gateway(proxy_config(clusters)) as gateway:
        request_id = ask(gateway)
        wrong = [{"content_moderation": {"patterns": ["("], "action": "block"}}]
        gateway.write(proxy_config(clusters, filters=wrong, telemetry={"hook_traces": {"keep": 0}}))
        assert gateway.admin("POST", "/v1/reload").status_code == 400
        assert gateway.admin("GET", "/v1/traces").json() == {"traces": [request_id]}
        gateway.write(proxy_config(clusters, telemetry={"hook_traces": {"keep": 0}}))
        assert gateway.admin("POST", "/v1/reload").status_code == 200
        assert gateway.admin("GET", "/v1/traces").json() == {"traces": []}
