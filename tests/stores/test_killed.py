"""A gateway that is killed under load: what its files hold when it starts again."""

import random
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass

import httpx

from support.gateway import PLAIN, Gateway, proxy_config
from support.load import Answer, Load

REQUESTS, TOKENS = 10_000_000, 1_000_000_000
CLIENTS, KILLS = 8, 5
# What the mock says that each request of the load used, and more than is ever reserved for one.
INPUT, OUTPUT, RESERVED = 2, 10, 300
USED = INPUT + OUTPUT
# Seconds before the end of which something may be missing: written are counters every 50 ms and usage every 100 ms, each
# with the time that a commit takes on a busy machine.
LAST = 0.5


def config(folder) -> dict:
    filters = [
        {"auth_filter": {"api_keys": {"managed": True, "keys": [{"key": "static", "principal": "load"}]}}},
        {"rate_limit": {"requests_per_month": REQUESTS, "tokens_per_month": TOKENS}},
    ]
    files = {"store": {"sqlite": {"path": str(folder / "state.db")}}, "usage": {"sqlite": str(folder / "usage.db")}}
    return proxy_config({"local": {"provider": "mock"}}, filters, **files)


class Maker:
    """Makes keys one after the other, until the gateway is gone; knows those that were told to be there."""

    def __init__(self, gateway: Gateway):
        self.made: set[str] = set()
        self._gateway = gateway
        self._thread = threading.Thread(target=self._make, daemon=True)
        self._thread.start()

    def _make(self):
        with closing(httpx.Client(base_url=self._gateway.admin_url, verify=PLAIN)) as client:
            try:
                while True:
                    answer = client.post("/v1/keys", json={"principal": "alice"})
                    assert answer.status_code == 201
                    self.made.add(answer.json()["id"])
            except httpx.TransportError:
                pass

    def end(self):
        self._thread.join(10)


@dataclass
class Life:
    """A gateway from its start to its kill."""

    answers: list[Answer]
    keys: set[str]
    killed: float

    @property
    def sure(self) -> list[Answer]:
        """Those that came long enough before the end."""
        return [answer for answer in self.answers if answer.came < self.killed - LAST]


def counted(gateway: Gateway) -> tuple[int, int]:
    """Requests and tokens, with this look, which is a request without tokens."""
    told = gateway.get("/v1/looks", headers={"authorization": "Bearer static"}).headers
    return REQUESTS - int(told["x-ratelimit-remaining-requests"]), TOKENS - int(told["x-ratelimit-remaining-tokens"])


def live(gateway: Gateway, name: str, seconds: float) -> Life:
    with Load(gateway.address, clients=CLIENTS, name=name, authorization="Bearer static") as load:
        maker = Maker(gateway)
        load.gets(1)
        time.sleep(seconds)
        killed = time.monotonic()
        gateway.kill()
        maker.end()
    return Life(load.answers, maker.made, killed)


def listed(gateway: Gateway) -> set[str]:
    """All keys, page by page."""
    ids, after = set(), ""
    while after is not None:
        page = gateway.admin("GET", "/v1/keys", params={"limit": "100", "after": after}).json()
        ids |= {key["id"] for key in page["keys"]}
        after = page["next"]
    return ids


def written(folder) -> set[str]:
    """The requests of the load in the account of usage, which is whole and has none of them twice."""
    with closing(sqlite3.connect(folder / "usage.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = database.execute("SELECT request_id, status, principal, input, output, operation FROM exchanges").fetchall()
    rows = [row for row in rows if row[-1] == "chat"]
    assert {row[1:-1] for row in rows} <= {(200, "load", INPUT, OUTPUT)}
    ids = [row[0] for row in rows]
    assert len(ids) == len(set(ids))
    return set(ids)


def agrees(folder, gateway: Gateway, before: tuple[int, int], life: Life):
    """What is there after a kill is what clients were told before it."""
    assert life.keys <= listed(gateway)
    assert {answer.id for answer in life.sure} <= written(folder)
    requests, tokens = (now - then for now, then in zip(counted(gateway), before))
    # The look was counted, too.
    requests -= 1
    # Each client may have had one request under way. What was not settled any more stays reserved.
    unsettled = len(life.answers) + CLIENTS - len(life.sure)
    assert len(life.sure) <= requests <= len(life.answers) + CLIENTS
    assert len(life.sure) * USED <= tokens <= len(life.answers) * USED + unsettled * RESERVED


def test_what_was_told_is_there_after_a_kill(tmp_path, count):
    """Several times with files that were there already, and in proof with several files."""
    chance = random.Random(20_27)
    for number in range(count(1, 10)):
        folder, keys, sure = tmp_path / str(number), set(), 0
        folder.mkdir()
        for kill in range(KILLS):
            with Gateway(config(folder)) as gateway:
                assert keys <= listed(gateway)
                before = counted(gateway)
                life = live(gateway, f"life-{kill}", chance.uniform(0.05, 1.5))
            with Gateway(config(folder)) as gateway:
                agrees(folder, gateway, before, life)
            keys |= life.keys
            sure += len(life.sure)
        assert keys and sure, "nothing was held against what was told"


def test_nothing_is_missing_after_an_ordinary_end(tmp_path):
    with Gateway(config(tmp_path)) as gateway:
        before = counted(gateway)
        with Load(gateway.address, clients=CLIENTS, authorization="Bearer static") as load:
            load.gets(500)
            assert gateway.stop() == 0
    with Gateway(config(tmp_path)) as gateway:
        assert {answer.id for answer in load.answers} == written(tmp_path)
        requests, tokens = (now - then for now, then in zip(counted(gateway), before))
        # The look was counted, too.
        assert (requests - 1, tokens) == (len(load.answers), len(load.answers) * USED)
