"""Limits over a cluster of Redis, and over a server that a sentinel replaces."""

from support.gateway import Gateway, proxy_config
from support.load import Load
from support.redis import DURABLE, Redis, Sentinel, cluster
from support.wait import until

MOCK = {"local": {"provider": "mock"}}
MOST, REQUESTS, USED = 300, 1000, 12
PATIENT = {"timeout": "5s"}


def config(store: dict, **limits) -> dict:
    return proxy_config(MOCK, [{"rate_limit": {"requests_per_month": MOST, "on_store_error": "closed", **limits}}], store=store)


def granted(gateway: Gateway) -> int:
    with Load(gateway.address, clients=20, most=REQUESTS) as load:
        statuses = [answer.status for answer in load.finish()]
    assert set(statuses) == {200, 429}
    return statuses.count(200)


def test_limits_hold_over_a_cluster():
    """The two limits lie on different masters."""
    with cluster() as nodes:
        store = {"redis": {"cluster": [nodes[0].address], **PATIENT}}
        with Gateway(config(store, tokens_per_month=1_000_000)) as gateway:
            assert granted(gateway) == MOST
            left = lambda: int(gateway.get("/v1/looks").headers["x-ratelimit-remaining-tokens"])  # noqa: E731
            until(lambda: left() == 1_000_000 - MOST * USED, "the last settlement")


def test_limits_hold_over_a_server_that_a_sentinel_replaces():
    with Redis(*DURABLE) as master, Redis("--replicaof", "127.0.0.1", str(master.port)) as replica, Sentinel(master) as sentinel:
        until(lambda: "num-slaves\n1" in sentinel.ask("SENTINEL", "MASTER", "tide"), "the replica", seconds=30)
        with Gateway(config(sentinel.store(**PATIENT))) as gateway:
            for _ in range(100):
                assert gateway.chat().status_code == 200
            assert master.ask("WAIT", "1", "5000") == "1"
            master.kill()
            until(lambda: "role:master" in replica.ask("INFO", "replication"), "another master", seconds=30)
            until(lambda: gateway.get("/v1/looks").status_code != 503, "the gateway's way to it")
            left = int(gateway.get("/v1/looks").headers["x-ratelimit-remaining-requests"])
            assert 0 <= MOST - 100 - left <= 10, "the new master goes on where the old one was"
            assert granted(gateway) == left
