"""Upstreams that compress answers although nobody asked for that: whole ones and streams, passed, translated and filtered."""

import gzip
import json
import zlib

import brotli
import pytest
import zstandard

from support.gateway import Gateway, proxy_config
from support.upstream import DONE, Upstream, completion, delta


def brotli_pieces():
    compressor = brotli.Compressor()
    return lambda data: compressor.process(data) + compressor.flush(), compressor.finish


def zlib_pieces(window: int):
    compressor = zlib.compressobj(wbits=window)
    return lambda data: compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH), compressor.flush


def zstd_pieces():
    compressor = zstandard.ZstdCompressor().compressobj()
    return lambda data: compressor.compress(data) + compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK), compressor.flush


# What compresses a piece so that it can be read at once, and what ends the whole.
CODINGS = {"gzip": lambda: zlib_pieces(31), "deflate": lambda: zlib_pieces(15), "br": brotli_pieces, "zstd": zstd_pieces}

WORDS = ["one ", "two ", "three"]
EVENTS = [delta(word) for word in WORDS] + [delta("", finish_reason="stop"), DONE]


@pytest.fixture(scope="module", params=CODINGS)
def coding(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def upstream(coding):
    def answer(seen, reply):
        compress, finish = CODINGS[coding]()
        if not seen.json.get("stream"):
            return reply.send(body=compress(json.dumps(completion("hi")).encode()) + finish(), content_type="application/json", content_encoding=coding)
        reply.raw(f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: {coding}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
        for event in EVENTS:
            reply.chunk(compress(event))
        if last := finish():
            reply.chunk(last)
        reply.end()

    with Upstream(answer) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(upstream):
    guard = {"name": "guard", "content_moderation": {"words": ["two"], "action": "redact", "replace_with": "<*>"}}
    routes = [{"name": "judged", "match": {"model": "judged"}, "backends": [{"cluster": "up"}], "filters": [guard]}, {"name": "rest", "backends": [{"cluster": "up"}]}]
    with Gateway(proxy_config({"up": upstream.cluster()}, routes=routes)) as gateway:
        yield gateway


def test_whole_answers_and_streams_come_plain(gateway):
    whole = gateway.chat("plain")
    assert whole.json()["choices"][0]["message"]["content"] == "hi" and "content-encoding" not in whole.headers
    stream = gateway.chat("plain", stream=True)
    assert stream.content == b"".join(EVENTS) and "content-encoding" not in stream.headers
    assert gateway.access_of("/v1/chat/completions")[0]["usage"]["input"] == 7


def test_they_are_translated(gateway):
    asked = {"model": "plain", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    assert gateway.post("/v1/messages", asked).json()["content"] == [{"type": "text", "text": "hi"}]
    stream = gateway.post("/v1/messages", {**asked, "stream": True}).text
    assert all(json.dumps(word) in stream for word in WORDS) and "message_stop" in stream


def test_they_are_judged(gateway):
    assert "two" not in (stream := gateway.chat("judged", stream=True).text) and "<*>" in stream and "[DONE]" in stream


def test_events_leave_as_they_come(coding):
    """None waits for the next: the upstream sends the second only once the client has the first."""
    compress, _ = CODINGS[coding]()

    def answer(seen, reply):
        reply.raw(f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: {coding}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
        reply.chunk(compress(EVENTS[0]))
        assert reply.gone(10), "the client got the first event and left"

    body = json.dumps({"model": "m", "stream": True, "messages": []})
    with Upstream(answer) as upstream, Gateway(proxy_config({"up": upstream.cluster()})) as gateway, gateway.wire() as wire:
        wire.send(f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        wire.head()
        assert b"one " in wire.chunk()


@pytest.mark.parametrize("body", [b"no gzip at all", gzip.compress(json.dumps(completion()).encode())[:-12]], ids=["garbage", "cut"])
def test_what_is_not_what_it_says_is_a_clear_error(body):
    with Upstream(lambda seen, reply: reply.send(body=body, content_type="application/json", content_encoding="gzip")) as upstream:
        with Gateway(proxy_config({"up": upstream.cluster()}, filters=[{"name": "guard", "content_moderation": {"words": ["x"]}}])) as gateway:
            answer = gateway.chat()
            assert answer.status_code == 502, answer.text
            assert "content-encoding" in gateway.access_of("/v1/chat/completions")[0]["error"]
