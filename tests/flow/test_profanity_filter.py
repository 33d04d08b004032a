"""The plugin profanity-filter, whose words come from a package of its environment, in front of the embedded model."""

import json
import threading

import httpx
import pytest

from support.clients import user
from support.gateway import PLAIN, ROOT, Gateway, proxy_config
from support.upstream import DONE, Upstream, delta

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


def said(text: str) -> str:
    events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    return "".join(choice["delta"].get("content") or "" for event in events for choice in event["choices"])


def streaming(answer, action: str = "redact"):
    filters = [{"plugin": {"name": "profanity-filter", "config": {"action": action}}}]
    upstream = Upstream(answer)
    return upstream, lambda: Gateway(proxy_config({"up": upstream.cluster()}, filters=filters, plugins={"profanity-filter": PLUGIN}), patience=60)


TEXT = "grün 🌲: oh s.h.1.t, no 日本 SHIIIT! Scunthorpe, hello; how to   kill time, rosy palm and her 5 sisters or rosy palm and hers. crap"
MASKED = "grün 🌲: oh ***, no 日本 ***! Scunthorpe, hello; *** time, *** or *** and hers. ***"


def test_words_and_phrases_are_found_wherever_a_stream_is_cut():
    sizes = {}

    def answer(request, reply):
        size = sizes["now"]
        reply.start_events()
        for at in range(0, len(TEXT), size):
            reply.chunk(delta(TEXT[at : at + size]))
        reply.chunk(delta("", finish_reason="stop"))
        reply.chunk(DONE)
        reply.end()

    upstream, made = streaming(answer)
    with upstream, made() as gateway:
        for size in (1, 2, 3, 7, 200):
            sizes["now"] = size
            text = gateway.chat(stream=True).text
            assert said(text) == MASKED, size
            assert text.endswith("data: [DONE]\n\n")
        assert gateway.metric("tidegate_moderation_skipped_total") == 0


def test_a_stream_goes_on_while_its_last_words_wait():
    gate = threading.Event()

    def answer(request, reply):
        reply.start_events()
        reply.chunk(delta("one two three four five six seven sh"))
        gate.wait(10)
        for event in (delta("it"), delta("", finish_reason="stop"), DONE):
            reply.chunk(event)
        reply.end()

    upstream, made = streaming(answer)
    with upstream, made() as gateway:
        body = {"model": "mock", "messages": user("hello"), "stream": True}
        with httpx.stream("POST", gateway.url + "/v1/chat/completions", json=body, timeout=20, verify=PLAIN) as stream:
            lines = stream.iter_lines()
            first = next(line for line in lines if line.startswith("data: {"))
            assert said(first) == "one two"
            gate.set()
            assert said("\n".join([first, *lines])) == "one two three four five six seven ***"


def test_a_word_that_is_split_ends_a_stream():
    def answer(request, reply):
        reply.start_events()
        for part in ("one two three four five six seven ", "s", "h", "it", " and on", DONE):
            reply.chunk(part if isinstance(part, bytes) else delta(part))
        reply.end()

    upstream, made = streaming(answer, "block")
    with upstream, made() as gateway:
        text = gateway.chat(stream=True).text
        assert "one two three four five six seven".startswith(said(text)) and '"content_filter"' in text
