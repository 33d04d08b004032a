"""Streams and bodies through the gateway: promptly, unchanged, cancelled at once, and never complete when they were cut."""

import contextlib
import json
import threading
import time

import httpx
import pytest

from support.backends import Nginx
from support.gateway import Gateway, mock_config, proxy_config
from support.upstream import DONE, Upstream, completion, delta
from support.wait import until
from support.wire import request

CHAT = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"hello"}]}'
# Every line end of the SSE grammar, a comment, an id, a field without a space, and text of two to four bytes a character.
EVENTS = (
    b": keep-alive\r\n\r\n"
    + delta("tide ")
    + b"id: 7\r\nevent: message\r\ndata:{\"choices\":[]}\r\n\r\n"
    + delta("caf\u00e9 \u6f6e \U0001f30a")
    + b"data: {\"choices\":[],\ndata: \"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2,\"total_tokens\":7}}\n\n"
    + DONE
)


def through(upstream: Upstream, **config) -> Gateway:
    return Gateway(proxy_config({"a": upstream.cluster()}, **config))


def open_stream(gateway: Gateway):
    wire = gateway.wire()
    wire.send(request("POST", "/v1/chat/completions", CHAT, content_type="application/json"))
    head = wire.head()
    assert head.status == 200
    assert head.get("content-type").startswith("text/event-stream")
    return wire


def byte_by_byte(seen, reply):
    reply.start_events()
    for position in range(len(EVENTS)):
        reply.chunk(EVENTS[position : position + 1])
    reply.end()


def test_t_sse_one_byte_at_a_time():
    with Upstream(byte_by_byte) as upstream, through(upstream) as gateway:
        with open_stream(gateway) as wire:
            assert b"".join(iter(wire.chunk, b"")) == EVENTS
        line = gateway.access_of("/v1/chat/completions")[0]
    assert line["streaming"] is True
    assert (line["usage"]["input"], line["usage"]["output"]) == (5, 2)


def test_t_sse_each_event_arrives_while_the_next_is_awaited():
    """The upstream goes on only when the client has the event: a gateway that gathers would hang here."""
    received = threading.Semaphore(0)

    def in_step(seen, reply):
        reply.start_events()
        for number in range(20):
            for byte in delta(f"part {number}"):
                reply.chunk(bytes([byte]))
            assert received.acquire(timeout=5)
        reply.chunk(DONE)
        reply.end()

    with Upstream(in_step) as upstream, through(upstream) as gateway, open_stream(gateway) as wire:
        data = b""
        for number in range(20):
            while delta(f"part {number}") not in data:
                data += wire.chunk()
            received.release()
        assert data + b"".join(iter(wire.chunk, b"")) == b"".join(delta(f"part {n}") for n in range(20)) + DONE


def test_t_sse_client_cancel_reaches_the_upstream():
    left = []

    def endless(seen, reply):
        reply.start_events()
        reply.chunk(delta("first"))
        started = time.monotonic()
        left.append((reply.gone(10), started, time.monotonic()))

    with Upstream(endless) as upstream, through(upstream) as gateway:
        wire = open_stream(gateway)
        wire.chunk()
        wire.close()
        closed = time.monotonic()
        until(lambda: left, "the upstream's end")
        gone, _, at = left[0]
        assert gone and at - closed < 1
        assert gateway.access_of("/v1/chat/completions")[0]["cancelled"] is True


def test_t_sse_client_cancel_before_the_answer_reaches_the_upstream():
    left = []
    arrived = threading.Event()

    def silent(seen, reply):
        arrived.set()
        left.append((reply.gone(10), time.monotonic()))

    with Upstream(silent) as upstream, through(upstream) as gateway:
        wire = gateway.wire().send(request("POST", "/v1/chat/completions", CHAT))
        assert arrived.wait(5)
        wire.close()
        closed = time.monotonic()
        until(lambda: left, "the upstream's end")
    assert left[0][0] and left[0][1] - closed < 1


@pytest.mark.parametrize("reset", [False, True], ids=["close", "reset"])
@pytest.mark.parametrize("partial", [b"", b'data: {"choi'], ids=["after-event", "inside-event"])
def test_t_sse_cut_stream_never_looks_complete(reset, partial):
    def cut(seen, reply):
        reply.start_events()
        reply.chunk(delta("first"))
        time.sleep(0.05)
        if partial:
            reply.chunk(partial)
            time.sleep(0.05)
        reply.cut(reset)

    with Upstream(cut) as upstream, through(upstream) as gateway:
        answer = gateway.chat(stream=True)
        line = gateway.access_of("/v1/chat/completions")[0]
    assert answer.content.startswith(delta("first"))
    assert b"[DONE]" not in answer.content
    last = answer.text.strip().split("\n\n")[-1]
    assert last.removeprefix("data: ").startswith('{"error"'), answer.text
    assert "in the middle of its answer" in last
    assert "error" in line


def test_t_sse_cut_without_chunks_never_looks_complete():
    """A stream that ends with its connection (no length, no chunks) and without `[DONE]` was cut too."""

    def cut(seen, reply):
        reply.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + delta("first"))
        reply.cut()

    with Upstream(cut) as upstream, through(upstream) as gateway:
        answer = gateway.chat(stream=True)
    assert b"[DONE]" not in answer.content
    assert '"error"' in answer.text


def test_stream_that_stalls_ends_with_an_error():
    def stalls(seen, reply):
        reply.start_events()
        reply.chunk(delta("first"))
        reply.gone(10)

    with Upstream(stalls) as upstream, through(upstream, timeouts={"idle": "300ms"}) as gateway:
        answer = gateway.chat(stream=True)
    assert '"error"' in answer.text and "[DONE]" not in answer.text


@pytest.mark.parametrize("framing", ["content_length", "transfer_encoding"])
def test_cut_plain_body_is_incomplete_for_the_client(framing):
    def cut(seen, reply):
        if framing == "content_length":
            reply.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"half\":")
        else:
            reply.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"half\":\r\n")
        time.sleep(0.05)
        reply.cut()

    with Upstream(cut) as upstream, through(upstream) as gateway:
        try:
            answer = gateway.chat()
        except httpx.RemoteProtocolError:
            return
        assert answer.status_code == 502


def test_back_pressure_reaches_the_upstream():
    """A client that does not read must stop the upstream, not fill the gateway's memory."""
    sent = []

    def flood(seen, reply):
        reply.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1073741824\r\n\r\n")
        reply.connection.settimeout(2)
        try:
            while len(sent) < 1024:
                reply.raw(b"x" * (1 << 20))
                sent.append(1)
        except OSError:
            pass
        reply.cut()

    with Upstream(flood) as upstream, through(upstream) as gateway:
        with gateway.wire() as wire:
            wire.send(request("POST", "/v1/chat/completions", CHAT)).head()
            time.sleep(1)
            assert len(sent) < 64, f"{len(sent)} MiB were taken though nobody reads"


def test_upload_is_streamed_to_the_upstream():
    """Where no rule needs the body, the upstream has its beginning before the client sent its end."""
    beginnings = []

    with Upstream() as upstream:
        def watch(connection, number):
            beginnings.append(connection.recv(65536))
            connection.close()

        upstream._converse = watch
        config = proxy_config({"a": upstream.cluster(provider="http")})
        with Gateway(config) as gateway, gateway.wire() as wire:
            wire.send("POST /upload HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n" + "x" * 1000)
            until(lambda: beginnings, "the request's beginning at the upstream")
    assert beginnings[0].startswith(b"POST /upload HTTP/1.1\r\n")


SLOW = {"timeouts": {"first_byte": "500ms"}}


def test_a_slow_upload_is_not_the_upstreams_time():
    """Each piece comes in time, all of them take longer than the upstream may for its answer."""
    with Upstream() as upstream, Gateway(proxy_config({"a": upstream.cluster("http")}, **SLOW)) as gateway:
        with gateway.wire() as wire:
            wire.send("POST /upload HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\n")
            for _ in range(5):
                time.sleep(0.3)
                wire.send(b"x")
            assert wire.response().status == 200
        assert upstream.requests[0].body == b"xxxxx"


@pytest.mark.parametrize("reads", [True, False], ids=["reads", "stalls"])
def test_an_upstream_without_an_answer_is_late(reads):
    """From the end of an upload, and from the moment that it takes no more of one."""
    with Upstream(lambda seen, reply: reply.gone(10)) as upstream:
        if not reads:
            upstream._converse = lambda connection, number: time.sleep(10)
        with Gateway(proxy_config({"a": upstream.cluster("http")}, **SLOW)) as gateway, gateway.wire() as wire:
            # More than all the buffers on the way hold.
            size = 10 if reads else 30_000_000
            wire.send("POST /upload HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % size)
            threading.Thread(target=pour, args=(wire, size), daemon=True).start()
            started = time.monotonic()
            answer = wire.response()
            assert (answer.status, json.loads(answer.body)["error"]["code"]) == (504, "upstream_timeout")
            assert 0.4 < time.monotonic() - started < 8


def pour(wire, size: int):
    with contextlib.suppress(OSError):
        wire.send(b"x" * size)


@pytest.fixture(scope="module")
def nginx():
    with Nginx() as nginx:
        yield nginx


@pytest.fixture(scope="module")
def before_nginx(nginx):
    cluster = {"provider": "openai", "endpoint": nginx.url}
    with Gateway(proxy_config({"nginx": cluster})) as gateway:
        yield gateway


def test_nginx_plain_json(before_nginx):
    answer = before_nginx.chat()
    assert answer.status_code == 200
    assert answer.json() == completion("from nginx")
    assert before_nginx.access_of("/v1/chat/completions")[0]["usage"]["input"] == 7


def test_nginx_chunked(before_nginx):
    answer = before_nginx.post("/v1/completions", {"model": "m", "prompt": "x"})
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["text"] == "x" * 20000


def test_nginx_one_megabyte(before_nginx):
    answer = before_nginx.post("/v1/embeddings", {"model": "m", "input": "y" * (1 << 20)})
    assert answer.status_code == 200
    assert len(answer.json()["padding"]) == 1 << 20


@pytest.mark.parametrize("status", [502, 503])
def test_nginx_server_errors_keep_their_status(nginx, status):
    cluster = {"provider": "http", "endpoint": nginx.url}
    with Gateway(proxy_config({"nginx": cluster})) as gateway:
        assert gateway.get(f"/status/{status}").status_code == status


def test_connections_to_nginx_are_reused(nginx):
    cluster = {"provider": "openai", "endpoint": nginx.url}
    with Gateway(proxy_config({"nginx": cluster})) as gateway:
        with httpx.Client(base_url=gateway.url) as client:
            for _ in range(50):
                assert client.post("/v1/chat/completions", json={"model": "m", "messages": []}).status_code == 200
        assert gateway.metric("tidegate_connections", side="upstream") <= 2


def test_mock_streams_with_its_pace():
    with Gateway(mock_config(reply="abcdefghij", stream={"chunk": 2, "every": "30ms"})) as gateway:
        started = time.monotonic()
        answer = gateway.chat(stream=True)
        took = time.monotonic() - started
    assert answer.text.endswith("data: [DONE]\n\n")
    assert 0.1 < took < 5
