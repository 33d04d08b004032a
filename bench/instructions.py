"""Instructions of a request, counted by callgrind: user space only, and what else the machine does moves no count."""

from __future__ import annotations

import http.client
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import chats
import peers
from machine import BenchError
from peers import Peer, Place
from services import Service

# The first requests of a service start its instances.
WARM_UP = 40
REQUESTS = 100


def count(place: Place, wanted: Sequence[tuple[str, Service]]) -> list[float]:
    """Of each service under a body of each size, one request after the other."""
    prefix, files = callgrind(place)
    with ExitStack() as stack:
        upstream = stack.enter_context(peers.backend(place)).port
        offered = list({service.name: service for _, service in wanted}.values())
        gateway = stack.enter_context(peers.hooked(place, upstream, offered, prefix))
        return [of_request(gateway.serving(service), chats.request(chats.SIZES[size]), files) for size, service in wanted]


def callgrind(place: Place) -> tuple[tuple[str, ...], Path]:
    """What stands before the command of a program whose instructions are counted, and the file that it counts into."""
    if not shutil.which("valgrind"):
        raise BenchError("valgrind is not installed")
    files = place.folder / "callgrind"
    return ("valgrind", "--tool=callgrind", f"--callgrind-out-file={files}"), files


def of_request(peer: Peer, body: bytes, files: Path) -> float:
    """Of one request, one after the other; warm, and on one connection."""
    _send(peer, body, WARM_UP)
    _control(peer, "--zero")
    _send(peer, body, REQUESTS)
    _control(peer, "--dump")
    # One file for each dump, and an empty one that grows at the end of the program.
    dumps = [path for path in files.parent.glob(f"{files.name}.*") if path.stat().st_size]
    found = [re.search(r"^totals: (\d+)", path.read_text(errors="replace"), re.MULTILINE) for path in dumps]
    for path in dumps:
        path.unlink()
    return sum(int(total[1]) for total in found if total) / REQUESTS


def _control(peer: Peer, order: str) -> None:
    argv = ["callgrind_control", order, str(peer.process.pid)]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise BenchError(f"callgrind does not obey {order}: {ran.stderr.strip()} {peer.process.last_words()}")


def _send(peer: Peer, body: bytes, times: int) -> None:
    """With the headers of `chat.lua`."""
    headers = {"Host": peer.host or "", "Authorization": f"Bearer {chats.KEY}", "Content-Type": "application/json"}
    headers |= {"Accept": "application/json", "User-Agent": "OpenAI/Python 1.0.0"}
    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=60)
    try:
        for _ in range(times):
            connection.request("POST", "/v1/chat/completions", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise BenchError(f'"{peer.name}" answered {answer.status}')
    except (OSError, http.client.HTTPException) as error:
        raise BenchError(f'"{peer.name}" gave no answer: {error}; {peer.process.last_words()}') from error
    finally:
        connection.close()
