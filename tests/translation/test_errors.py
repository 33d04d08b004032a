"""What goes wrong at a provider: each client raises what its SDK has for it, and never takes a part for the whole."""

import httpx
import pytest

from support.clients import Failed
from support.gateway import PLAIN
from support.pairs import PAIRS, TRANSLATED
from support.vendors import PROVIDERS, scenes
from support.vendors.scenes import Refusal

pytestmark = pytest.mark.xdist_group("translation")

EVERYONE = pytest.mark.parametrize(("kind", "vendor"), PAIRS, indirect=True)
FOREIGNERS = pytest.mark.parametrize(("kind", "vendor"), TRANSLATED, indirect=True)
MODES = pytest.mark.parametrize("call", ["chat", "stream"])
STATUSES = (400, 401, 403, 404, 413, 429, 500, 503, 529)
OPENAI = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    413: "APIStatusError",
    429: "RateLimitError",
}
LANGCHAIN = {
    400: "OpenAIInvalidRequestError",
    401: "OpenAIAuthenticationError",
    403: "OpenAIPermissionDeniedError",
    404: "OpenAIModelNotFoundError",
    413: "APIStatusError",
    429: "OpenAIRateLimitError",
    **dict.fromkeys((500, 503, 529), "OpenAIAPIError"),
}
ANTHROPIC = OPENAI | {413: "ContentTooLargeError", 503: "ServiceUnavailableError", 529: "OverloadedError"}
BEDROCK = {
    400: "ValidationException",
    401: "AccessDeniedException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    413: "ValidationException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
    529: "ServiceUnavailableException",
}
NODE = OPENAI | {413: "APIError"}
CLASSES = {
    "python": OPENAI,
    "node": NODE,
    "responses": OPENAI,
    "responses-node": NODE,
    "langchain": LANGCHAIN,
    "ai": dict.fromkeys(STATUSES, "AI_APICallError"),
    "anthropic": ANTHROPIC,
    "anthropic-node": ANTHROPIC,
    "boto3": BEDROCK,
    "google-genai": {status: "ClientError" if status < 500 else "ServerError" for status in STATUSES},
}
# One of each dialect, by hand.
BODIES = {
    "openai": ("/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}], "stream": True}),
    "anthropic": ("/v1/messages", {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "stream": True}),
    "gemini": ("/v1beta/models/{}:streamGenerateContent?alt=sse", {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
    "bedrock": ("/model/{}/converse-stream", {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}),
}


def failure(client, speaker, vendor, call: str) -> Failed:
    with pytest.raises(Failed) as caught:
        client(speaker.calls[call], **speaker.tools(vendor.provider))
    return caught.value


@EVERYONE
@MODES
@pytest.mark.parametrize("status", STATUSES)
def test_a_refused_request(client, kind, speaker, vendor, call, status):
    vendor.play(Refusal(status))
    failed = failure(client, speaker, vendor, call)
    assert (failed.name, failed.status) == (CLASSES[kind].get(status, "InternalServerError"), status)
    assert "the tide is out" in failed.message


@EVERYONE
@MODES
def test_when_to_come_again(client, speaker, vendor, call):
    vendor.play(Refusal(429, retry_after=7))
    failed = failure(client, speaker, vendor, call)
    assert (failed.status, failed.retry_after) == (429, "7")


@EVERYONE
@MODES
def test_a_page_in_place_of_an_error(client, speaker, vendor, call):
    vendor.play(scenes.HTML)
    assert failure(client, speaker, vendor, call).status == 502


@FOREIGNERS
@MODES
@pytest.mark.parametrize("junk", [scenes.NOTHING, scenes.NO_JSON, scenes.SHORT], ids=["empty", "no-json", "cut"])
def test_an_answer_that_is_none(client, speaker, vendor, call, junk):
    vendor.play(junk)
    failed = failure(client, speaker, vendor, call)
    assert call == "stream" or failed.status == 502


@EVERYONE
def test_an_error_within_a_stream(client, speaker, vendor):
    vendor.play(scenes.FALTERS)
    failed = failure(client, speaker, vendor, "stream")
    assert "the model fell over" in failed.message
    assert failed.events, "what came before is lost"


@EVERYONE
def test_a_stream_that_is_cut(client, speaker, vendor):
    vendor.play(scenes.CUT)
    assert failure(client, speaker, vendor, "stream").events, "what came before is lost"


@FOREIGNERS
def test_a_stream_that_ends_too_early(client, speaker, vendor):
    vendor.play(scenes.UNFINISHED)
    assert failure(client, speaker, vendor, "stream").events, "what came before is lost"


@pytest.mark.parametrize("vendor", PROVIDERS, indirect=True)
@pytest.mark.parametrize("dialect", BODIES)
def test_who_leaves_a_stream_ends_it(gateway, vendor, dialect):
    path, body = BODIES[dialect]
    vendor.play(scenes.ENDLESS)
    target = gateway.url + path.format(vendor.provider)
    with httpx.stream("POST", target, json={"model": vendor.provider, **body}, verify=PLAIN, timeout=20) as answer:
        assert answer.status_code == 200
        assert next(answer.iter_raw())
    assert vendor.left.wait(10), "the upstream still sends"
