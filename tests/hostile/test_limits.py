"""T-DOS-6, T-SLOW: configurations and clients that want more than they should get."""

import time

import httpx
import pytest

from support.gateway import Gateway, mock_config, proxy_config, run_tidegate
from support.upstream import Upstream
from support.wait import until
from support.wire import Incomplete, request

QUICK = {"timeouts": {"header": "500ms", "body": "500ms", "idle": "2s"}}


def test_t_dos_6_alias_bomb_is_refused(tmp_path):
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    check_refused(tmp_path, "\n".join(levels))


def test_t_dos_6_deep_nesting_is_refused(tmp_path):
    check_refused(tmp_path, "clusters: " + "[" * 100_000 + "]" * 100_000)


def test_t_dos_6_many_merge_keys_are_refused(tmp_path):
    base = "base: &base {" + ", ".join(f"k{n}: {n}" for n in range(1000)) + "}\n"
    check_refused(tmp_path, base + "\n".join(f"m{n}: {{<<: *base}}" for n in range(2000)))


def check_refused(folder, text: str):
    (folder / "tidegate.yaml").write_text(text)
    started = time.monotonic()
    outcome = run_tidegate("check", "-c", "tidegate.yaml", cwd=folder)
    assert outcome.returncode == 1
    assert "tidegate.yaml" in outcome.stdout + outcome.stderr
    assert "panicked" not in outcome.stderr
    assert len(outcome.stdout + outcome.stderr) < 1_000_000
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("start", [b"", b"GET /v1/models HTTP/1.1\r\nHost: local"], ids=["nothing", "half a head"])
def test_t_slow_head_is_cut_at_its_timeout(start):
    with Gateway({**mock_config(), **QUICK}) as gateway, gateway.wire() as wire:
        wire.send(start)
        started = time.monotonic()
        answer = wire.rest()
        assert time.monotonic() - started < 5
        assert not answer or answer.split(b" ")[1] in (b"408", b"400")


def test_t_slow_head_that_drips_is_cut_at_its_timeout():
    """Each byte must not start the clock anew."""
    with Gateway({**mock_config(), **QUICK}) as gateway, gateway.wire() as wire:
        started = time.monotonic()
        try:
            for byte in request("GET", "/v1/models", x_slow="x" * 200):
                wire.send(bytes([byte]))
                time.sleep(0.05)
        except ConnectionError:
            pass
        assert time.monotonic() - started < 8


@pytest.mark.parametrize("provider", ["mock", "http"])
def test_t_slow_body_is_cut_at_its_timeout(provider):
    with Upstream() as upstream:
        cluster = {"provider": "mock"} if provider == "mock" else upstream.cluster(provider="http")
        routes = [{"name": "all", "backends": [{"cluster": "a"}]}]
        with Gateway(proxy_config({"a": cluster}, routes=routes, **QUICK)) as gateway, gateway.wire() as wire:
            wire.send("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{")
            started = time.monotonic()
            try:
                status = wire.response().status
            except (Incomplete, ConnectionError):
                status = None
            assert status in (None, 408)
            assert wire.closed()
            assert time.monotonic() - started < 5
        assert not upstream.requests


KEYS = [{"auth_filter": {"api_keys": {"keys": [{"key": "demo", "principal": "demo"}]}}}]
SMALL = {"limits": {"unauthenticated_body": "64KiB"}}


def by_model(**more) -> list[dict]:
    return [{"name": "all", "match": {"model": "*"}, "backends": [{"cluster": "a"}], **more}]


def padded(size: int) -> bytes:
    return b'{"model":"m","messages":[{"role":"user","content":"x"}],"padding":"%s"}' % (b"x" * size)


def test_a_body_of_nobody_is_read_to_its_own_limit():
    """The route goes by the model and has the filter, so the body is read before it is known who sent it."""
    with Gateway(proxy_config({"a": {"provider": "mock"}}, routes=by_model(filters=KEYS), **SMALL)) as gateway:
        head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
        with gateway.wire() as wire:
            wire.send(head + "content-length: 5000000\r\n\r\n")
            assert wire.response().status == 413, "before a byte of it came"
        with gateway.wire() as wire:
            wire.send(head + "transfer-encoding: chunked\r\n\r\n")
            for _ in range(5):
                wire.send(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
            answer = wire.response()
        assert answer.status == 413 and b"limits.unauthenticated_body" in answer.body
        assert gateway.post("/v1/chat/completions", padded(1000)).status_code == 401
        known = {"authorization": "Bearer demo"}
        assert gateway.post("/v1/chat/completions", padded(1000), headers=known).status_code == 200


def test_a_body_of_somebody_is_read_to_the_limit_of_all():
    """Whom the service's filter let in, and everybody where there is no auth filter at all."""
    for filters in (KEYS, None):
        with Gateway(proxy_config({"a": {"provider": "mock"}}, filters, by_model(), **SMALL)) as gateway:
            known = {"authorization": "Bearer demo"}
            assert gateway.post("/v1/chat/completions", padded(300_000), headers=known).status_code == 200


def test_t_slow_others_are_served_meanwhile():
    with Gateway({**mock_config(reply="hi"), **QUICK}) as gateway:
        slow = [gateway.wire().send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: l") for _ in range(200)]
        started = time.monotonic()
        assert all(gateway.chat().status_code == 200 for _ in range(20))
        assert time.monotonic() - started < 5
        for wire in slow:
            wire.rest()
            wire.close()
        assert time.monotonic() - started < 15, "every slow one ends at its timeout"


def test_connections_over_the_limit_do_not_starve_the_rest():
    config = {**mock_config(reply="hi"), "limits": {"connections": 20}}
    with Gateway(config) as gateway:
        held = [gateway.wire() for _ in range(40)]
        time.sleep(0.2)
        for wire in held:
            wire.close()
        assert until(lambda: answered(gateway), "an answer once there is room again") == 200
        assert gateway.admin("GET", "/healthz").status_code == 200


def answered(gateway: Gateway) -> int | None:
    try:
        return gateway.chat().status_code
    except httpx.TransportError:
        return None
