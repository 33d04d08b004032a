"""API keys of the admin API on several gateways over one Redis."""

from contextlib import contextmanager

import pytest

from support.gateway import Gateway, proxy_config
from support.managed import secret_of, seed_shared
from support.redis import Redis
from support.wait import until

# Until another gateway knows of a change.
SOON = 1.0


def config(store: dict) -> dict:
    return proxy_config({"local": {"provider": "mock"}}, [{"auth_filter": {"api_keys": {"managed": True}}}], store=store)


@contextmanager
def two():
    with Redis() as redis, Gateway(config(redis.store())) as here, Gateway(config(redis.store())) as there:
        yield redis, here, there


def made(gateway: Gateway, **wanted) -> dict:
    answer = gateway.admin("POST", "/v1/keys", json={"principal": "alice", **wanted})
    assert answer.status_code == 201, answer.text
    return answer.json()


def status(gateway: Gateway, key: dict) -> int:
    return gateway.chat(headers={"authorization": f"Bearer {key['key']}"}).status_code


def soon(gateway: Gateway, key: dict, wanted: int):
    until(lambda: status(gateway, key) == wanted, f"status {wanted} on the other gateway", seconds=SOON)


def test_a_key_is_known_on_all_gateways():
    with two() as (_, here, there):
        key = made(here)
        assert status(here, key) == 200
        soon(there, key, 200)
        assert there.admin("GET", f"/v1/keys/{key['id']}").json()["principal"] == "alice"


def test_a_gateway_knows_more_keys_than_one_answer_of_the_store_could_hold_in_its_time():
    count = 100_000
    with Redis() as redis:
        with Gateway(config(redis.store())) as first:
            key = made(first)
        seed_shared(redis, count)
        with Gateway(config(redis.store())) as gateway:
            until(lambda: status(gateway, key) == 200, "the keys", seconds=30)
            assert [status(gateway, {"key": secret_of(number)}) for number in (0, count - 1, count)] == [200, 200, 401]
            assert gateway.admin("DELETE", f"/v1/keys/{key['id']}").status_code == 204
            assert status(gateway, key) == 401


def test_a_key_that_is_revoked_is_unknown_on_all_gateways():
    with two() as (_, here, there):
        key = made(here)
        soon(there, key, 200)
        assert here.admin("DELETE", f"/v1/keys/{key['id']}").status_code == 204
        assert status(here, key) == 401
        soon(there, key, 401)
        assert there.admin("GET", f"/v1/keys/{key['id']}").status_code == 404


def test_the_old_secret_of_a_rotated_key_ends_on_all_gateways():
    with two() as (_, here, there):
        old = made(here)
        soon(there, old, 200)
        new = there.admin("POST", f"/v1/keys/{old['id']}/rotate", json={"overlap": "0s"}).json()
        assert (status(there, old), status(there, new)) == (401, 200)
        soon(here, old, 401)
        soon(here, new, 200)


def test_the_limits_of_a_key_are_those_of_all_gateways():
    with two() as (_, here, there):
        key = made(here, limits={"requests_per_month": 3})
        soon(there, key, 200)
        assert [status(gateway, key) for gateway in (here, there, here, there)] == [200, 200, 429, 429]


@pytest.mark.parametrize("lost", [Redis.kill, Redis.hang], ids=["killed", "hung"])
def test_known_keys_hold_while_the_store_is_lost(lost):
    with two() as (redis, here, there):
        key = made(here)
        soon(there, key, 200)
        lost(redis)
        here.log_has("the store is lost")
        assert [status(gateway, key) for gateway in (here, there)] == [200, 200]
        assert status(here, {"key": "tg_unknown"}) == 401
        refused = here.admin("POST", "/v1/keys", json={"principal": "bob"})
        assert refused.status_code == 503, refused.text
        assert here.admin("DELETE", f"/v1/keys/{key['id']}").status_code == 503
        assert status(here, key) == 200


def test_keys_are_made_again_once_the_store_is_back():
    with two() as (redis, here, there):
        redis.kill()
        here.log_has("the store is lost")
        redis.start()
        ask = lambda: here.admin("POST", "/v1/keys", json={"principal": "bob"})  # noqa: E731
        made = until(lambda: next((answer.json() for answer in [ask()] if answer.status_code == 201), None), "the store")
        assert status(here, made) == 200
        soon(there, made, 200)
