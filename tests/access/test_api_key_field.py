"""API keys in a header field that the operator chose: taken from nowhere else, and never passed on (T-HDR-3)."""

import json

import pytest

from support.gateway import Gateway, proxy_config

ECHO = {"local": {"provider": "mock", "echo": True}}
FIELD = "x-team-key"
OWN = {"auth_filter": {"api_keys": {"keys": [{"key": "own", "principal": "by-field"}], "header": FIELD}}}
USUAL = {"auth_filter": {"api_keys": {"keys": [{"key": "usual", "principal": "usual"}]}}, "name": "usual"}
BEARER, KEY = {"authorization": "Bearer usual"}, {FIELD: "own"}


def routed(**route) -> list:
    return [{"backends": [{"cluster": "local"}], **route}]


# Filters of the service, keys of the service besides, and what is sent.
WAYS = {
    "it decides": ([OWN], {}, KEY),
    "another filter decides": ([USUAL, OWN], {}, BEARER | KEY),
    "both decide": ([USUAL, OWN], {"auth": "all"}, BEARER | KEY),
    "it is a shadow": ([USUAL, {**OWN, "shadow": True}], {}, BEARER | KEY),
    "it does not apply": ([USUAL, {**OWN, "when": "headers['user-agent'] == 'nobody'"}], {}, BEARER | KEY),
    "it stands on another route": ([USUAL], {"routes": [{"match": {"path": {"prefix": "/other"}}, "backends": [{"cluster": "local"}], "filters": [OWN]}, *routed()]}, BEARER | KEY),
    "the route asks for it again": ([OWN], {"routes": routed(filters=[{**OWN, "name": "again"}], match={"headers": {FIELD: {"present": True}}})}, KEY),
}


def service(filters: list, settings: dict) -> dict:
    config = proxy_config(ECHO, filters)
    config["virtual_services"][0] |= settings
    return config


@pytest.mark.parametrize("filters, settings, sent", WAYS.values(), ids=WAYS)
def test_the_key_goes_no_further(filters, settings, sent):
    with Gateway(service(filters, settings)) as gateway:
        answer = gateway.chat("echo", headers=sent)
        assert answer.status_code == 200, answer.text
        seen = json.loads(answer.json()["choices"][0]["message"]["content"])
        assert FIELD not in seen["headers"] and "authorization" not in seen["headers"]


def test_a_key_in_another_field_is_none():
    with Gateway(service([OWN], {})) as gateway:
        for headers in ({}, {"authorization": "Bearer own"}, {"x-api-key": "own"}, {FIELD: "other"}, {FIELD: ""}):
            assert gateway.chat(headers=headers).status_code == 401, headers
