"""Streams of every API that pass filters which know whole answers only, dialects that a plugin does not understand, and media in answers."""

import json
import pathlib

import anthropic
import openai
import pytest

from support.gateway import Gateway, proxy_config
from support.upstream import Upstream

MANIFEST = """
[plugin]
id = "test/whole"
version = "1.0.0"
runtime = "lua"
entry = "plugin.lua"
contract = "0.1"
hooks = ["transform_response"]
"""
# Understands what it is told to, and says the text of an answer in capitals.
LOUD = """
local M = {}
local places = {chat = "/choices/0/message/content", responses = "/output/0/content/0/text", messages = "/content/0/text"}
function M.configure(config)
  return {dialects = config.dialects, response_body = {places.chat, places.responses, places.messages}}
end
function M.transform_response(ctx, status, headers, body)
  return tidegate.changed{set = {[places[ctx.operation]] = "changed"}}
end
return M
"""


def loud(folder: pathlib.Path) -> dict:
    (folder / "plugin.toml").write_text(MANIFEST)
    (folder / "plugin.lua").write_text(LOUD)
    return {"loud": {"path": str(folder)}}


def entry(*dialects: str, **keys) -> dict:
    return {"plugin": {"name": "loud", "config": {"dialects": list(dialects)}}} | keys


CLUSTER = {"local": {"provider": "mock", "reply": "the tide comes in", "stream": {"chunk": 4, "every": "1ms"}}}
MESSAGES = [{"role": "user", "content": "hello"}]


def test_streams_of_every_api_are_put_together_and_taken_apart(tmp_path):
    config = proxy_config(CLUSTER, filters=[entry("openai", "anthropic")], plugins=loud(tmp_path))
    with Gateway(config) as gateway:
        with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0, timeout=20) as client:
            with client.responses.stream(model="mock", input="hello") as stream:
                events = list(stream)
                assert stream.get_final_response().output_text == "changed"
            assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "changed"
            with client.chat.completions.stream(model="mock", messages=MESSAGES) as stream:
                assert stream.get_final_completion().choices[0].message.content == "changed"
        with anthropic.Anthropic(base_url=f"{gateway.url}/anthropic", api_key="k", max_retries=0, timeout=20) as client:
            with client.messages.stream(model="mock", max_tokens=99, messages=MESSAGES) as stream:
                assert stream.get_final_text() == "changed"
                assert stream.get_final_message().stop_reason == "end_turn"


@pytest.mark.parametrize("stream", [False, True])
def test_a_dialect_that_a_transform_does_not_understand_is_its_failure(tmp_path, stream):
    body = {"model": "mock", "max_tokens": 9, "messages": MESSAGES, "stream": stream}
    plugins = loud(tmp_path)
    with Gateway(proxy_config(CLUSTER, filters=[entry()], plugins=plugins)) as gateway:
        assert gateway.chat(stream=stream).status_code == 200
        refused = gateway.post("/v1/messages", body)
        assert (refused.status_code, refused.json()["type"]) == (503, "error")
        assert gateway.log_has('it does not understand the dialect')
        assert gateway.chat(stream=stream).status_code == 200
    with Gateway(proxy_config(CLUSTER, filters=[entry(on_error="allow")], plugins=plugins)) as gateway:
        passed = gateway.post("/v1/messages", body)
        assert passed.status_code == 200 and "changed" not in passed.text


def test_no_path_escapes_a_text_of_the_operator():
    filters = [{"request_transform": {"prepend_system": "Be kind.", "append_user": "In French."}}]
    bodies = {
        "/v1/messages": {"max_tokens": 9, "messages": MESSAGES},
        "/v1/messages/count_tokens": {"messages": MESSAGES},
        "/v1/responses": {"input": "hello"},
        "/v1/chat/completions": {"messages": MESSAGES},
        "/v1/completions": {"prompt": "hello"},
    }
    turn = {"role": "user", "parts": [{"text": "hello"}]}
    system = {"parts": [{"text": "Be brief."}]}
    in_parts = {
        "/v1beta/models/gemini:generateContent": {"contents": [turn]},
        "/v1beta/models/gemini:countTokens": {"contents": [turn], "system_instruction": system},
        "/v1/models/gemini:countTokens": {"generateContentRequest": {"model": "models/gemini", "contents": [turn], "systemInstruction": system}},
        "/model/bedrock/converse": {"messages": [{"role": "user", "content": [{"text": "hello"}]}], "system": [{"text": "Be brief."}]},
        "/model/bedrock/converse-stream": {"messages": [{"role": "user", "content": [{"text": "hello"}]}]},
    }
    with Upstream(lambda seen, reply: reply.json({})) as upstream:
        key = {"credentials": {"api_key": "k"}}
        clusters = {"openai": upstream.cluster(), "anthropic": upstream.cluster("anthropic"), "gemini": upstream.cluster("gemini", **key), "bedrock": upstream.cluster("aws-bedrock", region="us-east-1", **key)}
        routes = [{"name": name, "match": {"model": name}, "backends": [{"cluster": name}]} for name in clusters]
        with Gateway(proxy_config(clusters, routes=routes, filters=filters)) as gateway:
            for path, body in bodies.items():
                model = "anthropic" if "/messages" in path else "openai"
                gateway.post(path, {"model": model, **body})
                sent = json.dumps(upstream.requests[-1].json)
                assert "Be kind." in sent and "hello\\n\\nIn French." in sent, path
            for path, body in in_parts.items():
                gateway.post(path, body)
                sent = json.dumps(upstream.requests[-1].json)
                assert '{"text": "hello"}, {"text": "In French."}' in sent, path
                assert '{"text": "Be kind."}' + (', {"text": "Be brief."}' if "brief" in json.dumps(body) else "]") in sent, path


IMAGE = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "QUJD"}
RESPONSE = {"id": "resp_1", "object": "response", "status": "completed", "model": "m", "output": [IMAGE]}
AUDIO = {"role": "assistant", "content": None, "audio": {"id": "a", "data": "QUJD", "transcript": "hi"}}
MEDIA = {
    "/v1/responses": (
        RESPONSE,
        [
            {"type": "response.created", "response": RESPONSE | {"status": "in_progress", "output": []}},
            {"type": "response.output_item.done", "output_index": 0, "item": IMAGE},
            {"type": "response.completed", "response": RESPONSE},
        ],
    ),
    "/v1/chat/completions": (
        {"id": "c", "object": "chat.completion", "choices": [{"index": 0, "message": AUDIO, "finish_reason": "stop"}]},
        [
            {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": AUDIO, "finish_reason": None}]},
            {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        ],
    ),
}


@pytest.mark.parametrize("unmoderated", ["deny", "allow"])
@pytest.mark.parametrize("path", MEDIA)
def test_media_in_answers_passes_only_where_the_entry_says_so(path, unmoderated):
    whole, events = MEDIA[path]

    def answer(seen, reply):
        if not seen.json.get("stream"):
            return reply.json(whole)
        reply.start_events()
        for event in events:
            reply.chunk(f"data: {json.dumps(event)}\n\n".encode())
        if path == "/v1/chat/completions":
            reply.chunk(b"data: [DONE]\n\n")
        reply.end()

    filters = [{"content_moderation": {"words": ["tide"], "on": ["output"]}, "unmoderated": unmoderated}]
    with Upstream(answer) as upstream, Gateway(proxy_config({"up": upstream.cluster()}, filters=filters)) as gateway:
        body = {"model": "m", "input": "hello", "messages": MESSAGES}
        plain, streamed = gateway.post(path, body), gateway.post(path, body | {"stream": True})
        if unmoderated == "allow":
            assert plain.json() == whole
            assert [json.loads(line[6:]) for line in streamed.text.splitlines() if line.startswith("data: {")] == events
        else:
            assert plain.status_code == 400 and "QUJD" not in plain.text
            assert "QUJD" not in streamed.text and "content_filter" in streamed.text
