"""The vendors' own clients read redacted and blocked answers without an error of their own, and see a block as they document it."""

import anthropic
import openai
import pytest

from support.gateway import Gateway, proxy_config

CARD = "4111 1111 1111 1111"
REPLY = f"Your card is {CARD}, and the tide comes in."
REDACTED = "Your card is <card>, and the tide comes in."


def entry(action: str, mode: str) -> dict:
    settings = {"detect": ["card"], "action": action, "on": ["output"], "reason": "no cards", "stream": {"mode": mode}}
    return {"content_moderation": settings | ({"replace_with": "<{category}>"} if action == "redact" else {})}


MODES = ("carry", "window", "full")


@pytest.fixture(scope="module")
def gateway():
    clusters = {"local": {"provider": "mock", "reply": REPLY, "stream": {"chunk": 4, "every": "1ms"}}}
    routes = [
        {"name": f"{action}-{mode}", "match": {"model": f"{action}-{mode}"}, "backends": [{"cluster": "local"}], "filters": [entry(action, mode)]}
        for action in ("redact", "block")
        for mode in MODES
    ]
    with Gateway(proxy_config(clusters, routes=routes)) as gateway:
        yield gateway
        assert gateway.metric("tidegate_moderation_skipped_total") == 0


@pytest.fixture
def openai_client(gateway):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture
def anthropic_client(gateway):
    with anthropic.Anthropic(base_url=f"{gateway.url}/anthropic", api_key="k", max_retries=0, timeout=20) as client:
        yield client


MESSAGES = [{"role": "user", "content": "hello"}]


@pytest.mark.parametrize("mode", MODES)
class TestOpenAiChat:
    def test_redacted(self, openai_client, mode):
        with openai_client.chat.completions.stream(model=f"redact-{mode}", messages=MESSAGES) as stream:
            choice = stream.get_final_completion().choices[0]
        assert (choice.message.content, choice.finish_reason) == (REDACTED, "stop")
        plain = openai_client.chat.completions.create(model=f"redact-{mode}", messages=MESSAGES)
        assert plain.choices[0].message.content == REDACTED

    def test_blocked(self, openai_client, mode):
        events = list(openai_client.chat.completions.create(model=f"block-{mode}", messages=MESSAGES, stream=True))
        text = "".join(event.choices[0].delta.content or "" for event in events)
        last = events[-1].choices[0]
        assert (last.finish_reason, last.delta.refusal) == ("content_filter", "no cards")
        assert CARD not in text and "4111" not in text
        # The client's own helper raises the error that it documents for this finish.
        with pytest.raises(openai.ContentFilterFinishReasonError):
            with openai_client.chat.completions.stream(model=f"block-{mode}", messages=MESSAGES) as stream:
                stream.get_final_completion()
        with pytest.raises(openai.BadRequestError) as refused:
            openai_client.chat.completions.create(model=f"block-{mode}", messages=MESSAGES)
        assert refused.value.code == "content_filter" and CARD not in str(refused.value)


@pytest.mark.parametrize("mode", MODES)
class TestOpenAiCompletions:
    def test_redacted(self, openai_client, mode):
        events = openai_client.completions.create(model=f"redact-{mode}", prompt="hello", stream=True)
        assert "".join(event.choices[0].text for event in events) == REDACTED

    def test_blocked(self, openai_client, mode):
        events = list(openai_client.completions.create(model=f"block-{mode}", prompt="hello", stream=True))
        assert events[-1].choices[0].finish_reason == "content_filter"
        assert "4111" not in "".join(event.choices[0].text for event in events)


@pytest.mark.parametrize("mode", MODES)
class TestOpenAiResponses:
    def test_redacted(self, openai_client, mode):
        with openai_client.responses.stream(model=f"redact-{mode}", input="hello") as stream:
            events = list(stream)
            final = stream.get_final_response()
        assert final.output_text == REDACTED and final.status == "completed"
        assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == REDACTED
        assert [event.sequence_number for event in events] == sorted({event.sequence_number for event in events})
        assert openai_client.responses.create(model=f"redact-{mode}", input="hello").output_text == REDACTED

    def test_blocked(self, openai_client, mode):
        events = list(openai_client.responses.create(model=f"block-{mode}", input="hello", stream=True))
        last = events[-1]
        assert (last.type, last.response.status) == ("response.incomplete", "incomplete")
        assert last.response.incomplete_details.reason == "content_filter"
        assert "4111" not in "".join(event.model_dump_json() for event in events)
        with pytest.raises(openai.BadRequestError):
            openai_client.responses.create(model=f"block-{mode}", input="hello")


@pytest.mark.parametrize("mode", MODES)
class TestAnthropicMessages:
    def test_redacted(self, anthropic_client, mode):
        with anthropic_client.messages.stream(model=f"redact-{mode}", max_tokens=99, messages=MESSAGES) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        assert text == final.content[0].text == REDACTED
        assert final.stop_reason == "end_turn" and final.usage.output_tokens > 0
        plain = anthropic_client.messages.create(model=f"redact-{mode}", max_tokens=99, messages=MESSAGES)
        assert plain.content[0].text == REDACTED

    def test_blocked(self, anthropic_client, mode):
        with anthropic_client.messages.stream(model=f"block-{mode}", max_tokens=99, messages=MESSAGES) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        assert final.stop_reason == "refusal" and "4111" not in text
        with pytest.raises(anthropic.BadRequestError) as refused:
            anthropic_client.messages.create(model=f"block-{mode}", max_tokens=99, messages=MESSAGES)
        assert refused.value.body["error"]["type"] == "invalid_request_error"
