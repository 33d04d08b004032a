"""T-H1-3: no tunnel without a 101, and no ambiguous answer passed on."""

import time

import pytest

from support.gateway import Gateway, proxy_config
from support.upstream import Upstream
from support.wire import Incomplete, request

UPGRADE = {"connection": "upgrade", "upgrade": "websocket", "sec_websocket_key": "dGlkZQ=="}


def opaque(upstream: Upstream) -> Gateway:
    return Gateway(proxy_config({"a": {"provider": "http", "endpoint": upstream.url}}))


def test_t_h1_3_upgrade_without_101_never_tunnels():
    with Upstream(lambda seen, reply: reply.send(200, b"plain")) as upstream, opaque(upstream) as gateway:
        with gateway.wire() as wire:
            wire.send(request("GET", "/ws", **UPGRADE) + request("GET", "/second"))
            assert wire.response().body == b"plain"
            assert wire.response().body == b"plain"
    assert [seen.target for seen in upstream.requests] == ["/ws", "/second"]
    assert upstream.requests[0].get("upgrade") is None, "hop-by-hop"


def test_t_h1_3_unasked_101_is_not_passed_on():
    def switch(seen, reply):
        reply.raw(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nTUNNEL")
        reply.gone(2)

    with Upstream(switch) as upstream, opaque(upstream) as gateway, gateway.wire() as wire:
        answer = wire.send(request("GET", "/ws", **UPGRADE)).response()
        assert answer.status == 502
        assert b"TUNNEL" not in answer.body


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    ],
)
def test_t_h1_3_answer_with_two_framings_keeps_one(fields):
    def both(seen, reply):
        reply.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" + fields + b"\r\n3\r\nabc\r\n0\r\n\r\n")

    with Upstream(both) as upstream, opaque(upstream) as gateway, gateway.wire() as wire:
        answer = wire.send(request("GET", "/x")).response()
        if answer.status == 502:
            return
        assert (answer.status, answer.body) == (200, b"abc")
        assert answer.all("transfer-encoding") == ["chunked"] and answer.all("content-length") == []
        again = wire.send(request("GET", "/x")).response()
        assert again.body == b"abc"


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 3\r\n\r\nabc",
        b"NOT HTTP AT ALL\r\n\r\n",
        b"",
    ],
    ids=["two-lengths", "plus", "folded", "nul", "no-http", "nothing"],
)
def test_t_h1_3_nonsense_from_the_upstream_is_a_502(raw):
    def nonsense(seen, reply):
        reply.raw(raw)
        time.sleep(0.05)
        reply.cut()

    with Upstream(nonsense) as upstream, opaque(upstream) as gateway, gateway.wire() as wire:
        try:
            answer = wire.send(request("GET", "/x")).response()
        except (Incomplete, ConnectionError):
            return
        assert answer.status == 502
        assert not any("\n" in value or "\x00" in value for _, value in answer.headers)


def test_t_h1_3_second_answer_is_never_passed_on():
    """A surplus answer on a kept connection must not answer the next request, which may be somebody else's."""

    def twice(seen, reply):
        one = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
        text = seen.target.encode()
        reply.raw(one % (len(text), text) + one % (6, b"poison"))

    with Upstream(twice) as upstream, opaque(upstream) as gateway:
        for number in range(20):
            with gateway.wire() as wire:
                answer = wire.send(request("GET", f"/{number}")).response()
                assert answer.status == 502 or answer.body == f"/{number}".encode()


def test_t_h1_3_expect_is_answered_once():
    with Upstream(lambda seen, reply: reply.send(200, seen.body)) as upstream, opaque(upstream) as gateway:
        with gateway.wire() as wire:
            wire.send("POST /x HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n")
            first = wire.head()
            if first.status == 100:
                wire.send("abc")
                first = wire.response()
            assert (first.status, first.body) == (200, b"abc")
