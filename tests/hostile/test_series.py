"""T-DOS-7: whatever clients make up costs neither series nor memory without end, and others are served meanwhile."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.gateway import Gateway, proxy_config
from support.plugins import memory
from support.wire import request

CHAT = "/v1/chat/completions"
KEY = "key-of-a-client"
BATCH = 50
# What `/metrics` shows of models, as docs/operations.md says, before it shows `_other`; and what all else may come to.
NAMES, SETS, OTHERS = 1000, 2000, 1000
MIB = 100


def chat(model: str = "m", path: str = CHAT, **fields: str) -> bytes:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hello"}]}).encode()
    return request("POST", path, body, content_type="application/json", **{"authorization": f"Bearer {KEY}", **fields})


# What a client can choose; each makes a request out of a number.
CHOICES: dict[str, Callable[[int], bytes]] = {
    "models": lambda number: chat(f"model-{number}"),
    "long models": lambda number: chat(f"{number}-{'m' * 2000}"),
    "paths": lambda number: chat(path=f"/v1/path-{number}/x"),
    "models in paths": lambda number: chat(path=f"/v1beta/models/model-{number}:generateContent"),
    "queries": lambda number: chat(path=f"{CHAT}?a{number}={number}"),
    "request ids": lambda number: chat(x_request_id=f"id-{number}"),
    "tenants": lambda number: chat(x_tenant=f"tenant-{number}"),
    "fields": lambda number: chat(**{f"x_{number}": "a"}),
    "hosts": lambda number: chat(host=f"host-{number}.example"),
    "wrong keys": lambda number: chat(authorization=f"Bearer wrong-{number}"),
    "web tokens": lambda number: chat(authorization=f"Bearer eyJ{number}.eyJ{number}.{number}"),
    "traces": lambda number: chat(x_tidegate_trace=f"{number}", x_request_id=f"trace-{number}"),
    "methods": lambda number: request(f"M{number}", CHAT, authorization=f"Bearer {KEY}"),
    "agents": lambda number: chat(user_agent=f"agent-{number}", x_forwarded_for=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"),
    "all at once": lambda number: chat(f"m{number}", f"{CHAT}?{number}", x_tenant=f"t{number}", x_request_id=f"r{number}", user_agent=f"u{number}"),
}


@pytest.fixture(scope="module")
def gateway():
    filters = [
        {"auth_filter": {"api_keys": {"keys": [{"key": KEY, "principal": "ann", "tenant": "shore"}]}}},
        {"rate_limit": {"key": [{"header": "x-tenant"}, "model"], "requests_per_hour": 1_000_000, "tokens_per_hour": 1_000_000_000}, "on_error": "allow"},
    ]
    config = proxy_config({"local": {"provider": "mock", "reply": "hi"}}, filters, telemetry={"access_log": {"format": "off"}})
    with Gateway(config) as gateway:
        yield gateway


def send(gateway: Gateway, make: Callable[[int], bytes], numbers: range):
    """On connections that carry some each; one that the gateway ends is followed by another."""
    for start in range(numbers.start, numbers.stop, BATCH):
        with gateway.wire() as wire:
            wire.send(b"".join(make(number) for number in range(start, start + BATCH)))
            for _ in range(BATCH):
                assert wire.response().status in (200, 400, 401, 404, 405, 429), start


def assert_bounded(gateway: Gateway):
    samples = list(gateway.metrics())
    of_models = [sample for sample in samples if "gen_ai_original_model" in sample]
    names = {name for sample in of_models for name in re.findall(r'gen_ai_\w+_model="([^"]*)"', sample)}
    sets = {tuple(re.findall(r'(gen_ai_\w+_model)="([^"]*)"', sample)) for sample in of_models}
    assert len(names - {"", "_other"}) <= NAMES and len(sets) <= SETS + 1
    assert len(samples) - len(of_models) <= OTHERS


@pytest.mark.timeout(600)
@pytest.mark.parametrize("what", CHOICES)
def test_t_dos_7_what_clients_make_up_is_bounded(gateway, count, what):
    """The last choice has five values in each request: 100,000 already in the short run."""
    total = count(20_000, 100_000) if what == "all at once" else count(3_000, 50_000)
    make, half = CHOICES[what], total // 2
    send(gateway, make, range(BATCH))
    before = memory(gateway)
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(send, gateway, make, range(start, start + half)) for start in (0, half)]
        assert gateway.chat(headers={"authorization": f"Bearer {KEY}"}).status_code == 200
        for one in running:
            one.result()
    assert_bounded(gateway)
    assert memory(gateway) < before + MIB
