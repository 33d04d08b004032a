"""Which clients meet which providers, and where they are known to fail."""

from dataclasses import dataclass, field

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


@dataclass(frozen=True)
class Flaw:
    """What is wrong with the gateway, and with whom: a test that holds all the same says that it is mended."""

    reason: str
    kinds: tuple[str, ...]
    names: tuple[str, ...] = field(default=tuple(PROVIDERS))
    calls: tuple[str, ...] = BOTH

    def marks(self, kind: str, name: str, call: str) -> list:
        hit = kind in self.kinds and name in self.names and call in self.calls
        return [pytest.mark.xfail(strict=True, reason=self.reason)] if hit else []


SIGNED = Flaw("the client's x-amz-date goes on to Bedrock, beside the key of the cluster", ("boto3",), ("aws-bedrock",))
ENDLESS = Flaw("a whole stream is followed by the error of one that was cut", ("boto3", "google-genai"), calls=("stream",))
COMMENTS = Flaw(
    "comments in a provider's stream reach Google's client, which cannot read them",
    ("google-genai",),
    ("openai", "mistral"),
    ("stream",),
)


def everyone(*calls: str, among: list = PAIRS, flaws: tuple[Flaw, ...] = ()):
    """Runs a test with every client, provider and call."""
    cases = [
        pytest.param(kind, name, call, id=f"{kind}-{name}-{call}", marks=sum((f.marks(kind, name, call) for f in flaws), []))
        for kind, name in among
        for call in calls or ("chat",)
    ]
    return pytest.mark.parametrize(("kind", "vendor", "call"), cases, indirect=("kind", "vendor"))
