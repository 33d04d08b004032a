"""T-LIFE-5: SIGTERM lets what is open finish, takes nothing new, and ends in time."""

import signal
import subprocess
import threading
import time

import pytest

from support.clients import CLIENTS
from support.gateway import Gateway, mock_config, proxy_config
from support.h2_wire import H2Wire
from support.upstream import DONE, Upstream, delta
from support.wait import until
from support.wire import Incomplete, Wire, request

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


# One of them is always such that the system's buffers are full and the gateway holds the last piece of it.
SIZES = range(250_000, 6_000_000, 250_000)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_t_life_5_a_slow_reader_gets_its_whole_answer(authority, tls):
    """The upstream has said everything and the gateway only holds the rest: the drain must wait for that, too."""
    config = {}
    if tls:
        certificate, key = (str(path) for path in authority.issue("server"))
        config["listeners"] = [{"address": "127.0.0.1:0", "tls": {"certificate": certificate, "key": key}}]

    def sized(seen, reply):
        reply.send(200, b"x" * int(seen.target[1:]), "application/octet-stream")

    with Upstream(sized) as upstream, Gateway(proxy_config({"a": upstream.cluster("http")}, **config)) as gateway:
        context = authority.client("http/1.1") if tls else None
        # A small buffer on this side, so that the gateway's fill up.
        wires = [Wire(gateway.address, tls=context, receive_buffer=64 * 1024) for _ in SIZES]
        for wire, size in zip(wires, SIZES):
            assert wire.send(request("GET", f"/{size}")).head().status == 200
        gateway.signal(signal.SIGTERM)
        time.sleep(2.5)
        for wire, size in zip(wires, SIZES):
            assert all_of(wire) == size
        assert gateway.wait(10) == 0


def all_of(wire: Wire) -> int:
    """How many bytes come until the connection ends."""
    taken = len(wire.buffer)
    while data := wire.socket.recv(1 << 20):
        taken += len(data)
    wire.close()
    return taken


def test_t_life_5_a_slow_h2_reader_gets_its_whole_answer():
    """The client's window is closed: the gateway has nothing to write, and still an answer to finish."""
    size = 50_000
    with Upstream(lambda seen, reply: reply.send(200, b"x" * size)) as upstream:
        with Gateway(proxy_config({"a": upstream.cluster("http")})) as gateway, H2Wire(gateway.address, window=1000) as wire:
            stream = wire.request("GET", "/large")
            # The upstream's last piece is larger than the window.
            taken = wire.data_until(stream, lambda: gateway.access)
            assert taken < size
            gateway.signal(signal.SIGTERM)
            time.sleep(2.5)
            taken += wire.data(stream)
            assert taken == size
            assert gateway.wait(10) == 0


@pytest.mark.parametrize("half", [False, True], ids=["silent", "half-a-head"])
def test_t_life_5_idle_h2_connections_do_not_hold_it(half):
    """Also those whose client does not answer when it is told to go."""
    with Gateway(mock_config(reply="hi")) as gateway, H2Wire(gateway.address) as wire:
        wire.data(wire.request("GET", "/v1/models"))
        if half:
            wire.request("GET", "/v1/models", whole=False)
        started = time.monotonic()
        assert gateway.stop(15) == 0
        assert time.monotonic() - started < 5


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


def test_t_life_5_the_deadline_is_that_of_the_live_configuration():
    def endless(seen, reply):
        reply.start_events()
        reply.gone(30)

    with Upstream(endless) as upstream:
        config = proxy_config({"a": upstream.cluster()})
        with Gateway({**config, "timeouts": {"drain": "60s"}}) as gateway, gateway.wire() as wire:
            wire.send(request("POST", "/v1/chat/completions", CHAT)).head()
            gateway.write({**config, "timeouts": {"drain": "0s"}})
            assert gateway.admin("POST", "/v1/reload").status_code == 200
            gateway.signal(signal.SIGTERM)
            assert gateway.wait(10) == 0


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
