"""Callers with JSON web tokens, of issuers whose keys are fetched, renewed, withdrawn and missing."""

import json
import threading
import time

import pytest

from support.clients import user
from support.guarded import fields, guarded_config, refusal
from support.signing import signed
from support.tokens import AUDIENCE, Issuer, TokenKey, encode, with_secret
from support.upstream import Upstream
from support.wait import until

CHAT = {"model": "echo", "messages": user("hello")}


@pytest.fixture
def issuer():
    with Issuer() as issuer:
        yield issuer


def jwt(issuer: Issuer, **more) -> dict:
    return {"jwt": [issuer.provider(**more)]}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_tokens_of_every_algorithm_let_in(guarded, algorithm):
    with Issuer(keys=[TokenKey("k", algorithm)]) as issuer:
        gateway = guarded(jwt(issuer, algorithms=[algorithm]))
        assert gateway.bearer(issuer.token()).status_code == 200
        assert gateway.bearer(issuer.token()[:-6] + "AAAAAA").status_code == 401
        other = guarded(jwt(issuer, algorithms=["RS512"]))
        assert "algorithm" in refusal(other.bearer(issuer.token()), "invalid_token")


def test_claims_become_a_principal_and_fields(guarded, issuer):
    claims = {"principal_prefix": "idp:", "tenant": "/org/id", "models": "models", "headers": {"x-user": "email", "x-roles": "roles"}}
    gateway = guarded(jwt(issuer, claims=claims))
    said = {"org": {"id": "acme"}, "models": ["ec*"], "email": "alice@example.com"}
    answer = gateway.bearer(issuer.token(**said), headers={"x-user": "forged", "x-roles": "admin"})
    seen = fields(answer)
    assert seen["x-user"] == "alice@example.com"
    assert not {"x-roles", "authorization"} & set(seen)
    line = gateway.access_of("/v1/chat/completions")[0]
    assert (line["principal"], line["tenant"]) == ("idp:alice", "acme")
    assert gateway.bearer(issuer.token(**said | {"models": ["other"]})).status_code == 403
    assert "which tenant" in refusal(gateway.bearer(issuer.token(models=["*"])), "invalid_token")
    listed = gateway.get("/v1/models", headers=bearer(issuer.token(**said))).json()["data"]
    assert [model["id"] for model in listed] == ["echo"]


def test_required_claims(guarded, issuer):
    gateway = guarded(jwt(issuer, required_claims={"scope": "chat", "verified": True}))
    assert gateway.bearer(issuer.token(scope="read chat", verified=True)).status_code == 200
    assert gateway.bearer(issuer.token(scope="chats", verified=True)).status_code == 401
    assert gateway.bearer(issuer.token(scope="chat")).status_code == 401


def test_a_refusal_has_the_shape_of_each_client(guarded, issuer):
    gateway = guarded(jwt(issuer))
    expired = bearer(issuer.token(exp=1))
    openai = gateway.post("/v1/chat/completions", CHAT, headers=expired)
    anthropic = gateway.post("/v1/messages", {**CHAT, "max_tokens": 5}, headers=expired)
    gemini = gateway.post("/v1beta/models/echo:generateContent", {"contents": []}, headers=expired)
    bedrock = gateway.post("/model/echo/converse", {"messages": []}, headers=expired)
    for answer in (openai, anthropic, gemini, bedrock):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert "expired" in answer.text
    assert openai.json()["error"]["code"] == "invalid_token"
    assert anthropic.json()["error"]["type"] == "authentication_error"
    assert gemini.json()["error"]["status"] == "UNAUTHENTICATED"
    assert gateway.ask().headers["www-authenticate"] == "Bearer"


def test_a_web_token_is_judged_as_one_and_all_else_as_an_api_key(guarded, issuer):
    gateway = guarded({**jwt(issuer), "api_keys": {"keys": [{"key": "demo", "principal": "by-key"}]}})
    assert gateway.bearer("demo").status_code == 200
    assert gateway.bearer(issuer.token()).status_code == 200
    assert gateway.ask(headers={"x-api-key": "demo"}).status_code == 200
    refusal(gateway.bearer("other"), "invalid_api_key")
    refusal(gateway.bearer(issuer.token(aud="other")), "invalid_token")
    refusal(gateway.bearer(issuer.token(aud="other"), headers={"x-api-key": "demo"}), "invalid_token")
    assert {line.get("principal") for line in gateway.access_of("/v1/chat/completions", 6)} == {"by-key", "alice", None}


def test_with_all_a_caller_needs_a_credential_of_each_filter(guarded, issuer):
    signers = {"hmac": {"keys": [{"id": "a", "secret": "0123456789abcdef", "principal": "by-signature"}]}}
    service = guarded_config(jwt(issuer))["virtual_services"][0]
    service |= {"auth": "all", "filters": [*service["filters"], {"auth_filter": signers, "name": "signers"}]}
    gateway = guarded(jwt(issuer), virtual_services=[service])
    signature = signed("0123456789abcdef", "a", "GET", "/v1/models")
    tokens = {"none": {}, "good": bearer(issuer.token()), "bad": bearer(issuer.token(exp=1))}
    statuses = {name: gateway.get("/v1/models", headers=signature | token).status_code for name, token in tokens.items()}
    assert statuses == {"none": 401, "good": 200, "bad": 401}
    assert gateway.get("/v1/models", headers=tokens["good"]).status_code == 401
    principals = [line.get("principal") for line in gateway.access_of("/v1/models", 4)]
    assert principals == [None, "alice", None, None], "the first filter says who it is"


def test_a_key_in_a_field_of_its_own_and_a_token_are_asked_for_together(guarded, issuer):
    keys = {"api_keys": {"keys": [{"key": "demo", "principal": "by-key"}], "header": "x-team-key"}}
    service = guarded_config(jwt(issuer))["virtual_services"][0]
    service |= {"auth": "all", "filters": [*service["filters"], {"auth_filter": keys, "name": "keys"}]}
    gateway = guarded(jwt(issuer), virtual_services=[service])
    token, key = bearer(issuer.token()), {"x-team-key": "demo"}
    sent = [token | key, token, key, token | {"x-api-key": "demo"}, token | {"x-team-key": "other"}, bearer(issuer.token(exp=1)) | key]
    assert [gateway.get("/v1/models", headers=headers).status_code for headers in sent] == [200, 401, 401, 401, 401, 401]


def test_t_auth_1_what_other_languages_make_of_a_token_is_a_401(guarded, issuer):
    gateway = guarded(jwt(issuer))
    texts = ["' OR '1'='1", "'; DROP TABLE users; --", "${jndi:ldap://x}", "{{7*7}}", "../../etc/passwd", "%00", "\\x00"]
    for text in texts:
        refusal(gateway.bearer(f"eyJ{text}.{text}.{text}"))
        refusal(gateway.bearer(issuer.keys[0].sign(issuer.claims(), kid=text)), "invalid_token")
        refusal(gateway.bearer(issuer.token(iss=text)), "invalid_token")
        assert fields(gateway.bearer(issuer.token(sub=text)))
    assert [line["principal"] for line in gateway.access_of("/v1/chat/completions", 28) if line["status"] == 200] == texts


def test_t_auth_3_tokens_with_a_common_beginning_are_told_apart(guarded, issuer):
    gateway = guarded(jwt(issuer))
    for _ in range(2):
        for name in ("alice", "alicf"):
            assert gateway.bearer(issuer.token(sub=name)).status_code == 200
    token = issuer.token()
    assert gateway.bearer(token).status_code == 200
    head, claims, signature = token.split(".")
    forged = [
        f"{head}.{encode(issuer.claims(sub='admin'))}.{signature}",
        f"{token}A",
        token[:-1],
        f"{head}.{claims}.{signature[:20]}{'A' * (len(signature) - 20)}",
    ]
    for text in forged:
        refusal(gateway.bearer(text), "invalid_token")
    principals = [line.get("principal") for line in gateway.access_of("/v1/chat/completions", 9)]
    assert principals == ["alice", "alicf"] * 2 + ["alice"] + [None] * 4


def test_t_auth_4_forged_tokens_are_a_401(guarded):
    with Issuer(keys=[TokenKey("k", "RS256")]) as issuer, Issuer(keys=[TokenKey("k", "RS256")]) as stranger:
        gateway = guarded(jwt(issuer, leeway="10s"))
        key, claims, now = issuer.keys[0], issuer.claims(), int(time.time())
        modulus = key.jwk["n"].encode()
        forged = {
            "none": f"{encode({'alg': 'none'})}.{encode(claims)}.",
            "None": f"{encode({'alg': 'None', 'kid': 'k'})}.{encode(claims)}.{key.sign(claims).rpartition('.')[2]}",
            "public key as a secret": with_secret(key.public_pem, claims, kid="k"),
            "modulus as a secret": with_secret(modulus, claims, kid="k"),
            "another key": stranger.token(),
            "key of its own": stranger.keys[0].sign(claims, jwk=stranger.keys[0].jwk),
            "keys elsewhere": stranger.keys[0].sign(claims, jku=f"{stranger.url}/jwks", x5u=f"{stranger.url}/x"),
            "path for a name": key.sign(claims, kid="../../../../dev/null"),
            "empty secret of a path": with_secret(b"", claims, kid="../../../../dev/null"),
            "unknown extension": key.sign(claims, crit=["exp"]),
            "expired": key.sign({**claims, "exp": now - 11}),
            "never ends": key.sign(issuer.claims(exp=None)),
            "ends in words": key.sign({**claims, "exp": str(now + 600)}),
            "not yet": key.sign({**claims, "nbf": now + 60}),
            "not yet in words": key.sign({**claims, "nbf": "soon"}),
            "another audience": key.sign({**claims, "aud": "other"}),
            "several others": key.sign({**claims, "aud": ["other", AUDIENCE.upper()]}),
            "no audience": key.sign(issuer.claims(aud=None)),
            "another issuer": key.sign({**claims, "iss": "https://issuer.example.evil"}),
            "several issuers": key.sign({**claims, "iss": [issuer.name]}),
            "nobody": key.sign(issuer.claims(sub="")),
            "huge": key.sign({**claims, "padding": "a" * 8192}),
        }
        for what, token in forged.items():
            answer = gateway.bearer(token)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_token"), what
        assert gateway.bearer(key.sign({**claims, "aud": ["other", AUDIENCE]})).status_code == 200
        assert not stranger.requests, "nobody follows what a token says of keys"
        assert gateway.metric("tidegate_plugin_calls_total", plugin="auth_filter", verdict="deny") == len(forged)


def test_without_keys_the_filter_fails_and_mends_itself(guarded, issuer):
    issuer.status = 500
    gateway = guarded(jwt(issuer))
    answer = gateway.bearer(issuer.token())
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "filter_failed")
    gateway.log_has("the keys of the issuer cannot be fetched")
    assert gateway.bearer(issuer.token(iss="https://other.example")).status_code == 401
    issuer.status = 200
    until(lambda: gateway.bearer(issuer.token()).status_code == 200, "the return of the keys")


def test_a_failure_that_is_allowed_lets_nobody_in(guarded, issuer):
    issuer.status = 500
    gateway = guarded(jwt(issuer), {"on_error": "allow"})
    refusal(gateway.bearer(issuer.token()), "invalid_api_key")


def test_a_server_that_is_gone_does_no_harm_while_there_are_keys(guarded, issuer):
    settings = jwt(issuer, jwks={"url": f"{issuer.url}/jwks", "cache": "1s"})
    gateway = guarded(settings)
    assert gateway.bearer(issuer.token()).status_code == 200
    issuer.status = 500
    until(lambda: gateway.bearer(issuer.token()).status_code == 200 and len(issuer.requests) > 1, "a renewal that fails")
    gateway.log_has("could not be fetched")
    for number in range(20):
        assert gateway.bearer(issuer.token(sub=f"user-{number}")).status_code == 200
        assert gateway.bearer(TokenKey("unknown").sign(issuer.claims())).status_code == 401
    gateway.write(guarded_config(settings, {"name": "renamed"}))
    assert gateway.admin("POST", "/v1/reload").status_code == 200
    assert gateway.bearer(issuer.token()).status_code == 200, "a new configuration goes on with the keys"
    assert len(issuer.requests) < 10


def test_unknown_names_of_keys_cost_one_fetch(guarded, issuer):
    gateway = guarded(jwt(issuer))
    assert gateway.bearer(issuer.token()).status_code == 200
    for number in range(30):
        refusal(gateway.bearer(TokenKey(f"k{number}").sign(issuer.claims())), "invalid_token")
    assert len(issuer.requests) == 2


def test_keys_change_under_load_and_no_request_fails(guarded, issuer, count):
    gateway = guarded(jwt(issuer, jwks={"url": f"{issuer.url}/jwks", "cache": "1s"}))
    statuses, over = [], threading.Event()

    def hammer():
        number = 0
        while not over.is_set():
            number += 1
            # Every second token is new to the gateway.
            statuses.append(gateway.bearer(issuer.token(sub=f"user-{number // 2}")).status_code)

    clients = [threading.Thread(target=hammer) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        for round in range(count(3, 20)):
            fresh = TokenKey(f"round-{round}")
            issuer.published = [*issuer.published[-1:], fresh]
            if round > 0:  # The first one is found because a token names it, later ones by a renewal.
                seen = len(issuer.requests)
                until(lambda: len(issuer.requests) >= seen + 2, "a renewal")
            issuer.keys[0] = fresh
            answered = len(statuses)
            until(lambda: len(statuses) > answered + 40, "requests with the new key", 30)
    finally:
        over.set()
        for client in clients:
            client.join(30)
    assert set(statuses) == {200}


def test_keys_in_a_file_are_read_again(guarded, issuer):
    keys = {"keys.json": json.dumps(issuer.jwks)}
    gateway = guarded(jwt(issuer, jwks={"file": "keys.json"}), files=keys)
    assert gateway.bearer(issuer.token()).status_code == 200
    fresh = TokenKey("fresh")
    assert gateway.bearer(fresh.sign(issuer.claims())).status_code == 401
    new = gateway.folder / "keys.new"
    new.write_text(json.dumps({"keys": [fresh.jwk]}))
    new.rename(gateway.folder / "keys.json")
    until(lambda: gateway.bearer(fresh.sign(issuer.claims())).status_code == 200, "the new key")
    assert gateway.bearer(issuer.token()).status_code == 401


def test_t_ssrf_2_keys_are_fetched_from_where_they_are_said_to_be(guarded, issuer):
    with Upstream(lambda seen, reply: reply.send(302, location=f"{issuer.url}/jwks")) as redirecting:
        urls = [f"{redirecting.url}/jwks", "http://169.254.169.254/jwks", "http://2130706433/jwks", "http://[::ffff:169.254.169.254]/jwks"]
        for url in urls:
            gateway = guarded(jwt(issuer, jwks={"url": url, "allow_http": True}))
            assert gateway.bearer(issuer.token()).status_code == 503, url
        assert redirecting.requests and not issuer.requests


def test_a_large_set_of_keys_is_refused(guarded, issuer):
    with Upstream(lambda seen, reply: reply.json({"keys": [], "padding": "a" * (2 << 20)})) as upstream:
        gateway = guarded(jwt(issuer, jwks={"url": upstream.url}))
        assert gateway.bearer(issuer.token()).status_code == 503
        gateway.log_has("larger than 1 MiB")


def test_tokens_are_not_written_down(guarded, issuer):
    gateway = guarded(jwt(issuer))
    tokens = [issuer.token(), issuer.token(exp=1), issuer.token(iss="https://canary-issuer.example")]
    for token in tokens:
        gateway.bearer(token, headers={"x-tidegate-trace": "1"})
    gateway.access_of("/v1/chat/completions", 3)
    written = gateway.written()
    for token in tokens:
        assert not [part for part in token.split(".")[1:] if part in written]
    assert "canary" not in written


def test_keys_are_fetched_for_requests_only(guarded, issuer):
    gateway = guarded(jwt(issuer))
    gateway.ask()
    gateway.bearer("opaque")
    gateway.bearer(issuer.token(iss="https://other.example"))
    assert not issuer.requests
