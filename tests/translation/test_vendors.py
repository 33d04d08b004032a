"""The scripted upstreams are what they seem: each vendor's own client takes them for the vendor, without a gateway."""

import pytest

from support.clients import Client
from support.speakers import SPEAKERS
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


@pytest.fixture(scope="module", params=OWN)
def pair(request):
    with OWN[request.param]() as vendor, Client(request.param, vendor.upstream.url) as client:
        # Clients send keys in ways of their own, which is not looked at here.
        vendor.trespass = lambda seen: []
        client.speaker = SPEAKERS[request.param]
        yield client, vendor
        assert vendor.problems == []


@pytest.mark.parametrize("call", ["chat", "stream"])
def test_own_client(pair, call):
    client, vendor = pair

    def ask(scene, params, call=call):
        vendor.play(scene)
        more = client.speaker.in_streams if call == "stream" else {}
        return client.speaker.said(client(call, key="k", **params, **more))

    said = ask(scenes.TEXT, client.speaker.plain(vendor.model))
    assert (said.text, said.end) == (scenes.REPLY, "stop")
    assert (said.input, said.output, said.cached) == (scenes.INPUT, scenes.OUTPUT, scenes.CACHED)
    assert (vendor.asked().system, vendor.asked().text) == (asked_for.SYSTEM, asked_for.QUESTION)
    called = ask(scenes.TOOLS, client.speaker.tools(vendor.model))
    assert (called.called, called.end) == ([(tool.name, tool.arguments) for tool in scenes.CALLS], "calls")
    ask(scenes.TEXT, client.speaker.results(vendor.model, called))
    assert [text for _, text in vendor.asked().results] == list(asked_for.RESULTS)
    ask(scenes.TEXT, client.speaker.picture(vendor.model))
    assert vendor.asked().pictures == [("image/png", asked_for.PICTURE)]
    structured = ask(scenes.STRUCTURED, client.speaker.structured(vendor.model), client.speaker.structured_call)
    assert structured.parsed == scenes.CITY and vendor.asked().schema["properties"] == asked_for.PLACE["properties"]
    thought = ask(scenes.THINKING, client.speaker.thinking(vendor.model))
    assert vendor.asked().thinks and (thought.text, thought.end) == (scenes.REPLY, "stop")
    if client.speaker.has_thoughts and not isinstance(vendor, OpenAi) or isinstance(vendor, Mistral):
        assert thought.thought == scenes.THOUGHT
    if not isinstance(vendor, OpenAi):
        assert thought.signature == scenes.SIGNATURE
