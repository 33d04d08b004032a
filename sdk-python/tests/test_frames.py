"""The codec: frames in pieces, large, strange and wrong."""

import contextlib
import json
import os
import random
import socket
import struct

import gateway
import pytest
import sides

from tidegate._worker.frames import CALL, RETURN, STOP, Garbage


@pytest.fixture(params=sides.BOTH)
def codec(request):
    return sides.of(request.param)


@pytest.fixture
def pair(codec):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, codec.Reader(theirs)


def read_all(reader):
    frames = []
    while reader.fill():
        while (taken := reader.take()) is not None:
            frames.append(taken)
    return frames


def test_a_frame_is_what_the_page_says(codec):
    made = codec.frame(RETURN, 7, '{"a":"ä"}', b"\x00\xff")
    assert made == struct.pack("<IBBHII", 12 + 10 + 2, 5, 0, 0, 7, 10) + '{"a":"ä"}'.encode() + b"\x00\xff"
    assert gateway.encode(RETURN, 7, {"a": "ä"}, b"\x00\xff")[4:16] == struct.pack("<BBHII", 5, 0, 0, 7, 11)


@pytest.mark.parametrize("piece", [1, 3, 16, 17, 5000])
def test_frames_come_in_pieces(pair, piece):
    ours, reader = pair
    sent = [(CALL, n, {"n": n, "t": "ä🌲" * n}, bytes([n]) * n) for n in range(60)]
    stream = b"".join(gateway.encode(kind, id, meta, body) for kind, id, meta, body in sent)
    frames = []
    for at in range(0, len(stream), piece):
        ours.sendall(stream[at : at + piece])
        assert reader.fill()
        while (taken := reader.take()) is not None:
            frames.append(taken)
    assert frames == sent


def test_frames_of_every_size_around_the_buffer(codec):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        reader, chance = codec.Reader(theirs), random.Random(1)
        sizes = [0, 1, 65000, 65519, 65520, 65521, 131072, 131073, 5, *(chance.randrange(200_000) for _ in range(30))]
        stream = b"".join(gateway.encode(CALL, n, {"n": n}, bytes([n % 256]) * size) for n, size in enumerate(sizes))
        ours.setblocking(False)
        seen = []
        while len(seen) < len(sizes):
            with contextlib.suppress(BlockingIOError):
                stream = stream[ours.send(stream[:90_000]) :]
            with contextlib.suppress(BlockingIOError):
                reader.fill()
            while (taken := reader.take()) is not None:
                seen.append(taken)
        assert [(id, meta["n"], len(body)) for _, id, meta, body in seen] == [(n, n, s) for n, s in enumerate(sizes)]


def test_a_length_alone_takes_no_memory(pair):
    ours, reader = pair
    ours.sendall(struct.pack("<IBBHII", 0xFFFFFFFF, CALL, 0, 0, 1, 100) + b"x" * 1000)
    assert reader.fill()
    assert reader.take() is None
    assert reader.room == 64 * 1024


def test_a_large_buffer_does_not_stay(pair):
    ours, reader = pair
    import threading

    sender = threading.Thread(target=ours.sendall, args=(gateway.encode(CALL, 1, {}, b"x" * 5_000_000),))
    sender.start()
    while (taken := reader.take()) is None:
        assert reader.fill()
    sender.join()
    assert len(taken[3]) == 5_000_000
    assert reader.room == 64 * 1024


def test_descriptors_belong_to_the_frames_that_speak_of_them(pair):
    ours, reader = pair

    def send(id, body, with_descriptor):
        if not with_descriptor:
            return ours.sendall(gateway.encode(CALL, id, {}, body))
        descriptor = os.memfd_create("body")
        os.write(descriptor, body)
        socket.send_fds(ours, [gateway.encode(CALL, id, {}, flags=1)], [descriptor])
        os.close(descriptor)

    before = set(os.listdir("/proc/self/fd"))
    bodies = [(b"small", False), (b"a" * 100_000, True), (b"b" * 70_000, True), (b"", False), (b"", True), (b"c", False)]
    for id, (body, with_descriptor) in enumerate(bodies):
        send(id, body, with_descriptor)
    ours.shutdown(socket.SHUT_WR)
    assert [body for _, _, _, body in read_all(reader)] == [body for body, _ in bodies]
    assert set(os.listdir("/proc/self/fd")) == before


def test_metas_of_nothing_are_empty(pair):
    ours, reader = pair
    ours.sendall(struct.pack("<IBBHII", 12, STOP, 0, 0, 0, 0) + gateway.encode(STOP, 0, None))
    ours.shutdown(socket.SHUT_WR)
    assert read_all(reader) == [(STOP, 0, {}, b""), (STOP, 0, {}, b"")]


def test_spaces_around_a_meta_are_json(pair):
    ours, reader = pair
    ours.sendall(struct.pack("<IBBHII", 12 + 12, CALL, 0, 0, 1, 12) + b' { "a" : 1 }')
    assert reader.fill()
    assert reader.take() == (CALL, 1, {"a": 1}, b"")


def test_unknown_kinds_are_not_even_read(pair):
    ours, reader = pair
    ours.sendall(struct.pack("<IBBHII", 12 + 3, 99, 0, 0, 1, 3) + b"\xff{{")
    assert reader.fill()
    assert reader.take() == (99, 1, {}, b"")


@pytest.mark.parametrize(
    "stream",
    [
        struct.pack("<IBBHII", 11, CALL, 0, 0, 1, 0),
        struct.pack("<IBBHII", 12, CALL, 0, 0, 1, 1),
        struct.pack("<IBBHII", 13, CALL, 0, 0, 1, 1) + b"{",
        struct.pack("<IBBHII", 13, CALL, 0, 0, 1, 1) + b"\xff",
        struct.pack("<IBBHII", 14, CALL, 0, 0, 1, 2) + b"[]",
        struct.pack("<IBBHII", 14, CALL, 1, 0, 1, 2) + b"{}",
        struct.pack("<IBBHII", 12 + 200_000, CALL, 0, 0, 1, 200_000) + b"[" * 200_000,
        b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
    ],
    ids=["length", "meta", "json", "utf8", "list", "descriptor", "deep", "http"],
)
def test_what_is_no_frame_is_refused(codec, stream):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reader = codec.Reader(theirs)
        with pytest.raises(Garbage):
            rest = stream
            for _ in range(100):
                rest = rest[ours.send(rest[:10_000]) :] if rest else rest
                if not rest:
                    ours.shutdown(socket.SHUT_WR)
                reader.fill()
                reader.take()
                if not rest:
                    raise Garbage("it is waited for, and the end comes") if stream[:4] == b"GET " else AssertionError


def test_bodies_keep_every_byte(pair):
    ours, reader = pair
    body = bytes(range(256)) * 3
    ours.sendall(gateway.encode(CALL, 1, json.loads('{"a": "\\u0000"}'), body))
    assert reader.fill()
    assert reader.take() == (CALL, 1, {"a": "\0"}, body)
