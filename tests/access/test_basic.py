"""Callers with a name and a password."""

import base64
import json
import threading

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from support.guarded import Guarded, refusal
from support.wait import until


def hashed(password: str, memory: int = 64) -> str:
    """An argon2id hash, made with another library than the gateway's."""
    return Argon2id(salt=b"some salt", length=32, iterations=1, lanes=1, memory_cost=memory).derive_phc_encoded(password.encode())


def users(**passwords: str) -> dict:
    return {"users": [{"name": name, "hash": hashed(password)} for name, password in passwords.items()]}


def log_in(gateway: Guarded, pair: str | bytes, **options):
    pair = pair.encode() if isinstance(pair, str) else pair
    return gateway.ask(f"Basic {base64.b64encode(pair).decode()}", **options)


def test_a_name_and_its_password_let_in(guarded):
    entry = {"name": "alice", "hash": hashed("wonder:länd"), "principal": "team-a", "tenant": "acme", "models": ["ec*"]}
    gateway = guarded({"basic": {"users": [entry, *users(bob="builder")["users"]]}})
    for _ in range(2):
        assert log_in(gateway, "alice:wonder:länd").status_code == 200
    assert log_in(gateway, "bob:builder").status_code == 200
    lines = gateway.access_of("/v1/chat/completions", 3)
    assert [(line["principal"], line.get("tenant")) for line in lines] == [("team-a", "acme")] * 2 + [("bob", None)]


def test_t_auth_1_anything_else_is_a_401_that_is_told_alike(guarded):
    gateway = guarded({"basic": users(alice="wonderland", nobody="")})
    wrong = log_in(gateway, "alice:wrong")
    assert wrong.headers["www-authenticate"] == 'Basic realm="tidegate", charset="UTF-8"'
    unknown = log_in(gateway, "carol:wonderland")
    assert wrong.content == unknown.content and refusal(wrong, "invalid_password")
    pairs = ["alice:", "nobody:", ":", "alice", "' OR '1'='1:x", "alice:' OR '1'='1", "alice\0:wonderland", "Alice:wonderland", b"\xff\xfe:x"]
    for pair in pairs:
        refusal(log_in(gateway, pair), "invalid_password")
    for value in ["Basic !!", "Basic " + "YWxp" * 1000]:
        refusal(gateway.ask(value), "invalid_password")
    refusal(log_in(gateway, hashed("wonderland")), "invalid_password")
    assert refusal(gateway.ask())


def test_users_in_a_file_are_read_again(guarded):
    gateway = guarded({"basic": {"file": "users.json"}}, files={"users.json": json.dumps(users(alice="first"))})
    assert log_in(gateway, "alice:first").status_code == 200
    new = gateway.folder / "users.new"
    new.write_text(json.dumps(users(alice="second")))
    new.rename(gateway.folder / "users.json")
    until(lambda: log_in(gateway, "alice:second").status_code == 200, "the new password")
    refusal(log_in(gateway, "alice:first"), "invalid_password")


def test_a_flood_of_passwords_shuts_out_nobody_who_is_remembered(guarded):
    gateway = guarded({"basic": {"users": [{"name": "alice", "hash": hashed("right", memory=64 * 1024)}]}})
    until(lambda: log_in(gateway, "alice:right").status_code == 200, "the first log-in")
    told, over = [], threading.Event()

    def flood(number: int):
        while not over.is_set():
            told.append(log_in(gateway, f"alice:{number}-{len(told)}").status_code)

    clients = [threading.Thread(target=flood, args=(number,)) for number in range(12)]
    for client in clients:
        client.start()
    try:
        until(lambda: len(told) > 20, "a flood", 60)
        assert {log_in(gateway, "alice:right").status_code for _ in range(20)} == {200}
    finally:
        over.set()
        for client in clients:
            client.join(30)
    assert set(told) <= {401, 503}
    assert gateway.metric("tidegate_plugin_calls_total", plugin="auth_filter", verdict="error") == 0


def test_passwords_are_not_written_down(guarded):
    gateway = guarded({"basic": users(alice="canary-right")})
    for pair in ["alice:canary-right", "alice:canary-wrong", "canary-name:canary-wrong"]:
        log_in(gateway, pair, headers={"x-tidegate-trace": "1"})
    gateway.access_of("/v1/chat/completions", 3)
    written = gateway.written()
    assert "canary" not in written and base64.b64encode(b"alice:canary").decode()[:14] not in written
    assert hashed("canary-right").rpartition("$")[2] not in written
