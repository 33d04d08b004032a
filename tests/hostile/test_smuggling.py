"""T-H1-1: what the upstream sees is exactly what the gateway logged, whatever the bytes."""

import socket

import pytest

from hostile.smuggling import BROKEN_BODY, CASES, ONE, ONE_AT_MOST, ONE_THEN_CLOSED, REFUSED, TWO, Case
from support.backends import H11, Haproxy, Nginx, Node
from support.gateway import Gateway, proxy_config
from support.wait import until
from support.wire import Incomplete, request

BACKENDS = {"nginx": Nginx, "haproxy": Haproxy, "node": Node, "h11": H11}
TELLS_BODIES = ("node", "h11")
# Those that answer a head before they have read its body, so that their answer may come before the body is found to be broken.
ANSWERS_EARLY = ("nginx",)


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request):
    with BACKENDS[request.param]() as server:
        server.name = request.param
        yield server


@pytest.fixture(scope="module")
def gateway(backend):
    with Gateway(proxy_config({backend.name: {"provider": "http", "endpoint": backend.url}})) as gateway:
        yield gateway


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_t_h1_1_backend_sees_what_was_logged(backend, gateway, case: Case):
    path = f"/smuggling/{case.name}"
    statuses, closed = converse(gateway, case, path)
    logged, seen = after_sentinel(gateway, backend, path)
    if answered_early(case, backend, statuses):
        assert closed and statuses == [200], "the answer, and the end of the connection"
    else:
        check_answers(case, statuses, closed)
    if case.expected == BROKEN_BODY:
        # nginx tells of a request when its head is there; the gateway logs every one that it began to forward.
        assert set(paths(seen)) <= set(logged)
        assert backend.name not in TELLS_BODIES or not seen
    else:
        assert paths(seen) == logged
    check_forwarded(case, path, backend, seen)


def converse(gateway, case: Case, path: str) -> tuple[list[int], bool]:
    """The statuses that came back, and whether the gateway ended the connection."""
    answers = {ONE: 1, TWO: 2}.get(case.expected, 99)
    statuses = []
    with gateway.wire() as wire:
        wire.send(case.at(path))
        if case.half_close:
            wire.socket.shutdown(socket.SHUT_WR)
        try:
            while len(statuses) < answers:
                wire.socket.settimeout(1 if case.expected == ONE_AT_MOST else 10)
                statuses.append(wire.response().status)
        except (Incomplete, ConnectionError):
            return statuses, True
        except TimeoutError:
            pass
        return statuses, False


def answered_early(case: Case, backend, statuses: list[int]) -> bool:
    """Whether the upstream's answer went out before the gateway met what is wrong with the body."""
    return case.expected == BROKEN_BODY and backend.name in ANSWERS_EARLY and 200 in statuses


def check_answers(case: Case, statuses: list[int], closed: bool):
    good = [status for status in statuses if status == 200]
    bad = [status for status in statuses if status != 200]
    if case.expected == ONE:
        assert statuses == [200]
    elif case.expected == TWO:
        assert statuses == [200, 200]
    elif case.expected == ONE_AT_MOST:
        assert len(statuses) == 1 and (good or 400 <= bad[0] < 600)
    elif case.expected == ONE_THEN_CLOSED:
        assert closed and len(good) <= 1
    else:
        # Of a request that breaks off, an upstream may have answered the head already.
        assert closed and len(bad) <= 1 and (not good or case.half_close)
        assert all(400 <= status < 506 and status not in (500, 502, 503, 504) for status in bad), bad
        assert bad or case.half_close, "closed without an answer"


def check_forwarded(case: Case, path: str, backend, seen):
    expected = {
        ONE: [[path]],
        TWO: [[path, f"{path}/second"]],
        ONE_AT_MOST: [[], [path]],
        ONE_THEN_CLOSED: [[], [path]],
        REFUSED: [[]],
        BROKEN_BODY: [[], [path]],
    }[case.expected]
    assert [entry.target for entry in seen] in expected
    if seen and case.expected != BROKEN_BODY and backend.name in TELLS_BODIES:
        assert seen[0].body == case.body
        assert len(seen[0].all("host")) == 1 and "evil" not in seen[0].get("host")
        assert len(seen[0].all("content-length")) + len(seen[0].all("transfer-encoding")) <= 1


def after_sentinel(gateway, backend, path: str):
    """What was logged as forwarded and what the backend saw, once a later request has passed both."""
    end = f"{path}/end"
    with gateway.wire() as wire:
        assert wire.send(request("GET", end)).response().status == 200
    gateway.access_of(end)
    until(lambda: end in [entry.target for entry in backend.seen()], f"{end} at the backend")
    ours = (path, f"{path}/second")
    logged = [(line["method"], line["path"]) for line in gateway.access if line["path"] in ours and "cluster" in line]
    return logged, [entry for entry in backend.seen() if entry.target.startswith(path) and entry.target != end]


def paths(seen) -> list[tuple[str, str]]:
    return [(entry.method, entry.target) for entry in seen]
