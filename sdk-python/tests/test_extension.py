"""The extension does what the modules in Python do, also with what hardly ever comes."""

from __future__ import annotations

import enum
import json
import math
import os
import random
import re
import resource
import socket
import struct
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gateway
import pytest
import sides
from gateway import ANSWER, CALL, CANCEL, CTX, HELLO, STOP, Worker

from tidegate import AsyncContext, Context, _extension, _version
from tidegate._dispatch.hooks import _WAYS

SDK = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def both():
    return sides.pure(), sides.extension()


def outcome(do: Any, *args: Any) -> Any:
    """What it gives, with types; or what it raises, with its text."""
    try:
        return shown(do(*args))
    except Exception as error:
        return type(error).__name__, str(error)


def shown(value: Any) -> Any:
    """A value with its types: 1 is no True, and -0.0 no 0."""
    if isinstance(value, dict):
        return [(shown(key), shown(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return [type(value), *(shown(item) for item in value)]
    return type(value), repr(value)


TEXTS = [
    '"ä🌲"', '""', '"\\u0000\\ud83c\\udf32\\/\\"\\\\\\b\\f\\n\\r\\t"', '"\\ud800"', '"\\udc00"', '"\\ud800\\u0041"',
    '"\\ud800x"', '"\\ud83c\\ud83c\\udf32"', '"\\u00g0"', '"\\u00"', '"\\x"', '"', '"\\', '"\n"', '"\x7f"', '"\ud800"', '"a',
    "'a'", "0", "-0", "-0.0", "01", "-", "+1", "1.", ".5", "1.5", "1e5", "1E+5", "1e-5", "1e", "1e+", "1e400", "-1e400",
    "5e-324", "0.1", "123456789.123456789", "9007199254740993.0", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "1" * 100, "1" * 5000, "1_000", "0x10", "NaN", "Infinity", "-Infinity",
    "nan", "true", "false", "null", "tru", "truex", "True", "nul", "[]", "[ ]", "[1,]", "[,1]", "[1 2]", "[1", "[1,", "]",
    "{}", "{ }", '{"a":1}', '{"a" : 1 , "b":2 }', '{"a":1,}', '{,}', '{"a"}', '{"a":}', "{1:2}", '{"a":1,"a":2,"b":3,"a":4}',
    '{"\\u0061":1,"a":2}', '{"a" 1}', '{"a":1', '{"a', "", " ", " 1 ", "\t\r\n1\n", "1 2", "\ufeff1", "1\x0c", "\xa01",
    "[" * 90 + "]" * 90, "[" * 101 + "]" * 101, "[" * 5000 + "]" * 5000, '{"a":' * 300 + "1" + "}" * 300,
    '{"' + "k" * 100 + '":1}',
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text)[:30])
def test_json_is_read_alike(both, text):
    pure, extension = both
    assert outcome(extension.loads, text) == outcome(pure.loads, text)


def test_only_text_is_read(both):
    pure, extension = both
    for value in (b"1", None, 1, bytearray(b"1")):
        assert outcome(extension.loads, value)[0] == outcome(pure.loads, value)[0]


class Words(str):
    pass


class Number(enum.IntEnum):
    ONE = 1


class Grade(float):
    def __repr__(self):
        return "grade"


RING: list[Any] = []
RING.append(RING)
DEEP: Any = 1
for _ in range(150):
    DEEP = [DEEP]

VALUES = [
    "", "ä🌲", '"\\/\b\f\n\r\t\x00\x1f\x7f\x80\u2028', "\ud800", "a\udc80b", Words("w"), 0, -1, 2**63 - 1, 2**63, -(2**63),
    -(2**63) - 1, 10**400, Number.ONE, True, False, None, 0.0, -0.0, 1.0, 1e16, 1e-7, 1.5e300, 5e-324, 0.1, math.pi, math.nan,
    math.inf, -math.inf, Grade(1.5), [], (), {}, [1, (2, [3])], (1,), {"a": {"b": [None]}}, {1: 2}, {1.5: 1},
    {None: 1, True: 2}, {"a": 1, 2: 3}, {(1, 2): 3}, {Words("k"): 1}, {"\ud800": 1}, {"\n": 1}, {1, 2}, b"bytes",
    bytearray(b"a"), object, DEEP, RING, [1, {"a": object}], range(3), {"a": [math.nan]}, "x" * 100_000, "\n" * 10_000,
    dict.fromkeys(map(str, range(1000)), 1),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(type(value).__name__))
def test_json_is_written_alike(both, value):
    pure, extension = both
    assert outcome(extension.dumps, value) == outcome(pure.dumps, value)


@pytest.mark.parametrize(
    "parts",
    [
        (5, 1, "{}"), (5, 1, "{}", b""), (255, 2**32 - 1, "ä", b"\x00\xff"), (256, 1, "{}"), (-1, 1, "{}"), (5, 2**32, "{}"),
        (5, -1, "{}"), (5, 1, "\ud800"), (5, 1, b"{}"), (5, 1, None), (5, 1, "{}", bytearray(b"a")), (5, 1, "{}", "text"),
        (5, 1, Words("{}")), (Number.ONE, True, "{}"), (1.5, 1, "{}"), (5, None, "{}"), (5, 1, "x" * 100_000, b"y" * 100_000),
    ],
    ids=lambda parts: ascii(parts)[:40],
)  # fmt: skip
def test_frames_are_written_alike(both, parts):
    pure, extension = both
    assert outcome(extension.frame, *parts) == outcome(pure.frame, *parts)


# What chance makes.


def made(chance: random.Random, depth: int = 0) -> Any:
    kinds = 6 if depth > 4 else 8
    match chance.randrange(kinds):
        case 0:
            return chance.choice([None, True, False])
        case 1:
            return chance.choice([0, 1, -1, chance.randrange(-(2**70), 2**70), chance.randrange(1000)])
        case 2:
            return chance.choice(
                [0.0, 0.5, chance.random(), chance.uniform(-1e300, 1e300), 10.0 ** chance.randrange(-320, 308)]
            )
        case 3 | 4 | 5:
            return word(chance)
        case 6:
            return [made(chance, depth + 1) for _ in range(chance.randrange(5))]
        case _:
            return {word(chance): made(chance, depth + 1) for _ in range(chance.randrange(5))}


def word(chance: random.Random) -> str:
    letters = 'abc"\\/\n\t\x00\x1f é€🌲\u2028'
    return "".join(chance.choice(letters) for _ in range(chance.choice([0, 1, 5, 30])))


@pytest.mark.parametrize("seed", range(20))
def test_what_chance_makes_of_json_is_alike(both, seed):
    pure, extension = both
    chance = random.Random(seed)
    for _ in range(200):
        value = made(chance)
        text = json.dumps(value, ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, 1]))
        assert outcome(extension.loads, text) == outcome(pure.loads, text)
        assert extension.dumps(value) == pure.dumps(value)
        at = chance.randrange(len(text))
        broken = text[:at] + chance.choice('{}[]",:0-.eE\\ \x01é') + text[at + chance.randrange(2) :]
        assert outcome(extension.loads, broken) == outcome(pure.loads, broken)


HOOKS = dict.fromkeys(gateway.HOOKS, Context) | {"admit": AsyncContext}
TEXT = {"id": 3, "role": "user", "kind": "text", "content": "ä", "start": 5, "released": 1, "complete": True, "new_turn": False}
PRINCIPAL: Any = CTX["principal"]

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("moderate_input", {"texts": [TEXT, TEXT]}),
    ("moderate_input", {}),
    ("moderate_input", {"texts": None}),
    ("moderate_input", {"texts": {}}),
    ("moderate_input", {"texts": [None]}),
    ("moderate_input", {"texts": [{}, {**TEXT, "id": None, "content": None, "complete": 0, "start": "", "later": [{"a": 1}]}]}),
    ("moderate_output", {"texts": [TEXT], "last": True}),
    ("transform_event", {"events": [{"name": "n", "data": '{"a":1}'}, {"name": None, "data": None}, {}, {"name": "", "x": 1}]}),
    ("transform_event", {"events": "text"}),
    ("transform_request", {"headers": [["a", "\u00e4"], ["a", "b"]], "body": {"fields": {"/a": [1.5, {"b": None}]}}}),
    ("transform_request", {"headers": [], "body": "whole"}),
    ("transform_request", {"headers": None, "body": "absent"}),
    ("transform_request", {"body": {"fields": {}}}),
    ("transform_request", {"headers": {"a": "b"}, "body": {"fields": None}}),
    ("transform_request", {"headers": "text", "body": {"fields": 0}}),
    ("transform_response", {"status": 502, "headers": [["a", "b"]], "body": {"opaque": "text/html"}}),
    ("transform_response", {"status": 502, "headers": [["a", "b"]], "body": {"opaque": None}}),
    ("transform_response", {"status": 502, "headers": [["a", "b"]], "body": {"opaque": 5}}),
    ("transform_upstream", {"headers": [], "body": []}),
    ("transform_upstream", {"headers": [], "body": {}}),
    ("admit", {"estimate": {"input": 5}}),
    ("authenticate", {"head": {"method": "GET", "headers": [["x-a", "b"]], "client": {"names": ["n"]}, "body_sha256": "00ff"}}),
    ("completed", {"outcome": {"status": 500, "usage": {"input": 1}, "findings": [{"category": "a"}]}}),
    ("of a later version", {"ctx": {}}),
    ("settle", {"ctx": None, "ticket": "t"}),
    ("settle", {"ctx": {}}),
    ("settle", {"ctx": []}),
    ("settle", {"ctx": "text"}),
    ("settle", {"ctx": {**CTX, "principal": None, "model": None, "attempt": None, "streaming": None, "deadline_ms": None}}),
    ("settle", {"ctx": {**CTX, "principal": {**PRINCIPAL, "attributes": None, "tenant": "t", "id": None}}}),
    ("settle", {"ctx": {**CTX, "principal": {**PRINCIPAL, "attributes": {"a": "b"}}}}),
    ("settle", {"ctx": {**CTX, "principal": {**PRINCIPAL, "attributes": [1]}}}),
    ("settle", {"ctx": {**CTX, "principal": {**PRINCIPAL, "attributes": [["a", "b"], ["a", "c"]]}}}),
    ("settle", {"ctx": {**CTX, "principal": []}}),
    (
        "settle",
        {"ctx": {**CTX, "route": 0, "model": "", "principal": {}, "dialect": ["x"], "attempt": 2**80, "later": "\ud800"}},
    ),
]


def read(side: sides.Side, stream: bytes) -> list[Any]:
    """The frames of a stream up to where it is no protocol, as hooks are given them."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10)
        reader = side.Reader(theirs)
        reader.expect(HOOKS)
        ours.sendall(stream)
        ours.shutdown(socket.SHUT_WR)
        seen: list[Any] = []
        while True:
            frame = outcome_of_read(reader)
            seen.append(given(*frame) if len(frame) == 4 else frame)
            if len(frame) != 4:
                return seen


def outcome_of_read(reader: Any) -> Any:
    try:
        return reader.read() or ("end",)
    except Exception as error:
        return type(error).__name__, str(error)


def given(kind: int, id: int, meta: dict[str, Any], body: bytes) -> Any:
    """What a hook is given of a frame, part by part."""
    if kind != CALL:
        return kind, id, shown(meta), body
    name = meta.get("hook")
    of_context = HOOKS.get(name, Context) if isinstance(name, str) else Context
    context = outcome(lambda: parts(of_context._of(meta.get("ctx"), "caller")))
    way = _WAYS.get(name) if isinstance(name, str) else None
    arguments = way and outcome(lambda: [parts(value) for value in way[0](meta, body)])
    return kind, id, shown(name), context, arguments, sorted(meta), body


def parts(value: Any) -> Any:
    """All slots of a value of the package."""
    if isinstance(value, list):
        return [parts(item) for item in value]
    if not type(value).__module__.startswith("tidegate"):
        return value
    slots = [slot for of in type(value).__mro__ for slot in getattr(of, "__slots__", ())]
    # Of the time that is left something has gone by.
    found = {slot: parts(getattr(value, slot)) for slot in slots if slot != "_until"}
    if "_until" in slots:
        found["deadline"] = value.deadline_ms // 1000 if value.deadline_ms % 1000 else value.deadline_ms // 1000 - 1
    return [type(value).__name__, found]


def stream_of(calls: list[tuple[str, dict[str, Any]]], **how: Any) -> bytes:
    """Frames of these calls, their JSON escaped or not."""
    frames = b""
    for id, (hook, told) in enumerate(calls):
        text = json.dumps({"hook": hook, "ctx": CTX, **told}, **how).encode("utf-8", "replace")
        body = b"body" * (id % 3)
        frames += struct.pack("<IBBHII", 12 + len(text) + len(body), CALL, 0, 0, id, len(text)) + text + body
    return frames


@pytest.mark.parametrize("call", CALLS, ids=lambda call: ascii(call[1])[:40])
def test_hooks_are_given_the_same(both, call):
    pure, extension = both
    for how in ({}, {"ensure_ascii": False}, {"indent": 2}):
        stream = stream_of([call], **how)
        assert read(extension, stream) == read(pure, stream)


def test_keys_come_in_any_order_and_twice(both):
    pure, extension = both
    texts = [
        {"ctx": CTX, "texts": [dict(reversed(TEXT.items()))], "hook": "moderate_input"},
        {"texts": [], "hook": "moderate_input", "ctx": dict(reversed(CTX.items()))},
        {"hook": None, "ctx": CTX},
        {"hook": ["moderate_input"], "ctx": CTX},
    ]
    metas = [json.dumps(text) for text in texts]
    metas += [
        '{"hook":"settle","hook":"admit","ctx":{"route":"a","route":"b"},"ctx":{"route":"c"}}',
        '{"hook":"admit","ctx":{"route":"a"},"hook":"settle"}',
        '{"h\\u006fok":"settle","ctx":{"r\\u006fute":"a","attempt":1}}',
        "null", "[]", "1", '"hook"', "{}", '{"hook":"settle","ctx":{"later":"\\ud800","route":"\\ud800"}}',
        '{"hook":"settle","ctx":{"later":NaN}}', '{"hook":"settle"} x', '{"hook":"settle"',
        '{"ctx":{"a":' + "[" * 200 + "]" * 200 + "}}",
    ]  # fmt: skip
    for meta in metas:
        text = meta.encode()
        stream = struct.pack("<IBBHII", 12 + len(text), CALL, 0, 0, 1, len(text)) + text
        assert read(extension, stream) == read(pure, stream), meta


def test_bytes_that_are_no_utf8_are_refused_wherever_they_stand(both):
    pure, extension = both
    text = json.dumps({"hook": "settle", "ctx": {**CTX, "later": {"key": "value"}}, "ticket": "t", "other": ["a"]}).encode()
    for at in range(len(text)):
        broken = text[:at] + b"\xff" + text[at + 1 :]
        stream = struct.pack("<IBBHII", 12 + len(text), CALL, 0, 0, 1, len(text)) + broken
        assert read(extension, stream) == read(pure, stream)


@pytest.mark.parametrize("seed", range(10))
def test_what_chance_makes_of_streams_is_alike(both, seed):
    pure, extension = both
    chance = random.Random(seed)
    for _ in range(60):
        stream = bytearray(stream_of(chance.sample(CALLS, 3)))
        for kind in chance.sample([HELLO, ANSWER, CANCEL, STOP, 99], 2):
            stream += gateway.encode(kind, chance.randrange(2**32), chance.choice([None, {"ok": made(chance)}]), os.urandom(3))
        for _ in range(chance.choice([0, 1, 1, 2])):
            stream[chance.randrange(len(stream))] = chance.choice([*b'{}[]",:\\ 01', chance.randrange(256)])
        assert read(extension, bytes(stream)) == read(pure, bytes(stream))


def test_a_socket_that_does_not_block_says_so(both):
    for side in both:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.setblocking(False)
            with pytest.raises(BlockingIOError) as raised:
                side.Reader(theirs).fill()
            assert raised.value.errno == 11


def test_errors_of_the_system_are_pythons(both):
    seen = []
    for side in both:
        ours, theirs = socket.socketpair()
        reader = side.Reader(theirs)
        descriptor = theirs.detach()
        os.close(descriptor)
        seen.append(outcome(reader.fill))
        ours.close()
    # The socket object knows that it was taken apart; what the system says is the same.
    assert seen[0] == seen[1] == ("OSError", "[Errno 9] Bad file descriptor")


# Which one is used.

GUARD = """
    from tidegate import *
    from tidegate import _extension

    class Guard(Plugin):
        def moderate_input(self, ctx, texts):
            return block(str(_extension.compiled is not None))
"""


def used(package: Any, extension: str | Path) -> tuple[str, str]:
    Worker.extension = extension
    try:
        with Worker(package(GUARD)) as worker:
            worker.ready()
            return worker.returned("moderate_input", texts=[])["judgement"]["block"], worker.stop()[1]
    finally:
        Worker.extension = "off"


def test_it_is_used_where_it_is_named(package):
    assert used(package, sides.extension_file()) == ("True", "")


def test_without_it_all_is_python(package):
    assert used(package, "off") == ("False", "")


@pytest.mark.parametrize("content", [None, b"", b"no library"])
def test_what_cannot_be_loaded_is_told_in_one_line(package, tmp_path, content):
    file = tmp_path / "other.abi3.so"
    if content is not None:
        file.write_bytes(content)
    is_used, said = used(package, file)
    assert is_used == "False"
    assert said.startswith("tidegate worker: its extension is not used: ") and said.count("\n") == 1 and str(file) in said


@pytest.mark.parametrize("versions", [("0.0.9", _version.PROTOCOL), (_version.VERSION, 99)])
def test_one_of_another_version_is_not_used(monkeypatch, versions):
    other = SimpleNamespace(VERSION=versions[0], PROTOCOL=versions[1])
    monkeypatch.setattr(_extension, "_loaded", lambda path: other)
    monkeypatch.setitem(sys._xoptions, "tidegate_worker", "/other.so")
    compiled, trouble = _extension._found()
    ours = f"{_version.VERSION} of {_version.PROTOCOL}"
    assert compiled is None
    assert trouble == f"it is version {versions[0]} of protocol {versions[1]}, and the package {ours}"


def test_all_that_is_released_together_has_one_version():
    module: Any = _extension.compiled or _extension._loaded(str(sides.extension_file()))
    files = [SDK / "pyproject.toml", SDK / "extension/Cargo.toml"]
    written = re.findall(r'^version = "(.+)"$', "\n".join(file.read_text() for file in files), re.MULTILINE)
    assert {module.VERSION, *written} == {_version.VERSION} and len(written) == 2
    assert module.PROTOCOL == _version.PROTOCOL


# What plugins do to a process.

FORKING = """
    import os
    from tidegate import *

    class Forking(Plugin):
        def moderate_input(self, ctx, texts):
            child = os.fork()
            if child == 0:
                text = texts[0].content
                os._exit(0 if replace(Event({"a": [1.5, text]})).meta else 1)
            return block(f"{os.waitpid(child, 0)[1]} {ctx.attribute('path')}")
"""

HUNGRY = """
    import resource
    from tidegate import *

    class Hungry(Plugin):
        def transform_request(self, ctx, headers, body):
            used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + 6_000_000, resource.RLIM_INFINITY))
            try:
                return reply(200, str(len(body.json())))
            finally:
                resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


def test_a_plugin_may_fork(side, package):
    with Worker(package(FORKING)) as worker:
        worker.ready()
        for _ in range(3):
            worker.begin("moderate_input", texts=[TEXT])
            worker.answer(worker.asked("attribute"), "/v1")
            assert worker.receive().meta["judgement"]["block"] == "0 /v1"
        assert worker.stop() == ("", "")


@pytest.mark.parametrize("item", [{"a": [{}]}, [[], 1.5], "x" * 500, 12345678901], ids=["dicts", "floats", "texts", "numbers"])
def test_too_little_memory_is_an_error_of_the_call(side, package, item):
    with Worker(package(HUNGRY)) as worker:
        worker.ready()
        body = json.dumps([item] * (4_000_000 // len(json.dumps(item)))).encode()
        assert worker.failed("transform_request", body, body="whole").split(": ")[1] == "MemoryError"
        assert worker.call("transform_request", b"[1, 2]", body="whole").body == b"2"


def test_no_memory_is_lost(both):
    _, extension = both
    stream = stream_of([call for call in CALLS if "later" not in str(call)])
    for _ in range(50):
        read(extension, stream)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(1000):
        read(extension, stream)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4096
