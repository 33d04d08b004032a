"""Every client with every provider: what the client's own objects say, and what the provider was asked."""

import pytest

from support.pairs import BOTH, PAIRS, everyone
from support.speakers import speaker as asked_for
from support.vendors import scenes

pytestmark = pytest.mark.xdist_group("translation")

# OpenAI keeps its thoughts for itself in chats.
SILENT = ("openai", "azure-openai")
# Providers that sign them and want them back as they were, and clients that have a place for that.
SIGNING = ("anthropic", "aws-bedrock", "aws-bedrock-anthropic", "gcp-vertex-anthropic", "gemini", "gcp-vertex")
KEEPING = [pair for pair in PAIRS if pair[0] in ("anthropic", "anthropic-node", "boto3", "google-genai") and pair[1] in SIGNING]
PARSING = [pair for pair in PAIRS if pair[0] in ("langchain", "ai")]


def costs(said) -> tuple[int, int, int]:
    return said.input, said.output, said.cached


def ask(client, speaker, call: str, params: dict):
    """What the client says."""
    return speaker.said(client(speaker.calls[call], **params, **(speaker.in_streams if call == "stream" else {})))


@everyone(*BOTH)
def test_text(client, speaker, vendor, call):
    vendor.play(scenes.TEXT)
    said = ask(client, speaker, call, speaker.plain(vendor.provider))
    assert (said.text, said.end, said.calls) == (scenes.REPLY, "stop", [])
    assert costs(said) == (scenes.INPUT, scenes.OUTPUT, scenes.CACHED)
    asked = vendor.asked()
    assert (asked.system, asked.text) == (asked_for.SYSTEM, asked_for.QUESTION)
    assert asked.limit == 64
    assert asked.stops == (["END"] if speaker.has_stops else [])
    assert asked.temperature == (0.5 if speaker.has_temperature else None)


@everyone(*BOTH)
def test_a_limit_is_told(client, speaker, vendor, call):
    vendor.play(scenes.LENGTH)
    said = ask(client, speaker, call, speaker.plain(vendor.provider))
    assert (said.text, said.end) == ("The tide", "length")


@everyone(*BOTH)
def test_a_refusal_is_told(client, speaker, vendor, call):
    vendor.play(scenes.REFUSED)
    said = ask(client, speaker, call, speaker.plain(vendor.provider))
    assert (said.text, said.end) == ("I cannot", "refusal")


@everyone(*BOTH)
def test_two_tools_at_once(client, speaker, vendor, call):
    vendor.play(scenes.TOOLS)
    said = ask(client, speaker, call, speaker.tools(vendor.provider))
    assert (said.text, said.end) == ("I look.", "calls")
    assert said.called == [(call.name, call.arguments) for call in scenes.CALLS]
    assert costs(said) == (scenes.INPUT, scenes.OUTPUT, scenes.CACHED)
    assert vendor.asked().tools == {asked_for.TOOL: asked_for.HARBOUR}


@everyone(*BOTH)
def test_results_of_tools_go_back(client, speaker, vendor, call):
    vendor.play(scenes.TOOLS)
    called = ask(client, speaker, call, speaker.tools(vendor.provider))
    vendor.play(scenes.TEXT)
    said = ask(client, speaker, call, speaker.results(vendor.provider, called))
    assert said.text == scenes.REPLY
    asked = vendor.asked()
    assert [(name, arguments) for _, name, arguments in asked.calls] == called.called
    assert asked.results == [(call[0], text) for call, text in zip(asked.calls, asked_for.RESULTS, strict=True)]


@everyone()
def test_structured_output(client, speaker, vendor, call):
    vendor.play(scenes.STRUCTURED)
    said = speaker.said(client(speaker.structured_call, **speaker.structured(vendor.provider)))
    assert (said.parsed, said.end) == (scenes.CITY, "stop")
    schema = vendor.asked().schema
    assert {key: schema[key] for key in ("type", "properties", "required")} == {
        key: asked_for.PLACE[key] for key in ("type", "properties", "required")
    }


@everyone(among=PARSING)
def test_structured_output_is_parsed_by_the_client(client, speaker, vendor, call):
    vendor.play(scenes.STRUCTURED)
    assert client("structured", **speaker.structured(vendor.provider))["parsed"] == scenes.CITY


@everyone()
def test_a_picture(client, speaker, vendor, call):
    vendor.play(scenes.TEXT)
    said = ask(client, speaker, call, speaker.picture(vendor.provider))
    assert said.text == scenes.REPLY
    asked = vendor.asked()
    assert (asked.text, asked.pictures) == (asked_for.QUESTION, [("image/png", asked_for.PICTURE)])


@everyone(*BOTH)
def test_thoughts(client, speaker, vendor, call):
    vendor.play(scenes.THINKING)
    said = ask(client, speaker, call, speaker.thinking(vendor.provider))
    assert (said.text, said.end) == (scenes.REPLY, "stop")
    assert vendor.asked().thinks
    assert costs(said) == (scenes.INPUT, scenes.OUTPUT, scenes.CACHED)
    if speaker.has_thoughts and vendor.provider not in SILENT:
        assert said.thought == scenes.THOUGHT


@everyone(*BOTH, among=KEEPING)
def test_signatures_go_back(client, speaker, vendor, call):
    vendor.play(scenes.THINKING_TOOLS)
    called = ask(client, speaker, call, speaker.tools(vendor.provider))
    assert called.signature == scenes.SIGNATURE
    vendor.play(scenes.TEXT)
    ask(client, speaker, call, speaker.results(vendor.provider, called))
    assert vendor.asked().signatures == [scenes.SIGNATURE]
