"""Instructions of a request among ten routes and among ten thousand, by `bench/run.sh routes`.

The request belongs to the last one. Callgrind counts, so nothing else that the machine does moves a figure.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import chats
import instructions
import peers
from machine import BenchError, Cores
from peers import Place
from services import TO_UPSTREAM, Service

FEW, MANY, AIM = 10, 10_000, 2.0
MODEL, PATH = "gpt-b-large", "/v1/chat/completions"


@dataclass(frozen=True)
class Hosts(Service):
    """A virtual service of many hosts."""

    hosts: tuple[str, ...]

    def line(self) -> str:
        entry = {"name": self.name, "hosts": self.hosts, "filters": self.filters, "routes": self.routes}
        return f"  - {json.dumps(entry)}"


def routes(match: dict[str, object], others: list[dict[str, object]]) -> list[dict[str, object]]:
    """The others, then the one that the request belongs to."""
    return [{"name": f"r{place}", "match": one, **TO_UPSTREAM} for place, one in enumerate([*others, match])]


def by_model(count: int) -> list[Service]:
    others = [{"model": f"model-{number}"} for number in range(count - 1)]
    return [Service("last", [], routes({"model": MODEL}, others))]


def by_path(count: int) -> list[Service]:
    others = [{"path": {"exact": f"/v1/other/{number}"}} for number in range(count - 1)]
    return [Service("last", [], routes({"path": {"exact": PATH}}, others))]


def by_prefix(count: int) -> list[Service]:
    others = [{"path": {"prefix": f"/other/{number}/"}} for number in range(count - 1)]
    return [Service("last", [], routes({"path": {"prefix": "/v1/"}}, others))]


def by_host(count: int) -> list[Service]:
    """The others share one service: as many services would be more than a file may have."""
    others = tuple(f"host-{number}.bench" for number in range(count - 1))
    return [Hosts("others", [], routes({}, []), others), Service("last", [], routes({}, []))]


KINDS = {"model": by_model, "exact path": by_path, "path prefix": by_prefix, "host": by_host}


def count(offered: list[Service], cores: Cores) -> float:
    with tempfile.TemporaryDirectory(prefix="tidegate-routes-") as name, ExitStack() as stack:
        place = Place(Path(name), cores.load)
        upstream = stack.enter_context(peers.backend(place)).port
        prefix, files = instructions.callgrind(place)
        gateway = stack.enter_context(peers.routing(place, upstream, offered, prefix))
        return instructions.of_request(gateway.serving(offered[-1]), chats.request(chats.SIZES["1KB"]), files)


def main() -> None:
    cores = Cores.split()
    print(f"| told apart by | {FEW} routes | {MANY:,} routes | ratio (aim: at most {AIM}) |\n| --- | --- | --- | --- |")
    for kind, services in KINDS.items():
        few, many = (count(services(number), cores) for number in (FEW, MANY))
        print(f"| {kind} | {few:,.0f} | {many:,.0f} | {many / few:.2f} |", flush=True)


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        sys.exit(f"error: {error}")
