"""The ways of the translation part: from a client of OpenAI's chat completions to a provider, and what was said at both ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from services import KEYS, Service

PASS = "pass"
BEARER = {"api_key": "upstream-key"}
SIGNING = {"aws": {"access_key_id": "AKIABENCH", "secret_access_key": "bench-secret"}}


@dataclass(frozen=True)
class Way:
    """To one provider, whose upstream has the canned answer of that name. `model` is what the provider calls the model."""

    name: str
    stream: bool
    canned: str
    settings: dict[str, object]
    model: str | None = None

    @property
    def service(self) -> Service:
        """The route goes by the model, so the body is held with and without translation."""
        backend = {"cluster": self._label} | ({"model": self.model} if self.model else {})
        return Service(self._label, [KEYS], [{"name": "all", "match": {"model": "gpt-b*"}, "backends": [backend]}])

    @property
    def _label(self) -> str:
        return f"{self.name}-{answer(self.stream)}"

    def cluster(self, upstream: int) -> str:
        """As an entry of the configuration; JSON is YAML."""
        endpoint = {"endpoint": f"http://127.0.0.1:{upstream}/canned/{self.canned}", "pool": {"connections": 10000}}
        return f"  {self._label}: {json.dumps(self.settings | endpoint)}"


def answer(stream: bool) -> str:
    """How an answer comes, in a word."""
    return "stream" if stream else "plain"


def ways(stream: bool) -> list[Way]:
    """What is measured with every body; bytes that pass come first, for the others are compared with them."""
    claude = {"provider": "anthropic", "credentials": BEARER}
    events = "sse" if stream else "json"
    return [
        Way(PASS, stream, f"openai.{events}", {"provider": "openai", "credentials": BEARER}),
        Way("anthropic", stream, f"anthropic.{events}", claude, "claude-sonnet-4-5"),
        _bedrock("bedrock", stream, BEARER),
    ]


def signed() -> Way:
    """Bedrock as AWS's own keys have it: each request is signed."""
    return _bedrock("bedrock-signed", False, SIGNING)


def _bedrock(name: str, stream: bool, credentials: dict[str, object]) -> Way:
    settings = {"provider": "aws-bedrock", "region": "eu-west-1", "credentials": credentials}
    canned = "bedrock.eventstream" if stream else "bedrock.json"
    return Way(name, stream, canned, settings, "eu.anthropic.claude-sonnet-4-5-20250929-v1:0")


def asked(body: bytes) -> list[str]:
    """Every text of a request in any of the three APIs, and the base64 of every image, in order."""
    request = json.loads(body)
    return [said for message in (request.get("system", []), *_contents(request)) for said in _parts(message)]


def _contents(request: dict[str, object]) -> Iterator[object]:
    return (message["content"] for message in request["messages"])


def _parts(content: object) -> Iterator[str]:
    for part in [{"text": content}] if isinstance(content, str) else content:
        if "text" in part:
            yield part["text"]
        elif "image_url" in part:
            yield part["image_url"]["url"].partition(";base64,")[2]
        elif "image" in part:
            yield part["image"]["source"]["bytes"]
        else:
            yield part["source"]["data"]


def heard(content: bytes, stream: bool) -> str:
    """The text of an answer to the client; of a stream only where it is whole, with its usage."""
    if not stream:
        return json.loads(content)["choices"][0]["message"]["content"]
    *told, done = [line.removeprefix("data: ") for line in content.decode().splitlines() if line.startswith("data: ")]
    chunks = [json.loads(data) for data in told]
    if done != "[DONE]" or not chunks[-1].get("usage"):
        return ""
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])
