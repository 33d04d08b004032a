"""The hooks part: what a plugin adds to a request, and a job of three steps beside nginx with Lua."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import chats
import instructions
import peers
import services
import witness
from machine import BenchError, Cores
from peers import Peer, Place
from rounds import Load, Runs, alternate
from services import PLAIN, Chain, Service
from witness import Witness

NGINX = "nginx-lua"
JOB_AIM = 1.0
# Of one call at 1 KB with two pointers, in microseconds.
CALL_AIMS = {"Luau": 4.0, "WASM": 6.0, "Native": 1.0, "Python": 60.0}


@dataclass(kw_only=True)
class Case(Runs):
    """All samples of one service, or of nginx, with bodies of one size."""

    size: str
    name: str
    chain: Chain | None = None
    # What it is compared with, round by round: it runs just before or after.
    beside: "Case | None" = None
    # Of a request, in user space; `None` where nothing counts them.
    instructions: float | None = None


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: int
    sizes: tuple[str, ...]

    @staticmethod
    def from_environment() -> "Plan":
        sizes = tuple(os.environ.get("SIZES", "1KB,16KB").split(","))
        unknown = [size for size in sizes if size not in chats.SIZES]
        if unknown:
            raise BenchError(f'SIZES names "{unknown[0]}", which is none of {", ".join(chats.SIZES)}')
        return Plan(int(os.environ.get("ROUNDS", "7")), int(os.environ.get("DURATION", "1")), sizes)


def measure(plan: Plan, cores: Cores, folder: Path) -> list[Case]:
    """Every size: all chains, with the plain service between any two, and the three ways to do the job."""
    part = folder / "hooks"
    (part / "checks").mkdir(parents=True)
    _check_jobs(Place(part / "checks", cores.proxy))
    place = Place(part, cores.proxy)
    with ExitStack() as stack:
        upstream = stack.enter_context(peers.backend(Place(part, cores.load))).port
        gateway = stack.enter_context(peers.hooked(place, upstream, _services(plan)))
        nginx = stack.enter_context(peers.nginx_lua(place, upstream))
        _check_chains(gateway, plan)
        cases: list[Case] = []
        for size in plan.sizes:
            cases += _rounds(plan, _line_up(size, gateway, nginx), size, cores, part)
        _check_calls(gateway, plan, cases)
    _count_instructions(cases, Place(part / "counted", cores.load))
    return cases


def _count_instructions(cases: list[Case], place: Place) -> None:
    """Once for each chain and size within the gateway. Where that cannot be done the rest of the figures stand."""
    within = [case for case in cases if not (case.chain and case.chain.runtime in services.PROCESSES)]
    counted = {(case.size, case.name): case for case in within if case.chain or case.name == PLAIN.name}
    wanted = [(case.size, case.chain.service() if case.chain else PLAIN) for case in counted.values()]
    place.folder.mkdir()
    try:
        found = dict(zip(counted, instructions.count(place, wanted)))
    except BenchError as error:
        print(f"hooks: no instructions are counted: {error}", file=sys.stderr)
        return
    for case in cases:
        case.instructions = found.get((case.size, case.name))


def _line_up(size: str, gateway: Peer, nginx: Peer) -> list[tuple[Peer, Case]]:
    """In the order of a round: chain, plain, chain and so on, so that what is compared runs side by side."""
    found: list[tuple[Peer, Case]] = []
    chains = services.chains(size)
    for pair in (chains[at : at + 2] for at in range(0, len(chains), 2)):
        plain = Case(size=size, name=PLAIN.name)
        beside = [(chain.service(), Case(size=size, name=chain.name, chain=chain, beside=plain)) for chain in pair]
        found += _around(gateway, beside, (gateway.serving(PLAIN), plain))
    other = Case(size=size, name=NGINX)
    beside = [(service, Case(size=size, name=service.name, beside=other)) for service in services.jobs()]
    return found + _around(gateway, beside, (nginx, other))


def _around(
    gateway: Peer, beside: list[tuple[Service, Case]], middle: tuple[Peer, Case]
) -> list[tuple[Peer, Case]]:
    served = [(gateway.serving(service), case) for service, case in beside]
    return [*served[:1], middle, *served[1:]]


def _services(plan: Plan) -> list[Service]:
    return [PLAIN, *(chain.service() for chain in _chains(plan)), *services.jobs()]


def _chains(plan: Plan) -> list[Chain]:
    """Of all sizes, each once."""
    return list(dict.fromkeys(chain for size in plan.sizes for chain in services.chains(size)))


def _rounds(plan: Plan, line_up: list[tuple[Peer, Case]], size: str, cores: Cores, folder: Path) -> list[Case]:
    body = folder / f"{size}.json"
    body.write_bytes(chats.request(chats.SIZES[size]))
    targets, cases = [peer for peer, _ in line_up], [case for _, case in line_up]
    for number in alternate(plan.rounds, targets, cases, Load(body, size, plan.seconds, cores)):
        line = ", ".join(f"{case.name} {case.samples[-1].cpu_us:.1f}" for case in cases)
        print(f"hooks, {size}, round {number}: {line} µs", file=sys.stderr)
    return cases


def _check_jobs(place: Place) -> None:
    """Fails unless each way to do the job does all of it."""
    with ExitStack() as stack:
        seen = stack.enter_context(witness.watching())
        gateway = stack.enter_context(peers.hooked(place, seen.port, services.jobs()))
        nginx = stack.enter_context(peers.nginx_lua(place, seen.port))
        for peer in [nginx, *(gateway.serving(service) for service in services.jobs())]:
            _check_job(peer, seen)


def _check_job(peer: Peer, seen: Witness) -> None:
    body = chats.request(1024)
    before = seen.requests
    peers.expect(peer, 401, body, key="wrong")
    for word in services.WORDS:
        peers.expect(peer, 400, chats.saying(f"What is a {word.title()}, please?"))
    if seen.requests != before:
        raise BenchError(f'"{peer.name}" passed on what it should refuse')
    if peers.expect(peer, 200, body) != chats.answer().encode():
        raise BenchError(f'"{peer.name}" changed the answer of the upstream')
    changed = {**json.loads(body), services.FIELD.removeprefix("/"): services.VALUE}
    if json.loads(seen.body) != changed or seen.authorization != "Bearer upstream-key":
        raise BenchError(f'"{peer.name}" sent the upstream {seen.authorization!r} and {seen.body[:300]!r}')


def _check_chains(gateway: Peer, plan: Plan) -> None:
    """Fails unless each chain guards, passes, and misses a value that it reads and that is not there."""
    peers.check(gateway.serving(PLAIN), routes_by_model=True)
    lacking = chats.without("temperature")
    for chain in _chains(plan):
        peer = gateway.serving(chain.service())
        peers.check(peer, routes_by_model=True)
        peers.expect(peer, 503 if chain.reads in ("pointers", "whole") else 200, lacking)


def _check_calls(gateway: Peer, plan: Plan, cases: list[Case]) -> None:
    """Fails unless every plugin of every chain was called for each answer."""
    with urllib.request.urlopen(f"http://127.0.0.1:{gateway.admin}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    series = [line for line in lines if line.startswith("tidegate_plugin_calls_total{") and '"unchanged"' in line]
    for chain in _chains(plan):
        calls = sum(float(line.rsplit(" ", 1)[1]) for line in series if f'plugin="{chain.name}"' in line)
        answered = sum(case.answered for case in cases if case.name == chain.name)
        if calls < answered * chain.length:
            raise BenchError(f'"{chain.name}" gave {answered} answers with {calls:.0f} calls of {chain.length} plugins')
