"""Answers that name the model as the client did, whatever the provider calls it."""

import json

import pytest
from openai import OpenAI

from support.gateway import Gateway, proxy_config
from support.upstream import DONE, Upstream, completion, delta


def answer(seen, reply):
    if not seen.json.get("stream"):
        return reply.json(completion("hi"))
    reply.start_events()
    for event in (delta("hi"), delta("", finish_reason="stop"), DONE):
        reply.chunk(event)
    reply.end()


@pytest.fixture(scope="module")
def gateway():
    with Upstream(answer) as upstream:
        backend = {"cluster": "up", "model": "m-1"}
        words = {"name": "guard", "content_moderation": {"words": ["hi"], "action": "redact", "replace_with": "ho"}}
        routes = [
            {"name": "restored", "match": {"model": "mine"}, "backends": [{**backend, "restore_model": True}]},
            {"name": "judged", "match": {"model": "judged"}, "backends": [{**backend, "restore_model": True}], "filters": [words]},
            {"name": "rest", "backends": [backend]},
        ]
        with Gateway(proxy_config({"up": upstream.cluster("deepseek")}, routes=routes)) as gateway:
            yield gateway


@pytest.mark.parametrize(("model", "said"), [("mine", "mine"), ("judged", "judged"), ("other", "m-1")])
def test_answers_and_streams_name_the_model_as_the_client_did(gateway, model, said):
    text = "ho" if model == "judged" else "hi"
    with OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0) as client:
        asked = {"model": model, "messages": [{"role": "user", "content": "x"}]}
        whole = client.chat.completions.create(**asked)
        assert (whole.model, whole.choices[0].message.content) == (said, text)
        chunks = list(client.chat.completions.create(**asked, stream=True))
        assert {chunk.model for chunk in chunks} == {said}
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == text


def test_every_api_has_its_own_place_for_it(gateway):
    turn = {"role": "user", "content": "x"}
    message = gateway.post("/v1/messages", {"model": "mine", "max_tokens": 9, "messages": [turn]})
    assert message.json()["model"] == "mine"
    begun = gateway.post("/v1/messages", {"model": "mine", "max_tokens": 9, "messages": [turn], "stream": True}).text
    assert '"model":"mine"' in begun and "m-1" not in begun
    response = gateway.post("/v1/responses", {"model": "mine", "input": "x", "stream": True}).text
    assert '"model":"mine"' in response and "m-1" not in response
    content = {"contents": [{"role": "user", "parts": [{"text": "x"}]}]}
    assert gateway.post("/v1beta/models/mine:generateContent", content).json()["modelVersion"] == "mine"
    assert json.loads(gateway.post("/v1beta/models/mine:streamGenerateContent", content).text)[0]["modelVersion"] == "mine"


def test_the_account_keeps_both_names(gateway):
    before = len([line for line in gateway.access if line["path"] == "/v1/completions"])
    gateway.post("/v1/completions", {"model": "mine", "prompt": "x"})
    line = gateway.access_of("/v1/completions", before + 1)[-1]
    assert (line["original_model"], line["request_model"]) == ("mine", "m-1")
