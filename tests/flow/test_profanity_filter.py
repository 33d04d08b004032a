"""The plugin profanity-filter, whose words come from a package of its environment, in front of the embedded model."""

import json

import pytest

from support.clients import user
from support.gateway import ROOT, Gateway, proxy_config

PLUGIN = {"path": str(ROOT / "plugins/profanity-filter"), "python": str(ROOT / ".venv-plugins")}


@pytest.fixture(scope="module")
def gateway():
    clusters = {
        "mirror": {"provider": "mock", "echo": True, "models": ["echo"]},
        "rude": {"provider": "mock", "reply": "grün 🌲: oh crap, na?", "models": ["rude"]},
    }
    filters = {name: [{"plugin": {"name": "profanity-filter", "config": {"action": name, "add": ["pineapple"]}}}] for name in ("redact", "block", "flag")}
    routes = [
        {"name": name, "match": {"headers": {"x-action": name}, "model": model}, "filters": of, "backends": [{"cluster": cluster}]}
        for name, of in filters.items()
        for model, cluster in (("echo", "mirror"), ("rude", "rude"))
    ]
    for at, route in enumerate(routes):
        route["name"] = f"{route['name']}-{at}"
    with Gateway(proxy_config(clusters, routes=routes, plugins={"profanity-filter": PLUGIN}), patience=60) as gateway:
        yield gateway


def ask(gateway, action: str, text: str, model: str = "echo", **more):
    body = {"model": model, "messages": user(text), **more}
    return gateway.post("/v1/chat/completions", body, headers={"x-action": action})


def seen(answer) -> str:
    assert answer.status_code == 200, answer.text
    return json.loads(answer.json()["choices"][0]["message"]["content"])["body"]["messages"][0]["content"]


def test_words_are_masked_on_the_way_in(gateway):
    assert seen(ask(gateway, "redact", "grün 🌲 sh1t, Pineapple!")) == "grün 🌲 ***, ***!"
    assert seen(ask(gateway, "redact", "a classic from Scunthorpe")) == "a classic from Scunthorpe"


def test_words_are_masked_on_the_way_out(gateway):
    answer = ask(gateway, "redact", "hello", "rude")
    assert answer.json()["choices"][0]["message"]["content"] == "grün 🌲: oh ***, na?"
    streamed = ask(gateway, "redact", "hello", "rude", stream=True).text
    assert "crap" not in streamed
    assert streamed.endswith("data: [DONE]\n\n")


def test_a_block_names_no_word(gateway):
    for answer in (ask(gateway, "block", "oh crap"), ask(gateway, "block", "hello", "rude")):
        assert answer.json()["error"]["code"] == "content_filter"
        assert "crap" not in answer.text


def test_a_flag_changes_nothing(gateway):
    assert ask(gateway, "flag", "hello", "rude").json()["choices"][0]["message"]["content"] == "grün 🌲: oh crap, na?"
