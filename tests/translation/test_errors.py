"""What goes wrong at a provider: each client raises what its SDK has for it, and never takes a part for the whole."""

import httpx
import pytest

from support.clients import Failed
from support.gateway import PLAIN
from support.pairs import BOTH, FOREIGN, everyone
from support.vendors import PROVIDERS, scenes
from support.vendors.scenes import Refusal

pytestmark = pytest.mark.xdist_group("translation")

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
TURNS = [{"role": "user", "content": "hi"}]
# A stream of each dialect, by hand.
BODIES = {
    "openai": ("/v1/chat/completions", {"messages": TURNS, "stream": True}),
    "anthropic": ("/v1/messages", {"max_tokens": 9, "messages": TURNS, "stream": True}),
    "gemini": ("/v1beta/models/{}:streamGenerateContent?alt=sse", {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
    "bedrock": ("/model/{}/converse-stream", {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}),
}


def failure(client, speaker, vendor, call: str) -> Failed:
    with pytest.raises(Failed) as caught:
        client(speaker.calls[call], **speaker.tools(vendor.provider))
    return caught.value


@everyone()
def test_refused_requests(client, kind, speaker, vendor, call):
    raised = {}
    for status in STATUSES:
        vendor.play(Refusal(status))
        failed = failure(client, speaker, vendor, call)
        raised[status] = (failed.name, failed.status)
        assert "the tide is out" in failed.message
    assert raised == {status: (CLASSES[kind].get(status, "InternalServerError"), status) for status in STATUSES}


@pytest.mark.parametrize("vendor", ["aws-bedrock-anthropic", "gcp-vertex-anthropic"], indirect=True)
def test_a_cloud_around_the_clients_own_api_refuses_in_its_shape(gateway, vendor):
    vendor.play(Refusal(400))
    refused = gateway.post("/v1/messages", {"model": vendor.provider, "max_tokens": 9, "messages": TURNS}).json()
    assert (refused["type"], refused["error"]["type"]) == ("error", "invalid_request_error")
    assert "the tide is out" in refused["error"]["message"]


@everyone(*BOTH)
def test_when_to_come_again(client, speaker, vendor, call):
    vendor.play(Refusal(429, retry_after=7))
    failed = failure(client, speaker, vendor, call)
    assert (failed.status, failed.retry_after) == (429, "7")


@everyone(*BOTH)
def test_a_page_in_place_of_an_error(client, speaker, vendor, call):
    vendor.play(scenes.HTML)
    assert failure(client, speaker, vendor, call).status == 502


@everyone(*BOTH, among=FOREIGN)
def test_answers_that_are_none(client, speaker, vendor, call):
    """Nothing at all, half an answer, and half an answer of which the rest was announced."""
    for junk in (scenes.NOTHING, scenes.NO_JSON, scenes.SHORT):
        vendor.play(junk)
        failed = failure(client, speaker, vendor, call)
        assert call == "stream" or failed.status == 502


@everyone("stream")
def test_an_error_within_a_stream(client, speaker, vendor, call):
    vendor.play(scenes.FALTERS)
    failed = failure(client, speaker, vendor, call)
    assert "the model fell over" in failed.message
    assert failed.events, "what came before is lost"


@everyone("stream")
def test_a_stream_that_is_cut(client, speaker, vendor, call):
    vendor.play(scenes.CUT)
    assert failure(client, speaker, vendor, call).events, "what came before is lost"


@everyone("stream", among=FOREIGN)
def test_a_stream_that_ends_too_early(client, speaker, vendor, call):
    vendor.play(scenes.UNFINISHED)
    assert failure(client, speaker, vendor, call).events, "what came before is lost"


@pytest.mark.parametrize("vendor", PROVIDERS, indirect=True)
@pytest.mark.parametrize("dialect", BODIES)
def test_who_leaves_a_stream_ends_it(gateway, vendor, dialect):
    path, body = BODIES[dialect]
    vendor.play(scenes.ENDLESS)
    target = gateway.url + path.format(vendor.provider)
    named = {} if "{}" in path else {"model": vendor.provider}
    with httpx.stream("POST", target, json={**named, **body}, verify=PLAIN, timeout=20) as answer:
        assert answer.status_code == 200
        assert next(answer.iter_raw())
    assert vendor.left.wait(10), "the upstream still sends"
