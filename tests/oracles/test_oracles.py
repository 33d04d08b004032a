"""What a provider is asked through the gateway means what its own SDK says for the same conversation.

The client's request is the one that was recorded of the client's SDK, and what is expected the one that was recorded of the
provider's. Where the provider has no words for a conversation, the client is told which field is to blame.
"""

import fnmatch
from urllib.parse import quote

import pytest

from oracles.differences import DIFFERENCES
from oracles.meaning import address, differences, meaning
from oracles.record import recorded, shown
from oracles.writers import CLIENTS, PROVIDERS

pytestmark = pytest.mark.xdist_group("oracles")

APIS = {
    **dict.fromkeys(("openai", "azure-openai", "huggingface", "mistral", "cohere"), "chat"),
    **dict.fromkeys(("anthropic", "aws-bedrock-anthropic", "gcp-vertex-anthropic"), "messages"),
    **dict.fromkeys(("gemini", "gcp-vertex"), "gemini"),
    "aws-bedrock": "converse",
}
# Where bodies pass as they are, whatever is in them.
PASSES = {
    "chat": ("openai", "huggingface", "mistral", "cohere"),
    "responses": ("openai", "azure-openai", "huggingface"),
    "messages": ("anthropic",),
    "gemini": ("gemini",),
    "converse": ("aws-bedrock",),
}
PAIRS = [(client, provider) for client in CLIENTS for provider in PROVIDERS if provider not in PASSES[client]]
# How the gateway calls what a provider has no words for.
FIELDS = {
    "audio": "audio",
    "choice of none": "tool_choice",
    "choices": "n",
    "format json": "response_format",
    "frequency_penalty": "frequency_penalty",
    "image by address": "by its address",
    "log_probabilities": "logprobs",
    "parallel": "parallel_tool_calls",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "tier": "service_tier",
    "top_k": "top_k",
}


@pytest.mark.parametrize(("dialect", "provider"), PAIRS)
def test_it_means_what_the_providers_own_sdk_says(client, upstreams, dialect, provider):
    asked, expected = recorded(CLIENTS[dialect].name), recorded(PROVIDERS[provider].name)
    found = {}
    for name, request in asked.items():
        if "unsaid" in request or "nearly" in request:
            continue
        upstream = upstreams[provider]
        upstream.requests.clear()
        answer = replay(client, provider, request)
        sent = shown(upstream.requests[0]) if upstream.requests else None
        if lines := judged(dialect, provider, expected[name], sent, answer):
            found[name] = lines
    assert told(found, dialect, provider) == ""


def replay(client, provider: str, request: dict):
    """The request of the client's SDK, to the route of a provider."""
    fields = {**request["headers"], "x-oracle": provider}
    path = quote(request["path"], safe="/:")
    return client.request(request["method"], path, params=request["query"], json=request["body"], headers=fields)


def judged(dialect: str, provider: str, expected: dict, sent: dict | None, answer) -> list[str]:
    if unsaid := expected.get("unsaid"):
        return refused(dialect, unsaid, sent, answer)
    if sent is None:
        return [f"refused with {answer.status_code}: {answer.text}"]
    return compared(provider, expected, sent)


def refused(dialect: str, unsaid: dict, sent: dict | None, answer) -> list[str]:
    """The answer is the client's error, and names what is to blame."""
    if sent is not None:
        return [f"not refused, though {feature}: {reason}" for feature, reason in unsaid.items()]
    message = message_of(dialect, answer)
    if answer.status_code != 400 or not any(FIELDS[feature] in message for feature in unsaid):
        return [f"refused for {', '.join(unsaid)}, but told {answer.status_code}: {answer.text}"]
    return []


def message_of(dialect: str, answer) -> str:
    """What went wrong, by the shape that errors have in the client's API."""
    body = answer.json()
    if dialect == "converse":
        assert answer.headers["x-amzn-errortype"] == "ValidationException"
        return body["message"]
    error = body["error"]
    kinds = {"chat": ("code", "unsupported_parameter"), "responses": ("code", "unsupported_parameter")}
    kinds |= {"messages": ("type", "invalid_request_error"), "gemini": ("status", "INVALID_ARGUMENT")}
    key, kind = kinds[dialect]
    assert error[key] == kind
    return error["message"]


def compared(provider: str, expected: dict, sent: dict) -> list[str]:
    api = APIS[provider]
    lines = differences(address(expected["path"]), address(sent["path"]), "path")
    for part in ("method", "query"):
        lines += differences(expected[part], sent[part], part)
    return lines + differences(meaning(api, expected["body"]), meaning(api, sent["body"]))


def told(found: dict[str, list[str]], dialect: str, provider: str) -> str:
    """What is not in the table, and what of the table is no longer so."""
    known = [key for key in DIFFERENCES if key[0] in (dialect, "*") and fnmatch.fnmatch(provider, key[1])]
    lines = []
    for name, problems in found.items():
        if not any(fnmatch.fnmatch(name, pattern) for _, _, pattern in known):
            lines.append(f"{name}\n" + "".join(f"    {problem}\n" for problem in problems))
    return "\n".join(lines)
