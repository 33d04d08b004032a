"""AWS's SDK for Converse, with a model of Anthropic's."""

import json

import boto3
from botocore.config import Config

from oracles.neutral import Audio, Call, Conversation, Document, Image, Result, Schema, Text, Thought, Tool, Turn
from oracles.writers.messages import thinking
from oracles.writers.writer import Writer, given

NONE = "Converse has none"
CACHE_POINT = {"cachePoint": {"type": "default"}}


class Converse(Writer):
    name = "aws-bedrock"
    model = "eu.anthropic.claude-opus-4-6-v1"
    cluster = {"region": "eu-west-1", "credentials": {"aws": {"access_key_id": "a", "secret_access_key": "s"}}}
    no_words = {
        **dict.fromkeys(("seed", "presence_penalty", "frequency_penalty", "log_probabilities", "choices"), NONE),
        "format json": "an answer is free or follows a schema",
        "image by address": "an image is in the request or in S3",
    }
    nearly = {
        "user": "there is metadata of the request only",
        "choice of none": "a model may or must call tools; one that must not is not told of them",
        "signed call": "calls have no signature",
    }

    def __init__(self, url: str):
        super().__init__(url)
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "s"}
        once = Config(retries={"total_max_attempts": 1})
        self.client = boto3.client("bedrock-runtime", endpoint_url=url, region_name="eu-west-1", config=once, **keys)

    def say(self, conversation: Conversation):
        call = self.client.converse_stream if conversation.stream else self.client.converse
        call(
            modelId=self.model,
            messages=[{"role": turn.role, "content": blocks(turn)} for turn in conversation.turns],
            **given(
                system=marked(conversation.system),
                inferenceConfig=given(
                    maxTokens=conversation.max_tokens,
                    temperature=conversation.temperature,
                    topP=conversation.top_p,
                    stopSequences=list(conversation.stop),
                ),
                toolConfig=tool_config(conversation),
                outputConfig=given(textFormat=text_format(conversation.format), effort=conversation.effort),
                additionalModelRequestFields=additional(conversation),
                requestMetadata=conversation.metadata,
                serviceTier=given(type=conversation.tier),
            ),
        )


def marked(parts) -> list[dict]:
    """Each part, and a point of the cache after those that are marked."""
    return [block for part in parts for block in (content(part), *([CACHE_POINT] if getattr(part, "cached", False) else []))]


def blocks(turn: Turn) -> list[dict]:
    return marked(turn.parts)


def content(part) -> dict:
    match part:
        case Text():
            return {"text": part.text}
        case Image():
            return {"image": {"format": part.media_type.removeprefix("image/"), "source": {"bytes": part.data}}}
        case Audio():
            return {"audio": {"format": part.format, "source": {"bytes": part.data}}}
        case Document():
            stem, _, ending = part.name.rpartition(".")
            return {"document": {"format": ending, "name": stem, "source": {"bytes": part.data}}}
        case Thought():
            return {"reasoningContent": {"reasoningText": {"text": part.text, "signature": part.signature}}}
        case Call():
            return {"toolUse": {"toolUseId": part.id, "name": part.name, "input": part.arguments}}
        case Result():
            # The API refuses texts without a word.
            parts = [content(inner) for inner in part.parts if inner != Text("")]
            said = [{"json": part.said}] if part.said is not None else parts
            status = {"status": "error"} if part.failed else {}
            return {"toolResult": {"toolUseId": part.call.id, "content": said, **status}}


def tool_config(conversation: Conversation) -> dict | None:
    if not conversation.tools or conversation.choice == "none":
        return None
    tools = [tool for each in conversation.tools for tool in (tool_spec(each), *([CACHE_POINT] if each.cached else []))]
    # Where Anthropic's own words say the choice, it must not be said twice.
    return given(tools=tools, toolChoice=None if conversation.parallel is False else choice(conversation.choice))


def tool_spec(tool: Tool) -> dict:
    more = {"strict": True} if tool.strict else {}
    schema = {"json": tool.parameters}
    return {"toolSpec": {"name": tool.name, "description": tool.description, "inputSchema": schema, **more}}


def choice(wanted) -> dict | None:
    if isinstance(wanted, Tool):
        return {"tool": {"name": wanted.name}}
    return {"auto": {"auto": {}}, "required": {"any": {}}}.get(wanted)


def text_format(wanted: Schema | None) -> dict | None:
    if wanted is None:
        return None
    schema = {"jsonSchema": {"schema": json.dumps(wanted.schema), "name": wanted.name}}
    return {"type": "json_schema", "structure": schema}


def additional(conversation: Conversation) -> dict:
    """What Anthropic's models know beside Converse's own fields."""
    alone = {"type": "any" if conversation.choice == "required" else "auto", "disable_parallel_tool_use": True}
    return given(
        top_k=conversation.top_k,
        thinking=thinking(conversation),
        tool_choice=alone if conversation.parallel is False else None,
    )
