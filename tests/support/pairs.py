"""Which clients meet which providers."""

import pytest

from support.speakers import SPEAKERS
from support.vendors import PROVIDERS

BOTH = ("chat", "stream")
# Where bodies pass as they are, and the client meets the provider itself.
OWN = {
    **dict.fromkeys(("python", "node", "langchain", "ai"), ("openai", "azure-openai", "mistral")),
    **dict.fromkeys(("anthropic", "anthropic-node"), ("anthropic", "aws-bedrock-anthropic", "gcp-vertex-anthropic")),
    "boto3": ("aws-bedrock",),
    "google-genai": ("gemini", "gcp-vertex"),
}
# These answer responses themselves, which their scripted upstreams do not.
ELSEWHERE = dict.fromkeys(("responses", "responses-node"), ("openai", "azure-openai"))
PAIRS = [(kind, name) for kind in SPEAKERS for name in PROVIDERS if name not in ELSEWHERE.get(kind, ())]
# Where the gateway reads what the provider says.
FOREIGN = [(kind, name) for kind, name in PAIRS if name not in OWN.get(kind, ())]


def everyone(*calls: str, among: list = PAIRS):
    """Runs a test with every client, provider and call."""
    cases = [(kind, name, call) for kind, name in among for call in calls or ("chat",)]
    return pytest.mark.parametrize(("kind", "vendor", "call"), cases, indirect=("kind", "vendor"))
