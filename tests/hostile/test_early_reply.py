"""T-H1-2: a body that nobody read never becomes the next request of its connection."""

import random

import pytest

from support.gateway import Gateway, proxy_config
from support.upstream import Reply, Seen, Upstream
from support.wire import Incomplete, Wire, request

MARKER = "/marker-of-a-body"
SMUGGLED = f"GET {MARKER} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer demo\r\n\r\n".encode()
KEYS = [{"key": "demo", "principal": "demo"}]


def echo(seen: Seen, reply: Reply):
    reply.send(200, seen.get("x-number").encode())


class Hasty(Upstream):
    """Answers as soon as the head is there and closes, the body unread."""

    def _converse(self, connection, number):
        data = b""
        while b"\r\n\r\n" not in data:
            part = connection.recv(4096)
            if not part:
                return
            data += part
        lines = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        self.requests.append(Seen(method, target, list(fields.items()), b"", number))
        Reply(connection).send(200, fields["x-number"].encode(), connection="close")


def bodies(seed: int):
    """Bodies full of smuggled requests, from less than a packet to more than any buffer; the numbers make them differ."""
    draw = random.Random(seed)
    while True:
        yield SMUGGLED * draw.choice([1, 1, 2, 20, 200, 2000])


def mixed(gateway: Gateway, total: int, unauthorised_share: float = 0.5):
    """Sends requests over connections that are used as long as they last; each answer must be that of its own request."""
    draw, body = random.Random(7), bodies(7)
    wire = None
    for number in range(total):
        denied = draw.random() < unauthorised_share
        wire = wire or gateway.wire()
        key = "wrong" if denied else "demo"
        fields = {"authorization": f"Bearer {key}", "x_number": str(number), "x_request_id": f"n-{number}"}
        wire = ask(wire, fields, next(body), number, denied)


def ask(wire: Wire, fields: dict, body: bytes, number: int, denied: bool) -> Wire | None:
    """One exchange; returns the connection if it can be used again. It may end at any point, but never answer another request."""
    try:
        wire.send(request("POST", "/own", body, **fields))
    except ConnectionError:
        pass  # refused before it was sent whole; the answer may still be there
    try:
        answer = wire.response()
    except (Incomplete, ConnectionError):
        wire.close()
        return None
    assert answer.get("x-request-id") == f"n-{number}", f"request {number} got the answer of another"
    assert answer.status in ((401,) if denied else (200, 502))
    if answer.status == 200:
        assert answer.body == str(number).encode(), f"request {number} got the body of another"
    if answer.get("connection") == "close":
        wire.close()
        return None
    return wire


@pytest.mark.parametrize("upstream_class", [Upstream, Hasty], ids=["patient", "hasty"])
def test_t_h1_2_unread_bodies_are_never_requests(upstream_class, count):
    with upstream_class(answer=echo) as upstream:
        config = proxy_config(
            {"a": {"provider": "http", "endpoint": upstream.url}},
            filters=[{"auth_filter": {"api_keys": {"keys": KEYS}}}],
        )
        with Gateway(config) as gateway:
            mixed(gateway, count(1_000, 100_000))
            assert not [line for line in gateway.access if line["path"] == MARKER]
        assert {seen.target for seen in upstream.requests} == {"/own"}


def test_t_h1_2_denied_body_is_drained_or_closed():
    """Past 64 KiB unread the connection ends rather than being read to its end."""
    config = proxy_config({"a": {"provider": "mock"}}, filters=[{"auth_filter": {"api_keys": {"keys": KEYS}}}])
    with Gateway(config) as gateway, gateway.wire() as wire:
        wire.send("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 30000000\r\n\r\n")
        assert wire.response().status == 401
        sent = 0
        try:
            for _ in range(400):
                wire.send(b"x" * 65536)
                sent += 65536
        except OSError:
            pass
        assert sent < 20_000_000, "the gateway reads bodies that it has refused"
