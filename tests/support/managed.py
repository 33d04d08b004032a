"""Keys that the admin API makes: made, listed, changed, and put into a store by the thousand."""

import hashlib
import json
import pathlib
import sqlite3

import httpx

from support.gateway import Gateway, proxy_config
from support.redis import Redis

AUTH = {"auth_filter": {"api_keys": {"managed": True}}}
ECHO = {"local": {"provider": "mock", "echo": True, "models": ["echo", "other"]}}


def keyed_config(filters: list | None = None, **top) -> dict:
    """A service that lets managed keys in, in front of a mock that shows what has reached it."""
    return proxy_config(ECHO, [AUTH, *(filters or [])], **top)


def create(gateway: Gateway, principal: str = "alice", **wanted) -> dict:
    """A new key as the admin API tells of it, its secret under `key`."""
    answer = gateway.admin("POST", "/v1/keys", json={"principal": principal, **wanted})
    assert answer.status_code == 201, answer.text
    return answer.json()


def rotate(gateway: Gateway, made: dict, **wanted) -> dict:
    answer = gateway.admin("POST", f"/v1/keys/{made['id']}/rotate", json=wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()


def revoke(gateway: Gateway, made: dict):
    answer = gateway.admin("DELETE", f"/v1/keys/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")


def listed(gateway: Gateway, **query) -> dict:
    answer = gateway.admin("GET", "/v1/keys", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ask(gateway: Gateway, made: dict, model: str = "echo", **options) -> httpx.Response:
    return gateway.chat(model, headers={"authorization": f"Bearer {made['key']}", **options.pop("headers", {})}, **options)


def status(gateway: Gateway, made: dict, **options) -> int:
    return ask(gateway, made, **options).status_code


def secret_of(number: int) -> str:
    """The secret of a key that [`seed`] puts into a store."""
    return f"tg_seeded-{number:034d}"


def seed(database: pathlib.Path, count: int):
    """Puts copies of the one key of a store beside it, each with an id and a secret of its own."""
    with sqlite3.connect(database) as store:
        ((template,),) = store.execute("SELECT value FROM records WHERE collection = 'api_keys'").fetchall()
        store.executemany("INSERT INTO records (collection, id, value) VALUES ('api_keys', ?, ?)", (copy(template, number) for number in range(count)))
    store.close()


def seed_shared(redis: Redis, count: int):
    """The same in the store that gateways share."""
    table = "tidegate:t:{api_keys}"
    [_, kept] = redis.ask("HGETALL", table).splitlines()
    version, template = kept.split(":", 1)
    lines = []
    for number in range(count):
        name, record = copy(template.encode(), number)
        words = [b"HSET", table.encode(), name.encode(), version.encode() + b":" + record]
        lines.append(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
    redis.pipe(b"".join(lines))


def copy(template: bytes, number: int) -> tuple[str, bytes]:
    secret = secret_of(number)
    changed = {"prefix": secret[:9], "sha256": hashlib.sha256(secret.encode()).hexdigest()}
    return f"key_{number:032x}", json.dumps(json.loads(template) | changed).encode()
