"""Requests whose framing or target two parsers could read differently, as raw bytes, with what must become of each."""

from dataclasses import dataclass

# What must become of a case. Whatever it is, nothing reaches the upstream that the gateway did not log.
REFUSED = "refused"  # 4xx or 5xx, connection closed, nothing forwarded
ONE = "one"  # one request forwarded, with the body of the case
TWO = "two"  # a well-formed pipeline
ONE_AT_MOST = "one at most"  # the RFC leaves the choice: forwarded once, in one clear framing, or refused
ONE_THEN_CLOSED = "one, then closed"  # one forwarded (or none), and the connection ends: what follows is not to be trusted
BROKEN_BODY = "broken body"  # the head was fine, the body is not: no whole request reaches the upstream, connection closed


@dataclass(frozen=True)
class Case:
    name: str
    raw: bytes
    expected: str
    body: bytes = b""
    half_close: bool = False

    def at(self, path: str) -> bytes:
        return self.raw.replace(b"{path}", path.encode())


SECOND = b"GET {path}/second HTTP/1.1\r\nHost: localhost\r\n\r\n"
ABC = b"3\r\nabc\r\n0\r\n\r\n"


def post(name: str, expected: str, *fields: bytes, body: bytes = b"", seen: bytes = b"", version=b"1.1", half_close=False) -> Case:
    head = b"POST {path} HTTP/" + version + b"\r\nHost: localhost\r\n" + b"".join(field + b"\r\n" for field in fields)
    return Case(name, head + b"\r\n" + body, expected, seen, half_close)


def raw(name: str, expected: str, head: bytes, seen: bytes = b"") -> Case:
    return Case(name, head, expected, seen)


def length(name: str, expected: str, *values: bytes, seen: bytes = b"") -> Case:
    """Each value in a field of its own, a body of three bytes, and a second request behind it."""
    fields = [b"Content-Length:" + value for value in values]
    return post(f"cl-{name}", expected, *fields, body=b"abc" + (SECOND if expected == REFUSED else b""), seen=seen)


def coding(name: str, expected: str, *values: bytes, seen: bytes = b"") -> Case:
    fields = [b"Transfer-Encoding:" + value for value in values]
    return post(f"te-{name}", expected, *fields, body=ABC + (SECOND if expected == REFUSED else b""), seen=seen)


def chunks(name: str, expected: str, body: bytes, seen: bytes = b"", half_close: bool = False) -> Case:
    return post(f"chunk-{name}", expected, b"Transfer-Encoding: chunked", body=body, seen=seen, half_close=half_close)


def field(name: str, expected: str, line: bytes) -> Case:
    return raw(f"field-{name}", expected, b"GET {path} HTTP/1.1\r\nHost: localhost\r\n" + line + b"\r\n\r\n")


def host(name: str, expected: str, *lines: bytes) -> Case:
    return raw(f"host-{name}", expected, b"GET {path} HTTP/1.1\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n")


def target(name: str, expected: str, line: bytes) -> Case:
    return raw(f"target-{name}", expected, line + b"\r\nHost: localhost\r\n\r\n")


LENGTHS = [
    length("plain", ONE, b" 3", seen=b"abc"),
    length("leading-zeros", ONE, b" 003", seen=b"abc"),
    length("tab", ONE, b"\t3\t", seen=b"abc"),
    length("twice-different", REFUSED, b" 3", b" 4"),
    length("twice-same", ONE_AT_MOST, b" 3", b" 3", seen=b"abc"),
    length("list-different", REFUSED, b" 3, 4"),
    length("list-same", REFUSED, b" 3, 3"),
    length("plus", REFUSED, b" +3"),
    length("minus", REFUSED, b" -3"),
    length("hex", REFUSED, b" 0x3"),
    length("fraction", REFUSED, b" 3.0"),
    length("two-numbers", REFUSED, b" 3 4"),
    length("underscore", REFUSED, b" 1_0"),
    length("letters", REFUSED, b" 3abc"),
    length("empty", REFUSED, b""),
    length("huge", REFUSED, b" 99999999999999999999999999"),
    length("vertical-tab", REFUSED, b" \x0b3"),
    length("nul", REFUSED, b" 3\x00"),
    post("cl-space-before-colon", REFUSED, b"Content-Length : 3", body=b"abc" + SECOND),
    post("cl-folded", REFUSED, b"Content-Length:\r\n 3", body=b"abc" + SECOND),
    post("cl-in-connection", ONE_AT_MOST, b"Connection: content-length", b"Content-Length: 3", body=b"abc", seen=b"abc"),
    post("cl-zero-with-body", TWO, b"Content-Length: 0", body=SECOND),
    post("cl-zero-with-junk", ONE_THEN_CLOSED, b"Content-Length: 0", body=b"JUNK\r\n\r\n"),
]
CODINGS = [
    coding("plain", ONE, b" chunked", seen=b"abc"),
    coding("upper-case", ONE_AT_MOST, b" Chunked", seen=b"abc"),
    coding("trailing-tab", ONE_AT_MOST, b" chunked\t", seen=b"abc"),
    coding("unknown", REFUSED, b" xchunked"),
    coding("identity", REFUSED, b" identity"),
    coding("chunked-identity", REFUSED, b" chunked, identity"),
    coding("gzip-chunked", REFUSED, b" gzip, chunked"),
    coding("chunked-twice", REFUSED, b" chunked, chunked"),
    coding("two-fields", REFUSED, b" chunked", b" chunked"),
    coding("two-fields-different", REFUSED, b" chunked", b" identity"),
    coding("quoted", REFUSED, b' "chunked"'),
    coding("leading-comma", REFUSED, b" ,chunked"),
    coding("trailing-comma", REFUSED, b" chunked,"),
    coding("parameter", REFUSED, b" chunked;q=1"),
    coding("vertical-tab", REFUSED, b" \x0bchunked"),
    coding("nul", REFUSED, b" chunked\x00"),
    coding("non-breaking-space", REFUSED, b" \xa0chunked"),
    coding("empty", REFUSED, b""),
    post("te-space-before-colon", REFUSED, b"Transfer-Encoding : chunked", body=ABC + SECOND),
    post("te-folded", REFUSED, b"Transfer-Encoding:\r\n chunked", body=ABC + SECOND),
    post("te-underscore", ONE_AT_MOST, b"Transfer_Encoding: chunked", b"Content-Length: 3", body=b"abc", seen=b"abc"),
    post("te-http10", REFUSED, b"Transfer-Encoding: chunked", body=ABC + SECOND, version=b"1.0"),
    post("te-in-connection", ONE_AT_MOST, b"Connection: transfer-encoding", b"Transfer-Encoding: chunked", body=ABC, seen=b"abc"),
    post("te-then-cl", ONE_THEN_CLOSED, b"Transfer-Encoding: chunked", b"Content-Length: 4", body=ABC + SECOND, seen=b"abc"),
    post("cl-then-te", ONE_THEN_CLOSED, b"Content-Length: 4", b"Transfer-Encoding: chunked", body=ABC + SECOND, seen=b"abc"),
    post("cl-then-te-unknown", REFUSED, b"Content-Length: 3", b"Transfer-Encoding: xchunked", body=b"abc" + SECOND),
]
CHUNKS = [
    chunks("extension", ONE, b"3;a=b\r\nabc\r\n0\r\n\r\n", seen=b"abc"),
    chunks("upper-case-size", ONE, b"A\r\nabcdefghij\r\n0\r\n\r\n", seen=b"abcdefghij"),
    chunks("pipeline", TWO, ABC + SECOND, seen=b"abc"),
    chunks("trailer", ONE, b"3\r\nabc\r\n0\r\nContent-Length: 50\r\nHost: evil\r\n\r\n", seen=b"abc"),
    chunks("lf-only", BROKEN_BODY, b"3\nabc\n0\n\n" + SECOND),
    chunks("lf-after-size", BROKEN_BODY, b"3\nabc\r\n0\r\n\r\n" + SECOND),
    chunks("lf-in-extension", BROKEN_BODY, b"3;a\nabc\r\n0\r\n\r\n" + SECOND),
    chunks("cr-in-extension", BROKEN_BODY, b"3;a\rb\nabc\r\n0\r\n\r\n" + SECOND),
    chunks("size-plus", BROKEN_BODY, b"+3\r\nabc\r\n0\r\n\r\n" + SECOND),
    chunks("size-hex-prefix", BROKEN_BODY, b"0x3\r\nabc\r\n0\r\n\r\n" + SECOND),
    chunks("size-minus", BROKEN_BODY, b"-1\r\nabc\r\n0\r\n\r\n" + SECOND),
    chunks("size-empty", BROKEN_BODY, b"\r\nabc\r\n0\r\n\r\n" + SECOND),
    chunks("size-underscore", BROKEN_BODY, b"0_3\r\nabc\r\n0\r\n\r\n" + SECOND),
    chunks("size-overflow", BROKEN_BODY, b"10000000000000003\r\nabc\r\n0\r\n\r\n" + SECOND),
    chunks("data-too-long", BROKEN_BODY, b"3\r\nabcd\r\n0\r\n\r\n" + SECOND),
    chunks("data-too-short", BROKEN_BODY, b"5\r\nabc\r\n0\r\n\r\n" + SECOND),
    chunks("cut", BROKEN_BODY, b"5\r\nab", half_close=True),
    chunks("no-last", BROKEN_BODY, b"3\r\nabc\r\n", half_close=True),
]
FIELDS = [
    field("nul", REFUSED, b"X: a\x00b"),
    field("cr", REFUSED, b"X: a\rb: c"),
    field("folded", REFUSED, b"X: a\r\n b"),
    field("space-in-name", REFUSED, b"X Y: a"),
    field("no-colon", REFUSED, b"XY"),
    field("no-name", REFUSED, b": a"),
    field("name-not-ascii", REFUSED, b"X\xe9: a"),
    field("lf-between", ONE_AT_MOST, b"X: a\nY: b"),
    raw("field-space-first", REFUSED, b"GET {path} HTTP/1.1\r\n X: a\r\nHost: localhost\r\n\r\n"),
]
HOSTS = [
    host("plain", ONE, b"Host: localhost:10000"),
    host("missing", REFUSED),
    host("twice", REFUSED, b"Host: localhost", b"Host: evil"),
    host("twice-same", REFUSED, b"Host: localhost", b"Host: localhost"),
    host("empty", REFUSED, b"Host:"),
    host("path", REFUSED, b"Host: localhost/#@evil"),
    host("user", REFUSED, b"Host: user@localhost"),
    host("space", REFUSED, b"Host: local host"),
    host("backslash", REFUSED, b"Host: localhost\\evil"),
    host("port-letters", REFUSED, b"Host: localhost:80a"),
    host("not-ascii", REFUSED, b"Host: localh\xf6st"),
]
TARGETS = [
    target("absolute", ONE, b"GET http://localhost{path} HTTP/1.1"),
    target("absolute-other-host", REFUSED, b"GET http://evil{path} HTTP/1.1"),
    target("absolute-user", REFUSED, b"GET http://user@localhost{path} HTTP/1.1"),
    target("authority", REFUSED, b"GET localhost:80 HTTP/1.1"),
    target("connect", REFUSED, b"CONNECT localhost:80 HTTP/1.1"),
    target("relative", REFUSED, b"GET evil{path} HTTP/1.1"),
    target("space", REFUSED, b"GET {path} /x HTTP/1.1"),
    target("method-not-a-token", REFUSED, b"GE(T {path} HTTP/1.1"),
    target("http-1.2", ONE_AT_MOST, b"GET {path} HTTP/1.2"),
    target("http-2.0", REFUSED, b"GET {path} HTTP/2.0"),
    target("http-lower-case", REFUSED, b"GET {path} http/1.1"),
    raw("target-http-0.9", REFUSED, b"GET {path}\r\n\r\n"),
    raw("target-empty-line-first", ONE, b"\r\nGET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    raw("pipeline", TWO, b"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n" + SECOND),
    raw("pipeline-after-close", ONE_THEN_CLOSED, b"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" + SECOND),
    raw("get-with-body", ONE, b"GET {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", seen=b"abc"),
]
CASES = LENGTHS + CODINGS + CHUNKS + FIELDS + HOSTS + TARGETS
