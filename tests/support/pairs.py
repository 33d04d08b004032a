"""Which clients meet which providers."""

from support.speakers import SPEAKERS
from support.vendors import PROVIDERS

# Where bodies pass as they are, and the client meets the provider itself.
OWN = {
    **dict.fromkeys(("python", "node", "langchain", "ai"), ("openai", "azure-openai", "mistral")),
    **dict.fromkeys(("anthropic", "anthropic-node"), ("anthropic",)),
    "boto3": ("aws-bedrock",),
    "google-genai": ("gemini", "gcp-vertex"),
}
# These answer responses themselves, which their scripted upstreams do not.
ELSEWHERE = dict.fromkeys(("responses", "responses-node"), ("openai", "azure-openai"))

PAIRS = [(kind, name) for kind in SPEAKERS for name in PROVIDERS if name not in ELSEWHERE.get(kind, ())]
# Where the gateway reads what the provider says.
TRANSLATED = [(kind, name) for kind, name in PAIRS if name not in OWN.get(kind, ())]
