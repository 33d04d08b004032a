"""What a provider is asked through the gateway means what its own SDK says for the same conversation.

The client's request is the one that was recorded of the client's SDK, and what is expected the one that was recorded of the
provider's. Where the provider has no words for a conversation, the client is told which field is to blame.
"""

from urllib.parse import quote

import pytest

from oracles.differences import DIFFERENCES
from oracles.meaning import address, differences, meaning
from oracles.record import recorded, shown
from oracles.writers import APIS, CLIENTS, PROVIDERS

pytestmark = pytest.mark.xdist_group("oracles")

# Where bodies pass as they are, whatever is in them.
PASSES = {
    "chat": ("openai", "huggingface", "mistral", "cohere"),
    "responses": ("openai", "azure-openai", "huggingface"),
    "messages": ("anthropic",),
    "gemini": ("gemini",),
    "converse": ("aws-bedrock",),
}
PASSING = [(client, provider) for client, providers in PASSES.items() for provider in providers]
PAIRS = [(client, provider) for client in CLIENTS for provider in PROVIDERS if provider not in PASSES[client]]
# Of these the gateway knows no more than that they speak chat completions: what they have no words for they refuse themselves.
OF_A_TABLE = ("huggingface", "cohere")
# What tells an error of a request apart from others, by the API of the client.
KINDS = {
    "chat": ("code", "unsupported_parameter"),
    "responses": ("code", "unsupported_parameter"),
    "messages": ("type", "invalid_request_error"),
    "gemini": ("status", "INVALID_ARGUMENT"),
}
# What an error names of what a provider has no words for, and what where the client's API has another name for it.
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
    "tier priority": "service_tier",
    "top_k": "top_k",
}
OWN = {
    "gemini": {
        "choices": "generationConfig.candidateCount",
        "format json": "generationConfig.responseMimeType",
        "frequency_penalty": "generationConfig.frequencyPenalty",
        "log_probabilities": "generationConfig.responseLogprobs",
        "presence_penalty": "generationConfig.presencePenalty",
        "seed": "generationConfig.seed",
        "tier priority": "serviceTier",
        "top_k": "generationConfig.topK",
    },
    "converse": {"tier priority": "serviceTier"},
    "messages": {"format json": "output_config.format"},
    "responses": {"format json": "text.format", "log_probabilities": "top_logprobs"},
}


@pytest.fixture(scope="package")
def outcomes(client, upstreams) -> dict[tuple[str, str, str], list[str]]:
    """What differs, by client, provider and conversation; only of those that the client's SDK says without a loss."""
    found = {}
    for dialect, provider in PAIRS:
        asked, expected = recorded(CLIENTS[dialect].name), recorded(PROVIDERS[provider].name)
        for name, request in asked.items():
            if "unsaid" not in request and "nearly" not in request:
                sent, answer = replay(client, upstreams[provider], provider, request)
                found[dialect, provider, name] = judged(dialect, provider, expected[name], sent, answer)
    return found


@pytest.mark.parametrize(("dialect", "provider"), PAIRS)
def test_it_means_what_the_providers_own_sdk_says(outcomes, dialect, provider):
    unknown = {}
    for (client, meets, name), lines in outcomes.items():
        if (client, meets) == (dialect, provider):
            known = [one for one in DIFFERENCES if (dialect, provider, name) in one.cases()]
            unknown[name] = [line for line in lines if not any(one.explains(line) for one in known)]
    if told := "\n".join(f"{name}: {line}" for name, lines in unknown.items() for line in lines):
        pytest.fail(told, pytrace=False)


@pytest.mark.parametrize(("dialect", "provider"), PASSING)
def test_who_speaks_the_same_api_is_asked_in_the_same_words(client, upstreams, dialect, provider):
    lines = []
    for name, request in recorded(CLIENTS[dialect].name).items():
        if body := request.get("body"):
            sent, _ = replay(client, upstreams[provider], provider, request)
            renamed = {"model": PROVIDERS[provider].model} if "model" in body else {}
            lines += [f"{name}: {line}" for line in differences(body | renamed, sent["body"])]
    assert lines == []


@pytest.mark.parametrize("known", DIFFERENCES, ids=lambda known: f"{known.clients[0]}-{known.providers[0]}-{known.place}")
def test_what_is_known_to_differ_still_does(outcomes, known):
    gone = [case for case in known.cases() if not any(known.explains(line) for line in outcomes[case])]
    if gone:
        pytest.fail("the same by now, so take it out of the table: " + ", ".join(map("-".join, gone)), pytrace=False)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_there_is_enough_to_compare(outcomes, provider):
    """Conversations that reach the provider, from whatever client, and mean there what its SDK says."""
    same = {name for (_, meets, name), lines in outcomes.items() if meets == provider and not lines}
    assert len(same) >= 40


def replay(client, upstream, provider: str, request: dict):
    """The request of the client's SDK, to the route of a provider: what reached it, and what the client was told."""
    upstream.requests.clear()
    fields = {**request["headers"], "x-oracle": provider}
    path = quote(request["path"], safe="/:")
    answer = client.request(request["method"], path, params=request["query"], json=request["body"], headers=fields)
    return (shown(upstream.requests[0]) if upstream.requests else None), answer


def judged(dialect: str, provider: str, expected: dict, sent: dict | None, answer) -> list[str]:
    if unsaid := expected.get("unsaid"):
        if provider in OF_A_TABLE and sent is not None:
            return []
        return refused(dialect, unsaid, sent, answer)
    if sent is None:
        return [f"refused with {answer.status_code}: {answer.text}"]
    return compared(provider, expected, sent)


def refused(dialect: str, unsaid: dict, sent: dict | None, answer) -> list[str]:
    """The answer is the client's error, and names what is to blame."""
    if sent is not None:
        return [f"not refused, though {feature}: {reason}" for feature, reason in unsaid.items()]
    message = blame(dialect, answer)
    if answer.status_code != 400 or not any(named(dialect, feature) in message for feature in unsaid):
        return [f"refused for {', '.join(unsaid)}, but told {answer.status_code}: {answer.text}"]
    return []


def named(dialect: str, feature: str) -> str:
    return OWN.get(dialect, {}).get(feature, FIELDS[feature])


def blame(dialect: str, answer) -> str:
    """What an error says of the request, in the shape that errors have in the client's API; nothing where it is another."""
    body = answer.json()
    if dialect == "converse":
        return body["message"] if answer.headers["x-amzn-errortype"] == "ValidationException" else ""
    key, kind = KINDS[dialect]
    return body["error"]["message"] if body["error"][key] == kind else ""


def compared(provider: str, expected: dict, sent: dict) -> list[str]:
    api = APIS[provider]
    lines = differences(address(expected["path"]), address(sent["path"]), "path")
    for part in ("method", "query"):
        lines += differences(expected[part], sent[part], part)
    lines += differences(flags(expected), flags(sent), "anthropic-beta")
    return lines + differences(meaning(api, expected["body"]), meaning(api, sent["body"]))


def flags(request: dict) -> str:
    """The only field of the head that says anything; of the version the same holds as in a body."""
    return request["headers"].get("anthropic-beta", "")
