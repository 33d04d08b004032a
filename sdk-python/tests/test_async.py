"""A worker process with async hooks: many calls at once, and sync hooks beside them."""

from __future__ import annotations

import socket
import time

import pytest
from gateway import ANSWER, CALL, CANCEL, CTX, FAIL, NOTE, PATIENCE, RETURN, STOP, Worker

pytestmark = pytest.mark.usefixtures("side")


@pytest.fixture
def worker(package):
    started = []

    def start(source: str, **hello) -> Worker:
        started.append(Worker(package(source), **hello))
        return started[-1]

    yield start
    for one in started:
        one.__exit__()


WAITING = """
    import asyncio
    import time
    from tidegate import *

    class Waiting(Plugin):
        async def moderate_input(self, ctx, texts):
            await asyncio.sleep(float(ctx.model))
            return block(ctx.request_id)

        async def moderate_output(self, ctx, texts, last):
            entry = await ctx.kv.get(ctx.request_id)
            return block(entry.text)

        async def transform_event(self, ctx, event):
            await asyncio.sleep(0)
            return drop() if event.data else None

        def admit(self, ctx, estimate):
            if estimate.input:
                time.sleep(estimate.input)
            return admit(f"{ctx.kv.increment('n')} {ctx.attribute('path')}")
"""


def begin(worker: Worker, hook: str, request_id: str, model: str = "0", **told) -> int:
    ctx = {**CTX, "request_id": request_id, "model": model}
    return worker.begin(hook, **{"ctx": ctx, **told})


def test_it_takes_many_calls(worker):
    assert worker(WAITING).ready()["concurrency"] == 64


def test_only_subscribed_hooks_count(worker):
    configure = """
        def configure(self, config):
            return Subscription(["admit"])
    """
    narrowed = worker(WAITING + configure)
    assert narrowed.ready()["concurrency"] == 1


def test_slow_calls_overlap(worker):
    waiting = worker(WAITING)
    waiting.ready()
    began = time.monotonic()
    ids = [begin(waiting, "moderate_input", f"r{n}", "1") for n in range(30)]
    frames = [waiting.receive() for _ in ids]
    assert time.monotonic() - began < 15
    assert sorted((frame.id, frame.meta["judgement"]["block"]) for frame in frames) == [
        (id, f"r{n}") for n, id in enumerate(ids)
    ]


def test_answers_come_in_their_own_order(worker):
    waiting = worker(WAITING)
    waiting.ready()
    slow, fast = begin(waiting, "moderate_input", "slow", "0.5"), begin(waiting, "moderate_input", "fast")
    assert [waiting.receive().id, waiting.receive().id] == [fast, slow]


def test_asks_of_several_calls_interleave(worker):
    waiting = worker(WAITING)
    waiting.ready()
    ids = [begin(waiting, "moderate_output", f"r{n}") for n in range(3)]
    asks = [waiting.asked("kv_get") for _ in ids]
    assert [ask.meta["call"] for ask in asks] == ids
    assert len({ask.id for ask in asks}) == 3
    for ask in reversed(asks):
        waiting.answer(ask, {"version": 1}, ask.meta["key"].encode())
    frames = [waiting.receive() for _ in ids]
    assert sorted((frame.id, frame.meta["judgement"]["block"]) for frame in frames) == [
        (id, f"r{n}") for n, id in enumerate(ids)
    ]


def test_sync_hooks_do_not_hold_up_the_others(worker):
    waiting = worker(WAITING)
    waiting.ready()
    sleeping = waiting.begin("admit", estimate={"input": 1})
    assert waiting.returned("moderate_input", ctx={**CTX, "model": "0"})["judgement"] == {"block": "r-1"}
    ask = waiting.asked("kv_increment")
    assert ask.meta["call"] == sleeping
    waiting.answer(ask, 7)
    waiting.answer(waiting.asked("attribute"), "/v1")
    frame = waiting.receive()
    assert (frame.id, frame.meta) == (sleeping, {"admitted": "7 /v1"})


def test_more_sync_hooks_than_threads(worker):
    waiting = worker(WAITING)
    waiting.ready()
    ids = [waiting.begin("admit", estimate={}) for _ in range(20)]
    answered = {}
    while len(answered) < len(ids):
        frame = waiting.receive()
        if frame.kind == RETURN:
            answered[frame.id] = frame.meta
        else:
            waiting.answer(frame, frame.meta["call"] if frame.meta["service"] == "kv_increment" else "p")
    assert answered == {id: {"admitted": f"{id} p"} for id in ids}


def test_events_are_handled_one_after_the_other(worker):
    waiting = worker(WAITING)
    waiting.ready()
    events = [{"name": None, "data": data} for data in ("1", "0", "{}", "[1]")]
    assert waiting.returned("transform_event", events=events) == ["drop", "keep", "keep", "drop"]


CANCELLED = """
    import asyncio
    import time
    from tidegate import *

    class Cancelled(Plugin):
        async def moderate_input(self, ctx, texts):
            try:
                await asyncio.sleep(1000)
            finally:
                ctx.log.info("cleaned up")

        async def moderate_output(self, ctx, texts, last):
            try:
                await ctx.kv.get("k")
            except asyncio.CancelledError:
                return block("after all")

        def admit(self, ctx, estimate):
            ctx.log.info("begun")
            ctx.kv.get("a")

        def settle(self, ctx, ticket, actual):
            ctx.log.info("begun")
            time.sleep(float(ticket))
            ctx.kv.get("a")
"""


def test_a_cancel_ends_an_async_hook(worker):
    cancelled = worker(CANCELLED)
    cancelled.ready()
    id = cancelled.begin("moderate_input", texts=[])
    cancelled.send(CANCEL, id, None)
    frame = cancelled.receive()
    if frame.kind == NOTE:
        assert frame.meta["log"]["message"] == "cleaned up"
        frame = cancelled.receive()
    assert (frame.kind, frame.id, frame.meta) == (FAIL, id, {"error": "cancelled"})
    assert cancelled.stop() == ("", "")


def test_a_hook_may_answer_although_it_is_cancelled(worker):
    cancelled = worker(CANCELLED)
    cancelled.ready()
    id = cancelled.begin("moderate_output", texts=[], last=True)
    ask = cancelled.asked("kv_get")
    cancelled.send(CANCEL, id, None)
    assert cancelled.receive().meta["judgement"] == {"block": "after all"}
    cancelled.answer(ask, None)
    cancelled.send(CANCEL, id, None)
    assert cancelled.stop() == ("", "")


def test_a_cancel_ends_a_sync_hook_at_its_service(worker):
    cancelled = worker(CANCELLED)
    cancelled.ready()
    id = cancelled.begin("admit", estimate={})
    assert cancelled.receive().kind == NOTE
    ask = cancelled.asked("kv_get")
    cancelled.send(CANCEL, id, None)
    frame = cancelled.receive()
    assert (frame.kind, frame.meta) == (FAIL, {"error": "cancelled"})
    cancelled.answer(ask, None)
    later = cancelled.begin("settle", ticket="0.3", actual={})
    assert cancelled.receive().kind == NOTE
    cancelled.send(CANCEL, later, None)
    frame = cancelled.receive()
    assert (frame.kind, frame.id, frame.meta) == (FAIL, later, {"error": "cancelled"})
    assert cancelled.stop() == ("", "")


def test_stop_waits_for_the_calls_under_way(worker):
    waiting = worker(WAITING)
    waiting.ready()
    slow, asking = begin(waiting, "moderate_input", "slow", "0.3"), waiting.begin("admit", estimate={})
    ask = waiting.asked("kv_increment")
    waiting.send(STOP, 0, None)
    assert waiting.receive().id == slow
    assert waiting.process.poll() is None
    waiting.answer(ask, 1)
    waiting.answer(waiting.asked("attribute"), "p")
    assert waiting.receive().id == asking
    assert waiting.ended() == (0, "")


def test_stop_while_nothing_is_done(worker):
    waiting = worker(WAITING)
    waiting.ready()
    assert waiting.stop() == ("", "")


def test_stop_ends_what_the_plugin_left_running(worker):
    leaving = worker(
        """
        import asyncio
        import atexit
        from tidegate import *
        atexit.register(print, "goodbye")

        class Leaving(Plugin):
            async def moderate_input(self, ctx, texts):
                self.task = asyncio.create_task(self.forever())
                await asyncio.sleep(0)

            async def forever(self):
                try:
                    await asyncio.sleep(1000)
                finally:
                    print("ended")
        """
    )
    leaving.ready()
    leaving.returned("moderate_input", texts=[])
    assert leaving.stop() == ("ended\ngoodbye\n", "")


def test_stop_waits_for_no_task_that_will_not_be_cancelled(worker):
    leaving = worker(
        """
        import asyncio
        from tidegate import *

        class Leaving(Plugin):
            async def moderate_input(self, ctx, texts):
                self.task = asyncio.create_task(self.forever())
                await asyncio.sleep(0)

            async def forever(self):
                while True:
                    try:
                        await asyncio.sleep(1000)
                    except asyncio.CancelledError:
                        print("not yet")
        """
    )
    leaving.ready()
    leaving.returned("moderate_input", texts=[])
    assert leaving.stop() == ("not yet\n", "")


FAILING = """
    import asyncio
    import sys
    from tidegate import *

    class Failing(Plugin):
        async def moderate_input(self, ctx, texts):
            await asyncio.sleep(0)
            return eval(texts[0].content)

        async def completed(self, ctx, outcome):
            self.task = asyncio.ensure_future(quit())
            await asyncio.sleep(0.05)

        def admit(self, ctx, estimate):
            sys.exit(3)

    async def quit():
        sys.exit(4)

    def throw(error):
        raise error
"""


@pytest.mark.parametrize(
    "code", ["1 / 0", "throw(SystemExit(3))", "throw(KeyboardInterrupt())", "throw(asyncio.CancelledError())"]
)
def test_what_a_hook_raises_is_no_end(worker, code):
    failing = worker(FAILING)
    failing.ready()
    error = code.removeprefix("throw(").removeprefix("asyncio.").split("(")[0].replace("1 / 0", "ZeroDivisionError")
    assert error in failing.failed("moderate_input", texts=[{"id": 0, "content": code}])
    assert failing.returned("moderate_input", texts=[{"id": 0, "content": "None"}]) is None
    failing.stop()


def test_neither_is_what_a_task_or_a_thread_raises(worker):
    failing = worker(FAILING)
    failing.ready()
    assert failing.returned("completed", outcome={}) is None
    assert failing.failed("admit", estimate={}) == "plugin.py:16: SystemExit: 3"
    assert failing.returned("moderate_input", texts=[{"id": 0, "content": "None"}]) is None
    assert "SystemExit: 4" in failing.stop()[1]


def test_a_context_does_not_outlive_its_call(worker):
    keeping = worker(
        """
        import asyncio
        from tidegate import *

        class Keeping(Plugin):
            async def moderate_input(self, ctx, texts):
                if not hasattr(self, "kept"):
                    self.kept = ctx
                    self.gateway.log.info("outside")
                    return
                self.kept.log.info("later")
                await self.kept.kv.get("k")
        """
    )
    keeping.ready()
    keeping.begin("moderate_input", texts=[])
    assert (keeping.receive()[:2], keeping.receive().meta) == ((NOTE, 0), None)
    keeping.begin("moderate_input", texts=[])
    assert keeping.receive()[:2] == (NOTE, 0)
    assert "CallOver" in keeping.receive().meta["error"]


def test_many_asks_at_once_wait_for_a_place(worker):
    asking = worker(
        """
        import asyncio
        from tidegate import *

        class Asking(Plugin):
            async def moderate_input(self, ctx, texts):
                numbers = await asyncio.gather(*(ctx.kv.increment(str(n)) for n in range(2000)))
                return block(str(sum(numbers)))
        """
    )
    asking.ready()
    asking.begin("moderate_input", texts=[])
    asks = [asking.asked("kv_increment") for _ in range(512)]
    asking.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        asking.receive()
    asking.socket.settimeout(PATIENCE)
    for _ in range(2000 - 512):
        ask = asks.pop()
        asking.answer(ask, int(ask.meta["key"]))
        asks.append(asking.asked("kv_increment"))
    for ask in asks:
        asking.answer(ask, int(ask.meta["key"]))
    assert asking.receive().meta["judgement"]["block"] == str(sum(range(2000)))


def test_what_is_too_large_is_told_in_async_and_in_threads(worker):
    asking = worker(
        """
        from tidegate import *

        class Asking(Plugin):
            async def moderate_input(self, ctx, texts):
                await ctx.kv.set("k", b"x" * 2_000_000)

            def admit(self, ctx, estimate):
                ctx.kv.set("k", b"x" * 2_000_000)
        """
    )
    asking.ready()
    assert "plugin.py:6: TooLarge: " in asking.failed("moderate_input", texts=[])
    assert "plugin.py:9: TooLarge: " in asking.failed("admit", estimate={})


def test_large_answers_wait_for_room(worker):
    large = worker(
        """
        from tidegate import *

        class Large(Plugin):
            async def transform_request(self, ctx, headers, body):
                return reply(200, body.text * 3)
        """
    )
    large.ready()
    body = b'"' + b"x" * 500_000 + b'"'
    meta = {"hook": "transform_request", "ctx": CTX, "body": "whole"}
    for id in range(1, 11):
        large.send_descriptor(CALL, id, meta, body)
    large.send(STOP, 0, None)
    time.sleep(0.2)
    frames = [large.receive() for _ in range(10)]
    assert {(frame.kind, len(frame.body)) for frame in frames} == {(RETURN, 1_500_006)}
    assert large.ended() == (0, "")


@pytest.mark.parametrize("code", ["await asyncio.sleep(1000)", "time.sleep(1000)", "while True: pass"])
def test_the_end_of_the_stream_ends_everything(worker, code):
    spinning = worker(
        f"""
        import asyncio, time
        from tidegate import *

        class Spinning(Plugin):
            async def moderate_input(self, ctx, texts):
                ctx.log.info("here")
                {code}
        """
    )
    spinning.ready()
    spinning.begin("moderate_input", texts=[])
    assert spinning.receive().kind == NOTE
    spinning.socket.close()
    assert spinning.process.wait(PATIENCE) == 0


def test_garbage_ends_the_worker(worker):
    waiting = worker(WAITING)
    waiting.ready()
    waiting.socket.sendall(b"\0" * 16)
    assert waiting.ended()[0] == 1
    assert waiting.said().startswith("tidegate worker: ")


def test_a_wrong_return_names_the_wrapper(worker):
    wrapped = worker(
        """
        from tidegate import *

        def traced(hook):
            def wrapper(*args):
                return hook(*args)
            return wrapper

        class Wrapped(Plugin):
            @traced
            async def moderate_input(self, ctx, texts):
                pass
        """
    )
    assert wrapped.ready()["concurrency"] == 1
    assert wrapped.failed("moderate_input", texts=[]).endswith(
        '"moderate_input" returned a coroutine; write it, and what wraps it, with "async def"'
    )
    assert "never awaited" not in wrapped.stop()[1]


def test_answers_of_nobody_are_ignored(worker):
    waiting = worker(WAITING)
    waiting.ready()
    waiting.send(ANSWER, 77, {"ok": 1})
    waiting.send(CANCEL, 77, None)
    waiting.send(99, 0, [1])
    assert waiting.failed("settle", ticket="t", actual={}) == "KeyError: 'settle'"
    waiting.socket.shutdown(socket.SHUT_WR)
    assert waiting.process.wait(PATIENCE) == 0
