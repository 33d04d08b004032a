"""A field that the provider has no words for is refused by its name, or dropped where the cluster says so."""

import pytest

from support.clients import Failed
from support.speakers import SPEAKERS
from support.vendors import scenes

pytestmark = pytest.mark.xdist_group("translation")

CLAUDE = ("anthropic", "aws-bedrock-anthropic", "gcp-vertex-anthropic")
GOOGLE = ("gemini", "gcp-vertex")
CHAT = ("openai", "azure-openai", "mistral")
SAFETY = {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}
# The client, a field of its API, and who cannot be told.
FIELDS = [
    ("python", {"logit_bias": {"50256": -100}}, "logit_bias", (*CLAUDE, *GOOGLE, "aws-bedrock")),
    ("node", {"seed": 7}, "seed", (*CLAUDE, "aws-bedrock")),
    ("python", {"logprobs": True}, "logprobs", (*CLAUDE, "aws-bedrock")),
    ("python", {"presence_penalty": 0.5}, "presence_penalty", (*CLAUDE, "aws-bedrock")),
    ("python", {"verbosity": "low"}, "verbosity", (*CLAUDE, *GOOGLE, "aws-bedrock")),
    ("anthropic", {"extra_body": {"top_k": 5}}, "top_k", ("openai", "azure-openai")),
    ("boto3", {"guardrailConfig": {"guardrailIdentifier": "g-1", "guardrailVersion": "1"}}, "guardrailConfig", CHAT),
    ("boto3", {"performanceConfig": {"latency": "optimized"}}, "performanceConfig", (*CHAT, *GOOGLE, "anthropic")),
    ("google-genai", {"safety_settings": [SAFETY]}, "safetySettings", CHAT),
    ("google-genai", {"candidate_count": 2}, "generationConfig.candidateCount", (*CLAUDE, "aws-bedrock")),
    ("google-genai", {"seed": 7}, "generationConfig.seed", (*CLAUDE, "aws-bedrock")),
    ("responses", {"text": {"verbosity": "low"}}, "text.verbosity", (*CLAUDE, "aws-bedrock")),
]
CASES = [
    pytest.param(kind, more, name, provider, id=f"{kind}-{name}-{provider}")
    for kind, more, name, providers in FIELDS
    for provider in providers
]


def params(kind: str, model: str, more: dict) -> dict:
    """A call with one field more."""
    plain = SPEAKERS[kind].picture(model)
    if kind == "google-genai":
        return {**plain, "config": {**plain["config"], **more}}
    return {**plain, **more}


@pytest.mark.parametrize(("kind", "more", "name", "provider"), CASES, indirect=["kind"])
def test_it_is_refused_by_its_name(client, vendors, kind, more, name, provider):
    vendor = vendors[provider]
    before = len(vendor.upstream.requests)
    with pytest.raises(Failed) as caught:
        client(SPEAKERS[kind].calls["chat"], **params(kind, provider, more))
    assert caught.value.status == 400
    assert name in caught.value.message
    if kind in ("python", "node"):
        assert caught.value.code == "unsupported_parameter"
    assert len(vendor.upstream.requests) == before


@pytest.mark.parametrize(("kind", "more", "name", "provider"), CASES, indirect=["kind"])
def test_it_is_dropped_where_the_cluster_says_so(client, vendors, kind, more, name, provider):
    vendor = vendors[provider]
    vendor.problems.clear()
    vendor.play(scenes.TEXT)
    said = SPEAKERS[kind].said(client(SPEAKERS[kind].calls["chat"], **params(kind, f"{provider}-drops", more)))
    assert said.text == scenes.REPLY
    assert name not in vendor.upstream.requests[-1].json
    assert vendor.problems == []
