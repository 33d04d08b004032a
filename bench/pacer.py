"""Reads streams one after another, of each host in turn, and notes when their texts come: one line of JSON out.

A process of its own, so that its CPU can be kept on other cores: `pacer.py PORT BODY ROUNDS HOST...`.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path

LAST_CHUNK = b"0\r\n\r\n"
TEXT, NO_TEXT = b'"content":"', b'"content":""'


def stream(port: int, host: str, body: bytes) -> tuple[float, list[float]]:
    """Seconds until the first text, and between texts that came after it."""
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer demo\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start = time.perf_counter()
        connection.sendall(head.encode() + body)
        arrived, tail = [], b""
        while not tail.endswith(LAST_CHUNK):
            data = connection.recv(65536)
            now = time.perf_counter()
            if not data:
                raise SystemExit(f"the stream of {host} broke off")
            if data.count(TEXT) > data.count(NO_TEXT):
                arrived.append(now)
            tail = (tail + data)[-16:]
    if not arrived:
        raise SystemExit(f"the stream of {host} said nothing")
    return arrived[0] - start, [later - sooner for sooner, later in zip(arrived, arrived[1:])]


def main(port: int, body: Path, rounds: int, hosts: list[str]) -> None:
    content = body.read_bytes()
    firsts: dict[str, list[float]] = {host: [] for host in hosts}
    gaps: dict[str, list[float]] = {host: [] for host in hosts}
    for number in range(rounds + 1):
        # There and back, so that what slows the machine for a while slows all.
        for host in hosts if number % 2 else reversed(hosts):
            first, between = stream(port, host, content)
            if number:
                firsts[host].append(first)
                gaps[host] += between
    print(json.dumps({"first": firsts, "between": gaps}))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
