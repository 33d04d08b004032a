"""A plugin that misbehaves on demand: what `do` of its configuration names, in every hook of a request whose id contains "attack"
(or of all with `always`); and what `configure` names while it is configured. All else it serves. ../lua is the same in Lua.
"""

import ctypes
import mmap
import os
import signal
import subprocess
import sys
import threading
import time

from tidegate import Plugin, admit, changed, reply

MIB = 1024 * 1024


class Nameless(Exception):
    """Cannot even say what it is."""

    def __str__(self):
        raise ValueError("no text")

    __repr__ = __str__


class Leaving(BaseException):
    """None that `except Exception` catches."""


# -- attacks, of every hook; `ctx` is the gateway's services while the plugin is configured --------------------------


def loop(ctx):
    while True:
        pass


def loop_calling(ctx):
    while True:
        ctx.kv.get("a")


def loop_caught(ctx):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


def loop_in_c(ctx):
    """Holds the interpreter's lock all the time."""
    sum(iter(int, 1))


def sleep(ctx):
    time.sleep(1_000_000)


def deaf(ctx):
    """Hears no signal that can be ignored."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sleep(ctx)


def stopped(ctx):
    os.kill(os.getpid(), signal.SIGSTOP)


def memory(ctx):
    kept = bytearray()
    while True:
        kept += bytes(MIB)


def memory_slowly(ctx):
    kept = []
    while True:
        kept.append("x" * 4000 + str(len(kept)))


def memory_caught(ctx):
    kept = []
    while True:
        try:
            kept.append(bytearray(8 * MIB))
        except MemoryError:
            pass


def memory_at_once(ctx):
    bytearray(1 << 40)


def recurse(ctx):
    return recurse(ctx) + 1


def recurse_in_c(ctx):
    """Without the limit of the interpreter the stack of C is used up."""
    sys.setrecursionlimit(1 << 30)
    nested = []
    for _ in range(100_000):
        nested = [nested]
    repr(nested)
    os.abort()


def trap(ctx):
    return None.field


def fail(ctx):
    raise RuntimeError("on demand")


def fail_loudly(ctx):
    raise RuntimeError("x" * 900_000)


def fail_in_bytes(ctx):
    raise RuntimeError("\udcff\0on demand")


def fail_in_lines(ctx):
    raise RuntimeError('on\r\ndemand\n{"level":"forged"}')


def fail_with_secret(ctx):
    raise RuntimeError(ctx.secrets.get("token"))


def fail_nameless(ctx):
    raise Nameless


def fail_in_a_group(ctx):
    raise BaseExceptionGroup("several", [SystemExit(3), Nameless()])


def system_exit(ctx):
    sys.exit("on demand")


def interrupt(ctx):
    raise KeyboardInterrupt


def generator_exit(ctx):
    raise GeneratorExit


def leave(ctx):
    raise Leaving("on demand")


def exit_at_once(ctx):
    os._exit(0)


def abort(ctx):
    os.abort()


def segfault(ctx):
    ctypes.string_at(8)


def kill_group(ctx):
    os.kill(0, signal.SIGKILL)


def close_socket(ctx):
    os.close(3)


def garbage(ctx):
    os.write(3, b"HTTP/1.1 200 OK\r\n\r\n" * 8)


def lying_length(ctx):
    """A frame that says it has 4 GiB, and has not."""
    os.write(3, b"\xff" * 4 + b"\x05\0\0\0" + b"\x01\0\0\0" + b"\0" * 4)


def silence(ctx):
    """Answers of somebody else, and none of its own."""
    os.write(3, (12 + 4).to_bytes(4, "little") + b"\x05\0\0\0" + b"\xfe\xff\xff\xff" + (4).to_bytes(4, "little") + b"null")


def print_flood(ctx):
    for number in range(50_000):
        print("flood", number)
        print("flood", number, file=sys.stderr)


def print_huge(ctx):
    """One line without an end, and bytes that are no text."""
    os.write(1, b"\xff\x1b[2J" * MIB)
    os.write(2, b"{" * MIB)


def close_output(ctx):
    os.closerange(1, 3)


def fork(ctx):
    if os.fork() == 0:
        time.sleep(1_000_000)


def start(ctx):
    """Another program that outlives a worker which ends by itself."""
    subprocess.Popen(["sleep", "1000000"])


def detach(ctx):
    """One that has left the worker's group."""
    subprocess.Popen(["sleep", "1000000"], start_new_session=True)


def daemon(ctx):
    """One that is nobody's child any more, with a child of its own."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            subprocess.Popen(["sleep", "1000000"])
            time.sleep(1_000_000)
        os._exit(0)


def share(ctx):
    """Memory that counts as nobody's."""
    kept = []
    while True:
        kept.append(mmap.mmap(-1, 8 * MIB))
        kept[-1].write(b"x" * (8 * MIB))
        time.sleep(0.02)


def thread(ctx):
    threading.Thread(target=time.sleep, args=(1_000_000,)).start()


def threads(ctx):
    for _ in range(50):
        threading.Thread(target=loop, args=(ctx,)).start()


def log_flood(ctx):
    for _ in range(1_000_000):
        ctx.log.info("flood", n=1)


def log_huge(ctx):
    ctx.log.info("x" * 900_000)


def log_fields(ctx):
    ctx.log.info("x", **{f"name{number}": "value" for number in range(10_000)})


def state_flood(ctx):
    for number in range(100_000):
        ctx.state.set(str(number), bytes(1000))


# -- verdicts that cannot be carried out, of `transform_request` alone -----------------------------------------------


def huge_output():
    return reply(200, "x" * (4 * MIB))


def bad_headers():
    return changed(headers={"set": {"x y\n": "a\r\nb: c"}, "remove": ["\0"]})


def split_header():
    return reply(200, "x", headers={"x-a": "a\r\nset-cookie: b=c"})


def own_header():
    return reply(200, "longer", headers={"content-length": "3"})


def bad_bytes():
    return changed(headers={"set": {"x-\udcff": "a"}})


def bad_pointer():
    return changed(set={"no pointer": 1})


def bad_status():
    return reply(7, "x")


def large_status():
    return reply(1000, "x")


def no_json():
    return changed(replace={"a": float("nan")})


def deep_json():
    """Deeper than any parser goes; the author's own check ends it."""
    value = []
    for _ in range(100_000):
        value = [value]
    return changed(replace=value)


def many_edits():
    return changed(edits=[("set", f"/{number}", number) for number in range(20_000)])


def many_headers():
    return changed(headers={"set": {f"x-{number}": "1" for number in range(40_000)}})


def many_reply_headers():
    return reply(200, "x", headers=[("x-a", "1")] * 40_000)


def no_verdict():
    return object()


def pid():
    """No attack: who serves."""
    return reply(200, json={"pid": os.getpid()})


VERDICTS = {
    made.__name__: made
    for made in (
        huge_output, bad_headers, split_header, own_header, bad_bytes, bad_pointer, bad_status, large_status, no_json,
        deep_json, many_edits, many_headers, many_reply_headers, no_verdict, pid,
    )
}  # fmt: skip


class Hostile(Plugin):
    """Does in each hook what its configuration says."""

    def configure(self, config):
        self.attack, self.always = config.get("do"), config.get("always")
        if "configure" in config:
            globals()[config["configure"]](self.gateway)

    def wanted(self, ctx):
        return self.always or "attack" in ctx.request_id

    def act(self, ctx):
        if self.attack and self.attack not in VERDICTS and self.wanted(ctx):
            globals()[self.attack](ctx)

    def admit(self, ctx, estimate):
        self.act(ctx)
        return admit("1")

    def settle(self, ctx, ticket, actual):
        self.act(ctx)

    def transform_request(self, ctx, headers, body):
        self.act(ctx)
        if self.attack in VERDICTS and self.wanted(ctx):
            return VERDICTS[self.attack]()
        return None

    def transform_event(self, ctx, event):
        self.act(ctx)

    def moderate_input(self, ctx, texts):
        self.act(ctx)

    def moderate_output(self, ctx, texts, last):
        self.act(ctx)

    def completed(self, ctx, outcome):
        self.act(ctx)
