"""A worker written against the protocol's page alone; what it does in a call is named by the text that it is to judge."""

import array
import json
import os
import socket
import struct
import sys
import time

channel = socket.socket(fileno=3)
HELLO, READY, REFUSED, CALL, RETURN, FAIL, ASK, ANSWER, NOTE, CANCEL, STOP = range(1, 12)


def exactly(count):
    data, descriptors = b"", array.array("i")
    while len(data) < count:
        piece, control, _, _ = channel.recvmsg(count - len(data), socket.CMSG_SPACE(4))
        if not piece:
            os._exit(0)
        data += piece
        for _, _, sent in control:
            descriptors.frombytes(sent)
    return data, list(descriptors)


def receive():
    head, descriptors = exactly(16)
    length, kind, flags, _, number, size = struct.unpack("<IBBHII", head)
    rest, _ = exactly(length - 12)
    body = rest[size:]
    if flags:
        with os.fdopen(descriptors[0], "rb") as memory:
            body = memory.read()
    return kind, number, json.loads(rest[:size]), body


def send(kind, number, meta, body=b""):
    meta = json.dumps(meta).encode()
    channel.sendall(struct.pack("<IBBHII", 12 + len(meta) + len(body), kind, 0, 0, number, len(meta)) + meta + body)


def ask(call, service, body=b"", **keys):
    send(ASK, 1, {"call": call, "service": service, **keys}, body)
    _, _, answer, body = receive()
    return answer, body


def judge(number, what):
    if what == "loop":
        time.sleep(1000)
    elif what == "slow":
        time.sleep(0.3)
    elif what == "exit":
        os._exit(7)
    elif what == "memory":
        try:
            bytearray(1 << 30)
        except MemoryError:
            send(FAIL, number, {"error": "MemoryError"})
            return
    elif what == "huge":
        send(RETURN, number, {"judgement": {"block": "x" * 2_000_000}})
        return
    elif what == "large":
        send(RETURN, number, {"judgement": {"block": "x" * 100_000}})
        return
    elif what == "garbage":
        channel.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        time.sleep(1000)
    elif what == "nobody":
        send(RETURN, number + 77, None)
    elif what == "print":
        for line in range(100_000):
            print("line", line)
        sys.stdout.flush()
    elif what == "fork":
        if os.fork() == 0:
            time.sleep(1000)
    elif what == "note":
        ask(number, "set_note", b"\x00\xff", key="a")
        told, note = ask(number, "note", key="a")
        send(RETURN, number, {"judgement": {"block": f"{told} {note!r}"}})
        return
    elif what == "store":
        told = [ask(number, "kv_set", b"1", key="a")[0], ask(number, "kv_increment", key="a", by=4)[0], ask(number, "kv_get", key="a")]
        send(RETURN, number, {"judgement": {"block": str(told)}})
        return
    elif what == "pid":
        send(RETURN, number, {"judgement": {"block": str(os.getpid())}})
        return
    elif what == "limits":
        send(RETURN, number, {"judgement": {"block": str(hello["limits"])}})
        return
    elif what == "environment":
        send(RETURN, number, {"judgement": {"block": " ".join(sorted(os.environ))}})
        return
    send(RETURN, number, None)


_, _, hello, _ = receive()
config = hello["config"]
if "refuse" in config:
    send(REFUSED, 0, {"error": config["refuse"]})
    sys.exit()
if "never" in config:
    time.sleep(1000)
if "die" in config:
    sys.exit(3)
if "kill" in config:
    os.kill(os.getpid(), 9)
if "close" in config:
    channel.close()
    time.sleep(1000)
send(READY, 0, {"hooks": config.get("hooks", ["moderate_input", "transform_request"]), "request_body": "whole", "descriptors": True})
while True:
    kind, number, meta, body = receive()
    if kind == STOP:
        sys.exit()
    if kind == CALL and len(body) > 100_000:
        found = {"length": len(body), "sum": sum(body)}
        send(RETURN, number, {"changed": {"edits": [{"set": {"pointer": "/found", "value": found}}]}})
    elif kind == CALL and meta["hook"] == "transform_request":
        send(RETURN, number, {"changed": {"replace": True}}, body)
    elif kind == CALL:
        judge(number, meta["texts"][0]["content"])
