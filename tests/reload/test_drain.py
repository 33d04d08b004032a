"""T-LIFE-5: SIGTERM lets what is open finish, takes nothing new, and ends in time."""

import signal
import subprocess
import threading
import time

import pytest

from support.clients import CLIENTS
from support.gateway import Gateway, mock_config, proxy_config
from support.upstream import DONE, Upstream, delta
from support.wait import until
from support.wire import Incomplete, request

CHAT = b'{"model":"mock","stream":true,"messages":[{"role":"user","content":"x"}]}'


def connects(gateway: Gateway) -> bool:
    try:
        gateway.wire().close()
        return True
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_t_life_5_open_streams_finish(number):
    proceed = threading.Event()

    def stream(seen, reply):
        reply.start_events()
        reply.chunk(delta("first"))
        assert proceed.wait(20)
        reply.chunk(delta("last") + DONE)
        reply.end()

    with Upstream(stream) as upstream, Gateway(proxy_config({"a": upstream.cluster()})) as gateway:
        with gateway.wire() as wire:
            wire.send(request("POST", "/v1/chat/completions", CHAT))
            assert wire.head().status == 200
            data = wire.chunk()
            gateway.signal(number)
            until(lambda: not connects(gateway), "the end of the listener")
            assert gateway.admin("GET", "/readyz").status_code == 503
            assert gateway.admin("GET", "/healthz").status_code == 200
            proceed.set()
            data += b"".join(iter(wire.chunk, b""))
            assert data == delta("first") + delta("last") + DONE
            assert wire.closed()
        assert gateway.wait(10) == 0
        assert gateway.access[-1]["status"] == 200, "the line of the last exchange is written before the end"


def test_t_life_5_h2_streams_finish():
    proceed = threading.Event()

    def stream(seen, reply):
        reply.start_events()
        reply.chunk(delta("first"))
        assert proceed.wait(20)
        reply.chunk(DONE)
        reply.end()

    with Upstream(stream) as upstream, Gateway(proxy_config({"a": upstream.cluster()})) as gateway:
        command = ["node", CLIENTS / "node/h2_stream.mjs", gateway.url, "/v1/chat/completions", CHAT]
        client = subprocess.Popen(command, stdout=subprocess.PIPE)
        data = client.stdout.read1()
        gateway.signal(signal.SIGTERM)
        until(lambda: not connects(gateway), "the end of the listener")
        proceed.set()
        data += client.communicate(timeout=10)[0]
        assert client.returncode == 0
        assert data == delta("first") + DONE
        assert gateway.wait(10) == 0


def test_t_life_5_requests_in_flight_do_not_fail():
    """Clients that keep asking see whole answers, then a refused or closed connection; never half an answer."""
    halves = []
    answers = []
    with Gateway(mock_config(reply="hi", latency="20ms")) as gateway:

        def ask():
            try:
                with gateway.wire() as wire:
                    while True:
                        wire.send(request("POST", "/v1/chat/completions", CHAT.replace(b"true", b"false")))
                        head = wire.head()
                        if head.status != 200:
                            halves.append(head.status)
                        wire._exactly(int(head.get("content-length")))
                        answers.append(head.status)
                        if head.get("connection") == "close":
                            return
            except Incomplete as error:
                if "bytes early" in str(error) or "b''" not in str(error):
                    halves.append(str(error))
            except OSError:
                pass

        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        until(lambda: len(answers) > 50, "some traffic")
        assert gateway.stop(10) == 0
        for thread in threads:
            thread.join(10)
    assert not halves
    assert len(gateway.access) >= len(answers)


@pytest.mark.parametrize("sent", [b"", b"GET /v1/mod", request("GET", "/v1/models")], ids=["new", "half-a-head", "used"])
def test_t_life_5_idle_connections_do_not_hold_it(sent):
    with Gateway(mock_config(reply="hi")) as gateway, gateway.wire() as wire:
        wire.send(sent)
        if sent.endswith(b"\r\n\r\n"):
            wire.response()
        gateway.chat()
        started = time.monotonic()
        assert gateway.stop(15) == 0
        assert time.monotonic() - started < 5
        assert wire.closed()


def test_t_life_5_the_deadline_is_kept():
    def endless(seen, reply):
        reply.start_events()
        reply.chunk(delta("first"))
        reply.gone(30)

    config = {"timeouts": {"drain": "1s"}}
    with Upstream(endless) as upstream, Gateway(proxy_config({"a": upstream.cluster()}, **config)) as gateway:
        with gateway.wire() as wire:
            wire.send(request("POST", "/v1/chat/completions", CHAT)).head()
            wire.chunk()
            started = time.monotonic()
            gateway.signal(signal.SIGTERM)
            assert gateway.wait(10) == 0
            assert 0.8 < time.monotonic() - started < 6
            assert b"[DONE]" not in wire.rest()


def test_t_life_5_a_second_signal_ends_it_at_once():
    def endless(seen, reply):
        reply.start_events()
        reply.gone(30)

    with Upstream(endless) as upstream, Gateway(proxy_config({"a": upstream.cluster()})) as gateway:
        with gateway.wire() as wire:
            wire.send(request("POST", "/v1/chat/completions", CHAT)).head()
            gateway.signal(signal.SIGINT)
            until(lambda: not connects(gateway), "the end of the listener")
            gateway.signal(signal.SIGINT)
            gateway.wait(5)
