"""A worker process with sync hooks: docs/worker-protocol.md, read from the gateway's end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import time

import pytest
from gateway import ANSWER, CALL, CANCEL, CTX, FAIL, HELLO, NOTE, PATIENCE, READY, RETURN, STOP, Closed, Worker

pytestmark = pytest.mark.usefixtures("side")

TEXT = {
    "id": 0,
    "role": "user",
    "kind": "text",
    "content": "grün 555-1234",
    "start": 0,
    "released": 0,
    "complete": True,
    "new_turn": True,
}

GUARD = """
    from tidegate import *

    class Guard(Plugin):
        def configure(self, config):
            self.words = config.get("words", [])

        def moderate_input(self, ctx, texts):
            for text in texts:
                for word in self.words:
                    at = text.content.find(word)
                    if at >= 0:
                        return redact(text.edit(at, at + len(word)), findings=Finding("word", text=text))
"""


@pytest.fixture
def worker(package):
    started = []

    def start(source: str, **hello) -> Worker:
        started.append(Worker(package(source), **hello))
        return started[-1]

    yield start
    for one in started:
        one.__exit__()


def test_ready_tells_what_is_subscribed(worker):
    guard = worker(GUARD, hooks=["moderate_input"], config={"words": ["555"]})
    assert guard.ready() == {
        "hooks": ["moderate_input"],
        "headers": "whole",
        "request_body": "nothing",
        "response_body": "nothing",
        "body_digest": False,
        "windows": None,
        "dialects": [],
        "concurrency": 1,
        "descriptors": True,
    }


def test_calls_are_answered(worker):
    guard = worker(GUARD, hooks=["moderate_input"], config={"words": ["555"]})
    guard.ready()
    assert guard.returned("moderate_input", texts=[TEXT]) == {
        "judgement": {"edit": [{"id": 0, "start": 6, "end": 9, "replacement": "***"}]},
        "findings": [{"category": "word", "score": None, "text": 0, "detail": ""}],
    }
    assert guard.returned("moderate_input", texts=[]) is None
    assert guard.stop() == ("", "")


def test_every_hook_is_given_what_it_is_told(worker):
    echo = worker(
        """
        from tidegate import *

        class Echo(Plugin):
            def authenticate(self, ctx, head):
                return grant(f"{head.method} {head.headers['x-a']} {head.client.names} {head.body_sha256.hex()}")
            def admit(self, ctx, estimate):
                return admit(f"{estimate.input} {ctx.principal.attributes}")
            def settle(self, ctx, ticket, actual):
                ctx.log.info(f"{ticket} {actual.output}")
            def transform_request(self, ctx, headers, body):
                return changed(set={"/fields": list(body.fields)})
            def transform_upstream(self, ctx, headers, body):
                return changed(replace=body.json())
            def transform_response(self, ctx, status, headers, body):
                return reply(status, body.media_type)
            def transform_event(self, ctx, event):
                return replace(Event([event.name, event.data])) if event.data else drop()
            def moderate_input(self, ctx, texts):
                return block(texts[0].content)
            def moderate_output(self, ctx, texts, last):
                return allow(hold=3 if last is False else None)
            def completed(self, ctx, outcome):
                ctx.log.error(outcome.error, cluster=outcome.cluster)
        """
    )
    assert len(echo.ready()["hooks"]) == 10
    head = {"method": "GET", "headers": [["x-a", "b"]], "client": {"names": ["n"]}, "body_sha256": "00ff"}
    assert echo.returned("authenticate", head=head)["allow"]["principal"]["id"] == "GET b ['n'] 00ff"
    assert echo.returned("admit", estimate={"input": 5}) == {"admitted": "5 {'team': 'blue'}"}
    id = echo.begin("settle", ticket="t", actual={"output": 7})
    note, answer = echo.receive(), echo.receive()
    assert (note.kind, note.id, note.meta["log"]["message"]) == (NOTE, id, "t 7")
    assert (answer.kind, answer.meta) == (RETURN, None)
    fields = {"fields": {"/a": 1, "/b": None}}
    edits = echo.returned("transform_request", headers=[], body=fields)["changed"]["edits"]
    assert edits == [{"set": {"pointer": "/fields", "value": ["/a", "/b"]}}]
    frame = echo.call("transform_upstream", b'{"x": "\xc3\xa4"}', headers=[], body="whole")
    assert (frame.meta, frame.body) == ({"changed": {"replace": True}}, '{"x":"ä"}'.encode())
    frame = echo.call("transform_response", status=502, headers=[], body={"opaque": "text/html"})
    assert (frame.meta, frame.body) == ({"reply": {"status": 502, "headers": []}}, b"text/html")
    events = [{"name": "n", "data": '{"a": 1}'}, {"name": None, "data": "0"}]
    assert echo.returned("transform_event", events=events) == [
        {"replace": [{"name": None, "data": '["n",{"a":1}]'}]},
        "drop",
    ]
    assert echo.returned("moderate_input", texts=[TEXT])["judgement"] == {"block": "grün 555-1234"}
    assert echo.returned("moderate_output", texts=[TEXT], last=False)["hold"] == [[0, 3]]
    echo.begin("completed", outcome={"status": 500, "error": "broken", "cluster": "c"})
    log = echo.receive().meta["log"]
    assert (log["level"], log["message"], log["fields"]) == ("error", "broken", [["cluster", "c"]])
    assert echo.receive().meta is None


def test_services_are_asked_one_after_the_other(worker):
    asking = worker(
        """
        from tidegate import *

        class Asking(Plugin):
            def moderate_input(self, ctx, texts):
                found = [
                    ctx.attribute("path"),
                    ctx.state.get("n"), ctx.state.set("n", b"\\xff"),
                    ctx.secrets.get("token"),
                    ctx.kv.get("k"), ctx.kv.set("k", "ä", ttl_ms=5, if_version=0), ctx.kv.delete("k"), ctx.kv.increment("i"),
                ]
                ctx.metrics.count("hits", 2, model="m")
                ctx.metrics.observe("size", 0.5)
                replies = ctx.http.send([Request("https://a/", "PUT", body="xy", timeout_ms=9), Request("https://b/")])
                return block(repr(found) + repr([getattr(reply, "body", reply) for reply in replies]))
        """
    )
    asking.ready()
    call = asking.begin("moderate_input", texts=[])

    def expect(service, ok, body=b"", sent=b"", **meta):
        ask = asking.asked(service)
        assert ask.meta == {"service": service, "call": call, **meta}
        assert ask.body == sent
        asking.answer(ask, ok, body)
        return ask.id

    ids = [
        expect("attribute", "/v1", name="path"),
        expect("note", True, b"\x00", key="n"),
        expect("set_note", None, sent=b"\xff", key="n"),
        expect("secret", "s3cr3t", name="token"),
        expect("kv_get", {"version": 4}, b"v", key="k"),
        expect("kv_set", 5, sent="ä".encode(), key="k", ttl_ms=5, if_version=0),
        expect("kv_delete", True, key="k"),
        expect("kv_increment", 1, key="i", by=1, ttl_ms=None),
    ]
    assert asking.receive().meta == {"count": {"name": "hits", "by": 2.0, "labels": [["model", "m"]]}}
    assert asking.receive().meta == {"observe": {"name": "size", "value": 0.5, "labels": []}}
    ask = asking.asked("http")
    assert ask.body == b"xy"
    assert ask.meta["requests"] == [
        {"method": "PUT", "url": "https://a/", "headers": [], "length": 2, "timeout_ms": 9},
        {"method": "GET", "url": "https://b/", "headers": [], "length": 0, "timeout_ms": None},
    ]
    ok = [{"error": {"kind": "timeout", "message": "late"}}, {"ok": {"status": 200, "headers": [], "length": 3}}]
    asking.answer(ask, ok, b"abc")
    assert len({*ids, ask.id}) == 9
    found = "['/v1', b'\\x00', None, 's3cr3t', Entry(value=b'v', version=4), 5, True, 1][Timeout('late'), b'abc']"
    assert asking.receive().meta["judgement"]["block"] == found


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("denied", "Denied"),
        ("too_large", "TooLarge"),
        ("timeout", "Timeout"),
        ("full", "Full"),
        ("unavailable", "Unavailable"),
        ("failed", "Failed"),
        ("of a later version", "Failed"),
    ],
)
def test_errors_of_services_are_exceptions(worker, kind, name):
    asking = worker(
        """
        from tidegate import *

        class Asking(Plugin):
            def moderate_input(self, ctx, texts):
                try:
                    ctx.kv.get("k")
                except ServiceError as error:
                    return block(f"{type(error).__name__} {error}")
        """
    )
    asking.ready()
    asking.begin("moderate_input", texts=[])
    asking.send(ANSWER, asking.asked("kv_get").id, {"error": {"kind": kind, "message": "why"}})
    assert asking.receive().meta["judgement"]["block"] == f"{name} why"


def test_an_error_that_nobody_catches_is_a_failure(worker):
    asking = worker(
        """
        from tidegate import *

        class Asking(Plugin):
            def moderate_input(self, ctx, texts):
                ctx.http.get("https://a/")
        """
    )
    asking.ready()
    asking.begin("moderate_input", texts=[])
    asking.answer(asking.asked("http"), [{"error": {"kind": "denied", "message": "not granted"}}])
    frame = asking.receive()
    assert (frame.kind, frame.meta["error"]) == (FAIL, "plugin.py:6: Denied: not granted")


def test_what_a_service_cannot_take_never_leaves(worker):
    asking = worker(
        """
        from tidegate import *

        class Asking(Plugin):
            def moderate_input(self, ctx, texts):
                wrong = [
                    lambda: ctx.kv.set("k", 1), lambda: ctx.kv.set(1, "v"), lambda: ctx.kv.set("k", "v", ttl_ms=-1),
                    lambda: ctx.kv.increment("k", 1.5), lambda: ctx.kv.increment("k", 2**63), lambda: ctx.kv.get(None),
                    lambda: ctx.kv.set("k", b"x" * 2_000_000), lambda: ctx.metrics.count("n", float("nan")),
                    lambda: ctx.metrics.count("n", "1"), lambda: ctx.http.send(["https://a/"]), lambda: Request(1),
                    lambda: ctx.state.set("\\ud800", b""),
                ]
                names = []
                for ask in wrong:
                    try:
                        ask()
                    except Exception as error:
                        names.append(type(error).__name__)
                return block(" ".join(names))
        """
    )
    asking.ready()
    names = asking.returned("moderate_input", texts=[])["judgement"]["block"].split()
    assert names == [
        "TypeError", "TypeError", "ValueError", "TypeError", "ValueError", "TypeError", "TooLarge", "ValueError", "TypeError",
        "TypeError", "TypeError", "UnicodeEncodeError",
    ]  # fmt: skip


def test_what_comes_while_it_waits_is_kept(worker):
    asking = worker(
        """
        from tidegate import *

        class Asking(Plugin):
            def moderate_input(self, ctx, texts):
                return block(ctx.attribute("path")) if texts else None
        """
    )
    asking.ready()
    first = asking.begin("moderate_input", texts=[TEXT])
    ask = asking.asked("attribute")
    asking.send(99, 1, {"of": "a later version"})
    second = asking.begin("moderate_input", texts=[])
    asking.send(ANSWER, ask.id + 1000, {"ok": "of somebody else"})
    asking.send(STOP, 0, None)
    asking.answer(ask, "/v1")
    answers = [asking.receive(), asking.receive()]
    assert [(frame.id, frame.meta) for frame in answers] == [(first, {"judgement": {"block": "/v1"}}), (second, None)]
    assert asking.ended()[0] == 0


def test_threads_of_a_hook_may_ask_at_once(worker):
    asking = worker(
        """
        from concurrent.futures import ThreadPoolExecutor
        from tidegate import *

        class Asking(Plugin):
            def moderate_input(self, ctx, texts):
                with ThreadPoolExecutor(4) as pool:
                    return block(" ".join(str(n) for n in pool.map(ctx.kv.increment, "abcdefgh")))
        """
    )
    asking.ready()
    asking.begin("moderate_input", texts=[])
    for _ in range(8):
        ask = asking.asked("kv_increment")
        asking.answer(ask, ord(ask.meta["key"]))
    assert asking.receive().meta["judgement"]["block"] == "97 98 99 100 101 102 103 104"


def test_a_cancelled_call_ends_at_its_service(worker):
    asking = worker(
        """
        from tidegate import *

        class Asking(Plugin):
            def moderate_input(self, ctx, texts):
                try:
                    ctx.kv.get("k")
                except Exception:
                    return block("it is no exception that plugins catch")
        """
    )
    asking.ready()
    id = asking.begin("moderate_input", texts=[])
    ask = asking.asked("kv_get")
    asking.send(CANCEL, id, None)
    frame = asking.receive()
    assert (frame.kind, frame.id, frame.meta) == (FAIL, id, {"error": "cancelled"})
    asking.answer(ask, None)
    asking.begin("moderate_input", texts=[])
    asking.answer(asking.asked("kv_get"), None)
    assert asking.receive().meta is None
    assert asking.stop()[1] == ""


def test_a_cancel_that_comes_too_late_means_nothing(worker):
    guard = worker(GUARD, hooks=["moderate_input"])
    guard.ready()
    id = guard.begin("moderate_input", texts=[])
    assert guard.receive().kind == RETURN
    guard.send(CANCEL, id, None)
    assert guard.returned("moderate_input", texts=[]) is None


FAILING = """
    import os
    import sys
    from tidegate import *

    class Odd(Exception):
        def __str__(self):
            raise RuntimeError

    class Failing(Plugin):
        def moderate_input(self, ctx, texts):
            return eval(texts[0].content)

        def moderate_output(self, ctx, texts, last):
            helper(texts)

        def settle(self, ctx, ticket, actual):
            return ticket

    def helper(texts):
        raise ValueError("first line\\nsecond line")

    def throw(error):
        raise error
"""


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("1 / 0", "plugin.py:12: ZeroDivisionError: division by zero"),
        ("throw(KeyError('k'))", "plugin.py:24: KeyError: 'k'"),
        ("throw(SystemExit(3))", "plugin.py:24: SystemExit: 3"),
        ("throw(KeyboardInterrupt())", "plugin.py:24: KeyboardInterrupt"),
        ("throw(GeneratorExit())", "plugin.py:24: GeneratorExit"),
        ("throw(Odd())", "plugin.py:24: Odd"),
        ("throw(BaseException('a\\ud800b'))", "plugin.py:24: BaseException: a b"),
        ("[0] * (1 << 60)", "plugin.py:12: MemoryError"),
        ("'text'", 'TypeError: "moderate_input" returned a str; it may return allow, flag, redact or block, or None'),
        ("changed()", 'TypeError: "moderate_input" returned a Transform; it may return allow'),
        ("flag(Finding('a', score=float('nan')))", "ValueError: Out of range float values are not JSON compliant"),
        ("block('\\ud800')", "UnicodeEncodeError: "),
    ],
)
def test_what_a_hook_raises_is_one_line_and_no_end(worker, code, error):
    failing = worker(FAILING)
    failing.ready()
    text = failing.failed("moderate_input", texts=[{**TEXT, "content": code}])
    assert text.startswith(error), text
    assert failing.returned("moderate_input", texts=[{**TEXT, "content": "None"}]) is None
    said = failing.stop()[1]
    # What no line of the plugin raised has no traceback.
    assert said and ("Traceback" in said) == error.startswith("plugin.py:")
    assert "tidegate/" not in said


def test_a_traceback_shows_the_lines_of_the_plugin_alone(worker):
    failing = worker(
        """
        from tidegate import *

        class One(Plugin):
            def moderate_input(self, ctx, texts):
                try:
                    return self.wrong(texts)
                except ValueError as error:
                    raise KeyError("k") from error

            def wrong(self, texts):
                return redact(texts[0].edit(5, 2))
        """
    )
    failing.ready()
    assert failing.failed("moderate_input", texts=[TEXT]) == "plugin.py:9: KeyError: 'k'"
    said = failing.stop()[1]
    places = [line.split('"')[1].rpartition("/")[2] + line.split('"')[2].rstrip() for line in said.splitlines() if line.startswith("  File")]
    assert places == [
        "plugin.py, line 7, in moderate_input",
        "plugin.py, line 12, in wrong",
        "plugin.py, line 9, in moderate_input",
    ]
    assert "ValueError: " in said


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_stop_waits_for_no_thread_that_is_left(worker, kind):
    leaving = worker(
        f"""
        import atexit
        import threading
        import time
        from tidegate import *
        atexit.register(print, "goodbye", end="")

        class Leaving(Plugin):
            {kind} moderate_input(self, ctx, texts):
                threading.Thread(target=time.sleep, args=(1000,)).start()
        """
    )
    leaving.ready()
    leaving.returned("moderate_input", texts=[])
    assert leaving.stop() == ("goodbye", "")


def test_the_place_is_the_innermost_line_of_the_package(worker):
    failing = worker(FAILING)
    failing.ready()
    text = failing.failed("moderate_output", texts=[], last=True)
    assert text == "plugin.py:21: ValueError: first line second line"
    assert failing.failed("settle", ticket="t", actual={}).startswith(
        'TypeError: "settle" returned a str; it may return nothing'
    )


def test_a_long_error_is_cut(worker):
    failing = worker(FAILING)
    failing.ready()
    assert len(failing.failed("moderate_input", texts=[{**TEXT, "content": "throw(ValueError('x' * 1_000_000))"}])) == 1000


def test_a_context_does_not_outlive_its_call(worker):
    keeping = worker(
        """
        from tidegate import *

        class Keeping(Plugin):
            def moderate_input(self, ctx, texts):
                if not texts:
                    self.kept = ctx
                else:
                    self.kept.log.info("later")
                    self.kept.kv.get("k")
        """
    )
    keeping.ready()
    assert keeping.returned("moderate_input", texts=[]) is None
    keeping.begin("moderate_input", texts=[TEXT])
    note = keeping.receive()
    assert (note.kind, note.id) == (NOTE, 0)
    assert "services can be asked only while the hook, or configure, runs" in keeping.receive().meta["error"]


def test_secrets_and_the_store_can_be_asked_while_it_is_configured(worker):
    asking = worker(
        """
        from tidegate import *

        class Asking(Plugin):
            def configure(self, config):
                self.gateway.log.info("hello")
                self.token = self.gateway.secrets.get("token")
                self.count = self.gateway.kv.increment("starts")

            def moderate_input(self, ctx, texts):
                self.gateway.metrics.count("calls")
                return block(f"{self.token} {self.count}") if not texts else self.gateway.kv.get("k")
        """
    )
    asking.send(HELLO, 0, asking.hello_meta)
    note = asking.receive()
    assert (note.kind, note.id, note.meta["log"]["message"]) == (NOTE, 0, "hello")
    ask = asking.asked("secret")
    assert ask.meta == {"service": "secret", "call": 0, "name": "token"}
    asking.answer(ask, "t")
    asking.answer(asking.asked("kv_increment"), 3)
    assert asking.receive().kind == READY
    asking.begin("moderate_input", texts=[])
    assert asking.receive().id == 0
    assert asking.receive().meta["judgement"]["block"] == "t 3"
    asking.begin("moderate_input", texts=[TEXT])
    assert asking.receive().kind == NOTE
    assert "CallOver" in asking.receive().meta["error"]


def test_prints_are_lines_at_once(worker):
    printing = worker(
        """
        import sys
        from tidegate import *
        print("while it is imported", sys.argv)

        class Printing(Plugin):
            def moderate_input(self, ctx, texts):
                print("grün", "\\ud800")
                print("problem", file=sys.stderr)
        """
    )
    printing.ready()
    assert printing.process.stdout.readline() == b"while it is imported ['-c']\n"
    printing.returned("moderate_input", texts=[])
    assert printing.process.stdout.readline() == "grün \\ud800\n".encode()
    assert printing.said() == "problem\n"


def test_standard_input_is_empty(worker):
    reading = worker(
        """
        import sys
        from tidegate import *

        class Reading(Plugin):
            def moderate_input(self, ctx, texts):
                return block(repr(sys.stdin.read()))
        """
    )
    reading.ready()
    assert reading.returned("moderate_input", texts=[])["judgement"]["block"] == "''"


WHOLE = """
    import hashlib
    from tidegate import *

    class Whole(Plugin):
        def transform_request(self, ctx, headers, body):
            return reply(200, hashlib.sha256(body.text.encode()).hexdigest() + f" {len(body.text)}")
"""


def test_large_bodies_come_as_descriptors(worker):
    import hashlib

    whole = worker(WHOLE)
    assert whole.ready()["descriptors"] is True
    for size in (65_537, 1_000_000, 20_000_000):
        body = b'"' + os.urandom(size // 2).hex().encode() + b'"'
        whole.send_descriptor(CALL, 900 + size, {"hook": "transform_request", "ctx": CTX, "body": "whole"}, body)
        frame = whole.receive()
        assert frame.body.decode() == f"{hashlib.sha256(body).hexdigest()} {len(body)}"
    assert whole.call("transform_request", b'"x"', body="whole").body.endswith(b" 3")
    links = [os.readlink(f"/proc/{whole.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{whole.process.pid}/fd")]
    assert not any("memfd" in link for link in links)


def test_huge_frames_come_through_the_stream(worker):
    whole = worker(WHOLE)
    whole.ready()
    body = b'"' + b"x" * 30_000_000 + b'"'
    assert whole.call("transform_request", body, body="whole").body.endswith(b" 30000002")
    guard = worker(GUARD, config={"words": ["needle"]})
    guard.ready()
    texts = [{**TEXT, "id": n, "content": "ä" * 500_000 + "needle"} for n in range(10)]
    edit = guard.returned("moderate_input", texts=texts)["judgement"]["edit"][0]
    assert (edit["start"], edit["end"]) == (1_000_000, 1_000_006)


def test_large_verdicts_leave_whole(worker):
    large = worker(
        """
        from tidegate import *

        class Large(Plugin):
            def transform_request(self, ctx, headers, body):
                return changed(replace={"a": "ä" * 2_000_000})
        """
    )
    large.ready()
    assert len(large.call("transform_request", body="absent").body) == 4_000_008


@pytest.mark.parametrize(
    "garbage",
    [b"\0" * 16, struct.pack("<IBBHII", 13, CALL, 0, 0, 1, 1) + b"{"],
    ids=["zeros", "json"],
)
def test_garbage_ends_the_worker(worker, garbage):
    guard = worker(GUARD, hooks=["moderate_input"])
    guard.ready()
    guard.socket.sendall(garbage)
    status, said = guard.ended()
    assert status == 1 and said.startswith("tidegate worker: ")


def test_half_a_frame_is_no_frame(worker):
    guard = worker(GUARD, hooks=["moderate_input"])
    guard.ready()
    guard.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
    guard.socket.shutdown(socket.SHUT_WR)
    assert guard.ended() == (0, "")


def test_a_first_frame_that_is_no_hello_ends_the_worker(worker):
    guard = worker(GUARD)
    guard.send(STOP, 0, None)
    assert guard.ended() == (1, "tidegate worker: the first frame is no hello\n")


SPINNING = """
    import threading
    import time
    from tidegate import *

    class Spinning(Plugin):
        def configure(self, config):
            print("here")
            if config.get("configure"):
                time.sleep(1000)

        def moderate_input(self, ctx, texts):
            ctx.log.info("here")
            if texts:
                while True:
                    pass
            time.sleep(1000)

        def admit(self, ctx, estimate):
            thread = threading.Thread(target=time.sleep, args=(1000,))
            thread.start()
"""


@pytest.mark.parametrize("texts", [[], [TEXT]], ids=["sleeping", "spinning"])
def test_the_end_of_the_stream_ends_a_hook(worker, texts):
    spinning = worker(SPINNING)
    spinning.ready()
    spinning.begin("moderate_input", texts=texts)
    assert spinning.receive().kind == NOTE
    began = time.monotonic()
    spinning.socket.close()
    assert spinning.process.wait(PATIENCE) == 0
    assert time.monotonic() - began < 5


def test_the_end_of_the_stream_ends_whatever_else(worker):
    idle = worker(SPINNING)
    idle.ready()
    idle.socket.close()
    assert idle.process.wait(PATIENCE) == 0
    configuring = worker(SPINNING, config={"configure": True})
    configuring.send(HELLO, 0, configuring.hello_meta)
    assert configuring.process.stdout.readline() == b"here\n"
    configuring.socket.close()
    assert configuring.process.wait(PATIENCE) == 0
    threaded = worker(SPINNING)
    threaded.ready()
    threaded.returned("admit", estimate={})
    threaded.socket.close()
    assert threaded.process.wait(PATIENCE) == 0


def test_a_signal_of_the_keyboard_ends_no_call_in_silence(worker):
    spinning = worker(SPINNING)
    spinning.ready()
    spinning.begin("moderate_input", texts=[])
    assert spinning.receive().kind == NOTE
    spinning.process.send_signal(signal.SIGINT)
    frame = spinning.receive()
    assert (frame.kind, "KeyboardInterrupt" in frame.meta["error"]) == (FAIL, True)


def test_what_a_plugin_starts_does_not_hold_the_connection(worker):
    starting = worker(
        """
        import subprocess
        from tidegate import *

        class Starting(Plugin):
            def moderate_input(self, ctx, texts):
                self.child = subprocess.Popen(["sleep", "1000"], close_fds=False)
                return block(str(self.child.pid))
        """
    )
    starting.ready()
    child = int(starting.returned("moderate_input", texts=[])["judgement"]["block"])
    try:
        for fd in os.listdir(f"/proc/{child}/fd"):
            # What it opens while it starts may be closed by now.
            with contextlib.suppress(FileNotFoundError):
                assert not os.readlink(f"/proc/{child}/fd/{fd}").startswith("socket:")
        starting.process.kill()
        with pytest.raises(Closed):
            starting.receive()
    finally:
        os.kill(child, signal.SIGKILL)


def test_stop_runs_what_the_plugin_registered(worker):
    leaving = worker(
        """
        import atexit
        from tidegate import *
        atexit.register(print, "goodbye")

        class Leaving(Plugin):
            def moderate_input(self, ctx, texts):
                pass
        """
    )
    leaving.ready()
    assert leaving.stop() == ("goodbye\n", "")


def test_an_unknown_hook_is_a_failure(worker):
    guard = worker(GUARD, hooks=["moderate_input"])
    guard.ready()
    assert guard.failed("admit", estimate={}) == "KeyError: 'admit'"
    assert guard.process.poll() is None


def test_without_a_socket_it_says_who_starts_workers():
    import subprocess
    import sys

    from gateway import SDK, START

    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", START, SDK], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert run.returncode == 1
    assert "the gateway starts workers" in run.stderr


def test_threads_of_a_plugin_are_small(worker):
    threaded = worker(
        """
        import resource
        import threading
        from tidegate import *

        class Threaded(Plugin):
            def moderate_input(self, ctx, texts):
                # As the gateway does once the worker is ready: RLIMIT_DATA counts the stacks of threads.
                with open("/proc/self/statm") as facts:
                    data = int(facts.read().split()[5]) * resource.getpagesize()
                most = data + (64 << 20)
                resource.setrlimit(resource.RLIMIT_DATA, (most, most))
                leave = threading.Event()
                threads = [threading.Thread(target=leave.wait) for _ in range(20)]
                for thread in threads:
                    thread.start()
                leave.set()
                for thread in threads:
                    thread.join()
                return block(str(len(threads)))
        """
    )
    threaded.ready()
    assert threaded.returned("moderate_input", texts=[])["judgement"]["block"] == "20"
