"""What an operator reads: metrics, the access log, health and the admin rules."""

import json

import httpx
import pytest

from support.gateway import Gateway, proxy_config
from support.wait import until

KEYS = [{"key": "demo", "principal": "alice", "tenant": "shore"}]
BEARER = {"authorization": "Bearer demo"}
GEN_AI = {
    "gen_ai_client_token_usage": ["gen_ai_token_type"],
    "gen_ai_server_request_duration_seconds": [],
    "gen_ai_server_time_to_first_token_seconds": [],
    "gen_ai_server_time_per_output_token_seconds": [],
}
LABELS = [
    "gen_ai_operation_name",
    "gen_ai_provider_name",
    "gen_ai_original_model",
    "gen_ai_request_model",
    "gen_ai_response_model",
]


@pytest.fixture(scope="module")
def gateway():
    clusters = {
        "local": {"provider": "mock", "reply": "one two three four", "stream": {"chunk": 4, "every": "1ms"}, "models": ["mock"]},
        "broken": {"provider": "mock", "status": 500},
    }
    routes = [
        {"name": "broken", "match": {"model": "broken"}, "backends": [{"cluster": "broken"}]},
        {"name": "rest", "backends": [{"cluster": "local", "model": "mock-v2"}]},
    ]
    config = proxy_config(clusters, filters=[{"auth_filter": {"api_keys": {"keys": KEYS}}}], routes=routes)
    with Gateway(config) as gateway:
        assert gateway.chat(headers=BEARER).status_code == 200
        assert gateway.chat(headers=BEARER, stream=True, stream_options={"include_usage": True}).status_code == 200
        assert gateway.chat("broken", headers=BEARER).status_code == 500
        assert gateway.chat().status_code == 401
        until(lambda: len(gateway.access) >= 4, "four access log lines")
        yield gateway


def test_readiness_and_health(gateway):
    assert gateway.admin("GET", "/healthz").status_code == 200
    assert gateway.admin("GET", "/readyz").status_code == 200


def test_metrics_are_the_text_format(gateway):
    answer = gateway.admin("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    helped = {line.split(" ")[2] for line in answer.text.splitlines() if line.startswith("# HELP")}
    typed = {line.split(" ")[2] for line in answer.text.splitlines() if line.startswith("# TYPE")}
    assert helped == typed


@pytest.mark.parametrize("name", GEN_AI)
def test_gen_ai_histograms(gateway, name):
    samples = [sample for sample in gateway.metrics() if sample.startswith(f"{name}_count{{")]
    assert samples, f"no samples of {name}"
    for label in LABELS + GEN_AI[name]:
        assert all(f'{label}="' in sample for sample in samples), label


def test_gen_ai_values(gateway):
    tokens = {kind: gateway.metric("gen_ai_client_token_usage_sum", gen_ai_token_type=kind) for kind in ("input", "output")}
    assert tokens["input"] > 0 and tokens["output"] > 0
    names = {"gen_ai_operation_name": "chat", "gen_ai_original_model": "mock", "gen_ai_request_model": "mock-v2"}
    assert gateway.metric("gen_ai_server_request_duration_seconds_count", **names) == 2
    assert gateway.metric("gen_ai_server_request_duration_seconds_count", error_type="_OTHER") == 1
    assert gateway.metric("gen_ai_server_request_duration_seconds_bucket", le="81.92", **names) == 2


def test_own_metrics(gateway):
    counted = {status: gateway.metric("tidegate_requests_total", status=status) for status in ("200", "401", "500")}
    assert counted == {"200": 2, "401": 1, "500": 1}
    assert gateway.metric("tidegate_requests_total", service="main", route="rest", status="200") == 2
    assert gateway.metric("tidegate_requests_in_flight") == 0
    assert gateway.metric("tidegate_upstream_seconds_count") >= 3
    assert any(sample.startswith("tidegate_connections{") and 'side="' in sample for sample in gateway.metrics())
    assert any(sample.startswith("tidegate_config_reloads_total") for sample in gateway.metrics())


def test_access_log_has_one_line_a_request(gateway):
    before = len(gateway.access)
    for _ in range(20):
        gateway.chat(headers=BEARER)
    until(lambda: len(gateway.access) >= before + 20, "20 more lines")
    assert len(gateway.access) == before + 20
    assert len({line["request_id"] for line in gateway.access}) == len(gateway.access)


def test_access_log_tells_who_what_and_where(gateway):
    line = next(line for line in gateway.access if line["status"] == 200 and line["streaming"])
    assert (line["method"], line["path"]) == ("POST", "/v1/chat/completions")
    assert (line["principal"], line["tenant"]) == ("alice", "shore")
    assert (line["service"], line["route"], line["cluster"], line["provider"]) == ("main", "rest", "local", "mock")
    assert (line["original_model"], line["request_model"]) == ("mock", "mock-v2")
    assert line["usage"]["output"] > 0 and line["duration_ms"] > 0 and line["bytes_sent"] > 0


def test_denied_requests_are_logged_without_the_key(gateway):
    gateway.chat(headers={"authorization": "Bearer sk-leaked-secret"})
    until(lambda: sum(line["status"] == 401 for line in gateway.access) >= 2, "the denied request's line")
    written = json.dumps(gateway.access) + "\n".join(gateway.log)
    assert "sk-leaked-secret" not in written and '"demo"' not in written


def test_a_key_in_the_query_is_not_logged(gateway):
    gateway.get("/v1/models?key=demo&other=1&x=sk-also-secret")
    gateway.access_of("/v1/models")
    written = json.dumps(gateway.access) + "\n".join(gateway.log)
    assert "key=demo" not in written


def test_access_log_can_be_turned_off():
    config = proxy_config({"local": {"provider": "mock"}}, telemetry={"access_log": {"format": "off"}})
    with Gateway(config) as gateway:
        assert gateway.chat().status_code == 200
    assert gateway.access == []


# -- the admin listener ---------------------------------------------------------------------------------------------


def test_admin_shows_the_configuration_without_secrets():
    config = proxy_config({"local": {"provider": "openai", "endpoint": "http://127.0.0.1:9", "credentials": {"api_key": "sk-canary"}}})
    with Gateway(config) as gateway:
        answer = gateway.admin("GET", "/v1/config")
        assert answer.status_code == 200
        assert "local" in answer.text and "sk-canary" not in answer.text


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "http://evil.example"}, {"origin": "null"}])
def test_admin_refuses_other_hosts_and_origins(gateway, headers):
    """T-ADM-5: a page in a browser must not reach it, by DNS rebinding or across origins."""
    assert gateway.admin("GET", "/v1/config", headers=headers).status_code in (401, 403)
    assert gateway.admin("POST", "/v1/reload", headers=headers).status_code in (401, 403)


def test_admin_token_is_needed_where_it_is_set():
    config = {**proxy_config({"local": {"provider": "mock"}}), "admin": {"address": "0.0.0.0:0", "token": "${ADMIN_TOKEN}"}}
    with Gateway(config, env={"ADMIN_TOKEN": "open-sesame"}) as gateway:
        port = gateway.admin_address[1]
        url = f"http://127.0.0.1:{port}"
        assert httpx.get(url + "/healthz").status_code == 200
        assert httpx.get(url + "/metrics").status_code == 200
        assert httpx.get(url + "/v1/config").status_code == 401
        assert httpx.get(url + "/v1/config", headers={"authorization": "Bearer open-sesamE"}).status_code == 401
        assert httpx.get(url + "/v1/config", headers={"authorization": "Bearer open-sesame"}).status_code == 200
        assert not any("open-sesame" in line for line in gateway.log)


def test_admin_without_a_token_makes_one_off_loopback():
    config = {**proxy_config({"local": {"provider": "mock"}}), "admin": {"address": "0.0.0.0:0"}}
    with Gateway(config) as gateway:
        url = "http://127.0.0.1:%d" % gateway.admin_address[1]
        assert httpx.get(url + "/readyz").status_code == 200
        assert httpx.get(url + "/v1/config").status_code == 401


def test_admin_knows_no_other_path(gateway):
    assert gateway.admin("GET", "/nothing").status_code == 404
    assert gateway.admin("GET", "/v1/reload").status_code == 405


def test_data_port_serves_no_admin_path(gateway):
    for path in ("/metrics", "/healthz", "/v1/config", "/v1/reload"):
        assert gateway.get(path).status_code in (401, 404)
