"""The proxies that are compared and the upstreams behind them: each starts from its template in `templates/`."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import canned
import chats
import services
from machine import BenchError, Process, free_port, running, wait_for_port
from services import Service
from ways import Way

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Peer:
    """A proxy or an upstream that accepts on `port`; `admin`, `log` and `host` where it has them."""

    name: str
    process: Process
    port: int
    admin: int | None = None
    log: Path | None = None
    host: str | None = None

    def serving(self, service: Service) -> "Peer":
        """The same process, asked for one of its services."""
        return replace(self, name=service.name, host=service.host)


@dataclass(frozen=True)
class Place:
    """Where a program writes and on which cores it runs."""

    folder: Path
    cores: frozenset[int]


@contextmanager
def backend(place: Place, answers: Mapping[str, bytes] | None = None) -> Iterator[Peer]:
    """nginx with one canned completion for every request, given when the request was read; below `/canned/NAME` with
    the answer of that name."""
    types = " ".join(f"{kind} {ending};" for ending, kind in canned.MEDIA_TYPES.items())
    with _nginx("backend", place, "backend.conf", {"TYPES": types}) as peer:
        root = place.folder / "backend"
        (root / "answer.json").write_text(chats.answer())
        (root / "answers").mkdir()
        for name, answer in (answers or {}).items():
            (root / "answers" / name).write_bytes(answer)
        yield peer


@contextmanager
def nginx(
    place: Place, upstream: int, *, log: bool = False, hold_request: bool = False, hold_answer: bool = True
) -> Iterator[Peer]:
    """nginx with one worker. `hold_request` and `hold_answer` are nginx's own defaults: buffer, then pass on."""
    name = "nginx-buffered" if hold_request else "nginx"
    path = place.folder / f"{name}.log"
    values = {
        "UPSTREAM": str(upstream),
        "LOG": f"{path} line" if log else "off",
        "REQUEST_BUFFERING": "on" if hold_request else "off",
        "ANSWER_BUFFERING": "on" if hold_answer else "off",
    }
    with _nginx(name, place, "nginx.conf", values, log=path if log else None) as peer:
        yield peer


@contextmanager
def nginx_lua(place: Place, upstream: int) -> Iterator[Peer]:
    """nginx with one worker that does the job of the hooks part in Lua."""
    values = {
        "UPSTREAM": str(upstream),
        "MODULES": str(_lua_module().parent),
        "KEY": chats.KEY,
        "WORDS": ", ".join(f'"{word}"' for word in services.WORDS),
    }
    with _nginx("nginx-lua", place, "nginx-lua.conf", values) as peer:
        yield peer


@contextmanager
def haproxy(place: Place, upstream: int, *, log: bool = False) -> Iterator[Peer]:
    """haproxy with one thread; its log goes to standard output."""
    port = free_port()
    values = {
        "PORT": str(port),
        "UPSTREAM": str(upstream),
        "LOG": "log stdout format raw daemon" if log else "# no log",
        "LOG_FORMAT": "option httplog" if log else "# no log",
    }
    config = _fill("haproxy.cfg", values, place.folder / "haproxy.cfg")
    with running("haproxy", ["haproxy", "-db", "-f", str(config)], place.cores, place.folder) as process:
        wait_for_port(process, port)
        yield Peer("haproxy", process, port, log=process.stdout if log else None)


@contextmanager
def gateway(place: Place, upstream: int, *, log: bool = False, prefix: tuple[str, ...] = ()) -> Iterator[Peer]:
    """The gateway with one worker. `prefix` is a program to run it under, such as a profiler."""
    values = {"UPSTREAM": str(upstream), "LOG": "json" if log else "off"}
    with _tidegate("gateway", place, "gateway.yaml", values, prefix=prefix, log=log) as peer:
        yield peer


@contextmanager
def hooked(place: Place, upstream: int, offered: Sequence[Service], prefix: tuple[str, ...] = ()) -> Iterator[Peer]:
    """The gateway with one worker and these services; `Peer.serving` picks one."""
    values = {
        "UPSTREAM": str(upstream),
        "PLUGINS": str(HERE / "plugins"),
        "SERVICES": "\n".join(service.line() for service in offered),
    }
    with _tidegate("gateway", place, "hooks.yaml", values, prefix=prefix) as peer:
        yield peer


@contextmanager
def translating(place: Place, upstream: int, offered: Sequence[Way], prefix: tuple[str, ...] = ()) -> Iterator[Peer]:
    """The gateway with one worker, and a service with a cluster of its own for each way; `Peer.serving` picks one."""
    values = {
        "CLUSTERS": "\n".join(way.cluster(upstream) for way in offered),
        "SERVICES": "\n".join(way.service.line() for way in offered),
    }
    with _tidegate("gateway", place, "translation.yaml", values, prefix=prefix) as peer:
        yield peer


@contextmanager
def routing(place: Place, upstream: int, offered: Sequence[Service], prefix: tuple[str, ...] = ()) -> Iterator[Peer]:
    """The gateway with one worker, one cluster and these services."""
    values = {
        "CLUSTERS": f'  up: {{provider: openai, endpoint: "http://127.0.0.1:{upstream}"}}',
        "SERVICES": "\n".join(service.line() for service in offered),
    }
    with _tidegate("gateway", place, "translation.yaml", values, prefix=prefix) as peer:
        yield peer


@contextmanager
def keeping(place: Place, upstream: int, offered: Sequence[Service], store: dict[str, object]) -> Iterator[Peer]:
    """The same, with a store of its own."""
    lines = [service.line() for service in offered]
    values = {
        "CLUSTERS": f'  up: {{provider: openai, endpoint: "http://127.0.0.1:{upstream}"}}',
        "SERVICES": "\n".join([*lines, f"store: {json.dumps(store)}"]),
    }
    with _tidegate("gateway", place, "translation.yaml", values) as peer:
        yield peer


@contextmanager
def model(place: Place, *, events: int, every_ms: int) -> Iterator[Peer]:
    """The gateway's embedded model as an upstream: streams of `events` events, one each `every_ms`."""
    chunk = 20
    words = "the tide takes what the shore has left and brings it back "
    reply = (words * (events * chunk // len(words) + 1))[: events * chunk].rstrip().ljust(events * chunk, ".")
    values = {"REPLY": reply, "CHUNK": str(chunk), "EVERY": f"{every_ms}ms"}
    with _tidegate("model", place, "model.yaml", values) as peer:
        yield peer


def check(peer: Peer, *, routes_by_model: bool) -> None:
    """Fails unless the proxy knows its key, passes the canned answer and, where it should, routes by model."""
    body = chats.request(1024)
    expect(peer, 401, body, key="wrong")
    if expect(peer, 200, body) != chats.answer().encode():
        raise BenchError(f'"{peer.name}" changed the answer of the upstream')
    if routes_by_model:
        expect(peer, 200, chats.request(1024, "gpt-a-small"))
        expect(peer, 404, chats.request(1024, "other-model"))


def expect(peer: Peer, status: int, body: bytes, key: str = chats.KEY) -> bytes:
    """The answer to a chat request; fails where it has another status."""
    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=10)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    headers |= {"Host": peer.host} if peer.host else {}
    try:
        connection.request("POST", "/v1/chat/completions", body, headers)
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise BenchError(f'"{peer.name}" gave no answer: {error}; {peer.process.last_words()}') from error
    finally:
        connection.close()
    if answer.status != status:
        raise BenchError(f'"{peer.name}" answered {answer.status} where {status} is right: {content[:300]!r}')
    return content


@contextmanager
def _nginx(name: str, place: Place, template: str, values: dict[str, str], log: Path | None = None) -> Iterator[Peer]:
    folder = place.folder / name
    folder.mkdir()
    port = free_port()
    # Started by root, nginx would give its worker to a user who cannot write here.
    user = "user root;" if os.geteuid() == 0 else "# not started by root"
    config = _fill(template, {**values, "PORT": str(port), "DIR": str(folder), "USER": user}, folder / "nginx.conf")
    argv = ["nginx", "-p", str(folder), "-c", str(config), "-e", "stderr"]
    with running(name, argv, place.cores, place.folder) as process:
        wait_for_port(process, port)
        yield Peer(name, process, port, log=log)


@contextmanager
def _tidegate(
    name: str,
    place: Place,
    template: str,
    values: dict[str, str],
    prefix: tuple[str, ...] = (),
    log: bool = False,
) -> Iterator[Peer]:
    config = _fill(template, values, place.folder / f"{name}.yaml")
    argv = [*prefix, binary(), "run", "-c", str(config)]
    with running(name, argv, place.cores, place.folder) as process:
        port = _address(process, "listening")
        admin = _address(process, "admin listening")
        yield Peer(name, process, port, admin=admin, log=process.stdout if log else None)


def _lua_module() -> Path:
    """Where nginx's own build options say that its modules are."""
    options = subprocess.run(["nginx", "-V"], capture_output=True, text=True, check=False).stderr
    folder = re.search(r"--modules-path=(\S+)", options)
    module = Path(folder[1] if folder else "/usr/lib/nginx/modules") / "ngx_http_lua_module.so"
    if not module.exists():
        raise BenchError(f'nginx has no "{module}"; run `make setup`')
    return module


def binary() -> str:
    """The gateway that is measured: `TIDEGATE_BIN`, else the release build."""
    return os.environ.get("TIDEGATE_BIN") or str(HERE.parent / "target" / "release" / "tidegate")


def _address(process: Process, message: str, seconds: float = 300) -> int:
    """The port in the gateway's own log line."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for line in process.stderr.read_text(errors="replace").splitlines():
            address = _logged(line, message)
            if address:
                return int(address.rpartition(":")[2])
        if not process.alive():
            break
        time.sleep(0.02)
    raise BenchError(f'"{process.name}" never said "{message}": {process.last_words()}')


def _logged(line: str, message: str) -> str | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    fields = {**entry, **entry.get("fields", {})} if isinstance(entry, dict) else {}
    return fields.get("address") if fields.get("message") == message else None


def _fill(template: str, values: dict[str, str], target: Path) -> Path:
    text = (HERE / "templates" / template).read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    target.write_text(text)
    return target
