"""The scripted upstreams are what they seem: each vendor's own client takes them for the vendor, without a gateway."""

import pytest

from support.speakers import speaker as asked_for
from support.vendors import scenes
from support.vendors.chat import Mistral, OpenAi
from support.vendors.converse import Bedrock
from support.vendors.gemini import Gemini
from support.vendors.messages import Anthropic

pytestmark = pytest.mark.xdist_group("translation")


class Stable(Gemini):
    """Its client prefers the stable paths."""

    def folder(self) -> str:
        return "/v1"


OWN = {
    "python": OpenAi,
    "node": OpenAi,
    "langchain": OpenAi,
    "ai": Mistral,
    "anthropic": Anthropic,
    "anthropic-node": Anthropic,
    "boto3": Bedrock,
    "google-genai": Stable,
}


@pytest.fixture
def vendor(kind, client):
    with OWN[kind]() as vendor:
        client.turn_to(vendor.upstream.url)
        # Clients send keys in ways of their own, which is not looked at here.
        vendor.trespass = lambda seen: []
        yield vendor
        assert vendor.problems == []


@pytest.mark.parametrize("kind", OWN, indirect=True)
@pytest.mark.parametrize("call", ["chat", "stream"])
def test_own_client(client, speaker, vendor, call):
    def ask(scene, params, call=call):
        vendor.play(scene)
        return speaker.said(client(call, key="k", **params, **(speaker.in_streams if call == "stream" else {})))

    said = ask(scenes.TEXT, speaker.plain(vendor.model))
    assert (said.text, said.end) == (scenes.REPLY, "stop")
    assert (said.input, said.output, said.cached) == (scenes.INPUT, scenes.OUTPUT, scenes.CACHED)
    assert (vendor.asked().system, vendor.asked().text) == (asked_for.SYSTEM, asked_for.QUESTION)
    called = ask(scenes.TOOLS, speaker.tools(vendor.model))
    assert (called.called, called.end) == ([(tool.name, tool.arguments) for tool in scenes.CALLS], "calls")
    ask(scenes.TEXT, speaker.results(vendor.model, called))
    assert [text for _, text in vendor.asked().results] == list(asked_for.RESULTS)
    ask(scenes.TEXT, speaker.picture(vendor.model))
    assert vendor.asked().pictures == [("image/png", asked_for.PICTURE)]
    structured = ask(scenes.STRUCTURED, speaker.structured(vendor.model), speaker.structured_call)
    assert structured.parsed == scenes.CITY and vendor.asked().schema["properties"] == asked_for.PLACE["properties"]
    thought = ask(scenes.THINKING, speaker.thinking(vendor.model))
    assert vendor.asked().thinks and (thought.text, thought.end) == (scenes.REPLY, "stop")
    if speaker.has_thoughts and not isinstance(vendor, OpenAi) or isinstance(vendor, Mistral):
        assert thought.thought == scenes.THOUGHT
    if not isinstance(vendor, OpenAi):
        assert thought.signature == scenes.SIGNATURE


@pytest.mark.parametrize("kind", OWN, indirect=True)
def test_a_field_that_nobody_knows_is_refused(client, speaker, vendor):
    vendor.play(scenes.TEXT)
    client("chat", key="k", **speaker.tools(vendor.model))
    body = vendor.upstream.requests[-1].json
    assert list(vendor.objections(body, False)) == []
    assert list(vendor.objections({**body, "frobnicate": 1}, False))
    where = "messages" if "messages" in body else "contents"
    first, *rest = body[where]
    assert list(vendor.objections({**body, where: [{**first, "frobnicate": 1}, *rest]}, False))
