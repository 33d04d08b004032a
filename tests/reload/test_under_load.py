"""T-LIFE-3: reloads while clients hammer the gateway fail no request."""

import re
import subprocess
import time

from support.backends import Nginx
from support.gateway import Gateway, proxy_config

KEYS = [{"key": "demo", "principal": "demo"}]
CHAT = """
wrk.method = "POST"
wrk.body = '{"model":"mock","messages":[{"role":"user","content":"hello"}]}'
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer demo"
"""


def config(nginx: Nginx, number: int) -> dict:
    """Each differs from the one before in a cluster, a route and a filter."""
    clusters = {
        f"nginx-{number % 3}": {"provider": "openai", "endpoint": nginx.url, "headers": {"set": {"x-number": str(number)}}},
        "mock": {"provider": "mock", "reply": f"number {number}"},
    }
    routes = [
        {"name": f"one-{number}", "match": {"model": "mock*"}, "backends": [{"cluster": f"nginx-{number % 3}"}, {"cluster": "mock"}]}
    ]
    keys = KEYS + [{"key": f"key-{number}", "principal": f"p-{number}"}]
    return proxy_config(clusters, filters=[{"auth_filter": {"api_keys": {"keys": keys}}}], routes=routes)


def test_t_life_3_reloads_under_load_fail_no_request(tmp_path, count):
    script = tmp_path / "chat.lua"
    script.write_text(CHAT)
    total = count(200, 1000)
    with Nginx() as nginx, Gateway(config(nginx, 0)) as gateway:
        command = ["wrk", "-t1", "-c16", "-d600s", "--timeout", "20s", "-s", script, gateway.url + "/v1/chat/completions"]
        load = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            time.sleep(0.3)
            for number in range(1, total + 1):
                gateway.write(config(nginx, number))
                answer = gateway.admin("POST", "/v1/reload")
                assert answer.status_code == 200, answer.text
        finally:
            load.send_signal(2)
            report = load.communicate(timeout=60)[0]
        assert "Non-2xx" not in report and "Socket errors" not in report, report
        requests = int(re.search(r"(\d+) requests in", report)[1])
        assert requests > total, report
        assert gateway.metric("tidegate_config_reloads_total") >= total
        assert gateway.chat(headers={"authorization": f"Bearer key-{total}"}).status_code == 200
        assert gateway.chat(headers={"authorization": "Bearer key-1"}).status_code == 401
