"""Anthropic's SDK: of Anthropic, of Bedrock and of Vertex."""

import anthropic

from oracles.neutral import Audio, Call, Conversation, Document, Image, Result, Text, Thought, Tool
from oracles.writers.writer import KEY, Writer, encoded, given

# What the newest models can write, since the API demands a limit.
MOST = 32_000
# Seconds; with a wait of its own the SDK lets long answers come whole.
PATIENCE = 20
# The version of the API before the latest.
BEFORE = "2023-06-01"
EPHEMERAL = {"type": "ephemeral"}
NONE = "Anthropic has none"
TIERS = {"priority": "auto", "default": "standard_only"}


class Anthropic(Writer):
    name = "anthropic"
    model = "claude-opus-4-6"
    no_words = {
        **dict.fromkeys(("seed", "presence_penalty", "frequency_penalty"), NONE),
        **dict.fromkeys(("log_probabilities", "choices"), NONE),
        "format json": "an answer is free or follows a schema",
        "audio": "there are texts, images and documents",
    }
    nearly = {
        "metadata": "there is the id of the user only",
        "no limit": "the API demands one",
        "signed call": "calls have no signature",
        "tier priority": "the dear capacity is used where there is some, or not at all",
    }

    def __init__(self, url: str):
        super().__init__(url)
        self.client = self.made(url)

    def made(self, url: str):
        return anthropic.Anthropic(api_key=KEY, base_url=url, max_retries=0, timeout=PATIENCE)

    def say(self, conversation: Conversation):
        self.client.messages.create(
            **given(
                model=self.model,
                max_tokens=conversation.max_tokens or MOST,
                system=system(conversation.system),
                messages=[{"role": turn.role, "content": blocks(turn.parts)} for turn in conversation.turns],
                tools=[tool_param(tool) for tool in conversation.tools],
                tool_choice=choice(conversation),
                thinking=thinking(conversation),
                output_config=given(effort=conversation.effort, format=output_format(conversation.format)),
                stop_sequences=list(conversation.stop),
                metadata=given(user_id=conversation.user),
                service_tier=TIERS.get(conversation.tier),
                stream=conversation.stream or None,
                **self.sampled(sampling(conversation)),
            )
        )

    def sampled(self, sampling: dict) -> dict:
        """How tokens are picked has gone with the latest version of the API, and with it the parameters of the SDK."""
        return {"extra_body": sampling, "extra_headers": {"anthropic-version": BEFORE}} if sampling else {}


class InACloud(Anthropic):
    """The version of the API is in the body."""

    before = ""

    def sampled(self, sampling: dict) -> dict:
        return {"extra_body": {**sampling, "anthropic_version": self.before}} if sampling else {}


class BedrockAnthropic(InACloud):
    name = "aws-bedrock-anthropic"
    before = "bedrock-2023-05-31"
    model = "eu.anthropic.claude-opus-4-6-v1"
    cluster = {"region": "eu-west-1", "credentials": {"aws": {"access_key_id": "a", "secret_access_key": "s"}}}

    def made(self, url: str):
        keys = {"aws_access_key": "a", "aws_secret_key": "s"}
        return anthropic.AnthropicBedrock(base_url=url, aws_region="eu-west-1", max_retries=0, timeout=PATIENCE, **keys)


class VertexAnthropic(InACloud):
    name = "gcp-vertex-anthropic"
    before = "vertex-2023-10-16"
    model = "claude-opus-4-6"
    cluster = {"project": "p", "location": "europe-west1", "credentials": {"gcp": {"access_token": KEY}}}

    def made(self, url: str):
        place = {"project_id": "p", "region": "europe-west1"}
        return anthropic.AnthropicVertex(base_url=f"{url}/v1", access_token=KEY, max_retries=0, timeout=PATIENCE, **place)


def sampling(conversation: Conversation) -> dict:
    return given(temperature=conversation.temperature, top_p=conversation.top_p, top_k=conversation.top_k)


def system(texts: tuple[Text, ...]):
    """One text is a string, unless it is marked."""
    if len(texts) == 1 and not texts[0].cached:
        return texts[0].text
    return [block(text) for text in texts]


def blocks(parts):
    if len(parts) == 1 and isinstance(parts[0], Text) and not parts[0].cached:
        return parts[0].text
    return [block(part) for part in parts]


def block(part) -> dict:
    match part:
        case Text():
            return given(type="text", text=part.text, cache_control=EPHEMERAL if part.cached else None)
        case Image():
            return {"type": "image", "source": source(part)}
        case Document():
            return {"type": "document", "source": source(part), "title": part.name}
        case Thought():
            return {"type": "thinking", "thinking": part.text, "signature": part.signature}
        case Call():
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": part.arguments}
        case Result():
            return {
                "type": "tool_result",
                "tool_use_id": part.call.id,
                "content": [block(inner) for inner in part.parts] if part.images else part.text,
                **({"is_error": True} if part.failed else {}),
            }
        case Audio():
            raise TypeError("sound cannot be said")


def source(part: Image | Document) -> dict:
    if isinstance(part, Image) and part.url:
        return {"type": "url", "url": part.url}
    return {"type": "base64", "media_type": part.media_type, "data": encoded(part.data)}


def tool_param(tool: Tool) -> dict:
    return given(
        name=tool.name,
        description=tool.description,
        input_schema=tool.parameters,
        strict=tool.strict or None,
        cache_control=EPHEMERAL if tool.cached else None,
    )


def choice(conversation: Conversation) -> dict | None:
    wanted = conversation.choice
    alone = {"disable_parallel_tool_use": True} if conversation.parallel is False else {}
    if isinstance(wanted, Tool):
        return {"type": "tool", "name": wanted.name, **alone}
    kinds = {"auto": "auto", "none": "none", "required": "any"}
    return {"type": kinds[wanted], **alone} if wanted else None


def thinking(conversation: Conversation) -> dict | None:
    told = {"display": "summarized"} if conversation.shown else {}
    if conversation.budget:
        return {"type": "enabled", "budget_tokens": conversation.budget, **told}
    return {"type": "adaptive", **told} if conversation.effort else None


def output_format(wanted) -> dict | None:
    return {"type": "json_schema", "schema": wanted.schema} if wanted else None
