"""Bedrock's Converse."""

import json
from collections.abc import Iterator
from urllib.parse import quote

from support.frames import MEDIA_TYPE, exception, frame
from support.upstream import Seen
from support.vendors import strict
from support.vendors.messages import EXCEPTIONS
from support.vendors.scenes import CACHED, INPUT, OUTPUT, Scene
from support.vendors.vendor import Asked, Vendor

ENDS = {"stop": "end_turn", "calls": "tool_use", "length": "max_tokens", "refusal": "content_filtered"}


class Bedrock(Vendor):
    provider = "aws-bedrock"
    model = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
    site = {"region": "eu-west-1"}
    event_type = MEDIA_TYPE

    def paths(self) -> dict[bool, str]:
        path = f"/model/{quote(self.model, safe='')}"
        return {False: f"{path}/converse", True: f"{path}/converse-stream"}

    def streams(self, seen: Seen) -> bool:
        return seen.target.endswith("-stream")

    def objections(self, body: dict, stream: bool) -> Iterator[str]:
        problems = list(strict.converse(body, stream))
        yield from problems or self._rules(body)

    def _rules(self, body: dict) -> Iterator[str]:
        """What the types do not say."""
        turns = [message["role"] for message in body.get("messages", [])]
        if turns != ["user", "assistant"] * (len(turns) // 2) + ["user"]:
            yield f"turns of {turns}"
        blocks = [block for message in body.get("messages", []) for block in message["content"]]
        if any("toolUse" in block or "toolResult" in block for block in blocks) and "toolConfig" not in body:
            yield "calls without toolConfig"
        if any(block.get("text") == "" for block in blocks):
            yield "a text without a word"

    def read(self, body: dict) -> Asked:
        config = body.get("inferenceConfig", {})
        tools = [tool["toolSpec"] for tool in body.get("toolConfig", {}).get("tools", [])]
        extra = body.get("additionalModelRequestFields", {})
        schema = body.get("outputConfig", {}).get("textFormat", {}).get("structure", {}).get("jsonSchema", {}).get("schema")
        asked = Asked(
            system="".join(block["text"] for block in body.get("system", [])),
            limit=config.get("maxTokens"),
            temperature=config.get("temperature"),
            stops=config.get("stopSequences", []),
            tools={tool["name"]: tool["inputSchema"]["json"] for tool in tools},
            schema=json.loads(schema) if schema else None,
            thinks=extra.get("thinking", {}).get("type") in ("enabled", "adaptive"),
        )
        for message in body["messages"]:
            if message["role"] == "user":
                asked.text = text_of(message["content"])
                asked.pictures = [picture(block["image"]) for block in message["content"] if "image" in block]
            for block in message["content"]:
                self._read(block, asked)
        return asked

    def _read(self, block: dict, asked: Asked):
        if use := block.get("toolUse"):
            asked.calls.append((use["toolUseId"], use["name"], use["input"]))
        elif result := block.get("toolResult"):
            asked.results.append((result["toolUseId"], text_of(result["content"])))
        elif thought := block.get("reasoningContent", {}).get("reasoningText"):
            asked.signatures.append(thought["signature"])

    def blocks(self, scene: Scene) -> Iterator[dict]:
        if scene.thought:
            yield {"reasoningContent": {"reasoningText": {"text": scene.thought, "signature": scene.signature}}}
        if scene.text:
            yield {"text": scene.text}
        for call in scene.calls:
            yield {"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.arguments}}

    def whole(self, scene: Scene) -> dict:
        return {
            "output": {"message": {"role": "assistant", "content": list(self.blocks(scene))}},
            "stopReason": ENDS[scene.end],
            **accounts(),
        }

    def events(self, scene: Scene) -> list[bytes]:
        frames = [frame("messageStart", {"role": "assistant", "p": "abc"})]
        for index, block in enumerate(self.blocks(scene)):
            place = {"contentBlockIndex": index}
            if use := block.get("toolUse"):
                start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
                frames.append(frame("contentBlockStart", {"start": start, **place}))
            frames += [frame("contentBlockDelta", {"delta": delta, **place}) for delta in deltas(block, scene)]
            frames.append(frame("contentBlockStop", place))
        return [*frames, frame("messageStop", {"stopReason": ENDS[scene.end]}), frame("metadata", accounts())]

    def failing(self, message: str) -> bytes:
        return exception("modelStreamErrorException", message)

    def error(self, status: int, message: str) -> dict:
        return {"message": message}

    def error_fields(self, status: int) -> dict[str, str]:
        return {"x-amzn-ErrorType": EXCEPTIONS.get(status, "ValidationException")}


def accounts() -> dict:
    usage = {"inputTokens": INPUT - CACHED, "outputTokens": OUTPUT, "totalTokens": INPUT + OUTPUT}
    cache = {"cacheReadInputTokens": CACHED, "cacheWriteInputTokens": 0}
    return {"usage": usage | cache, "metrics": {"latencyMs": 7}}


def deltas(block: dict, scene: Scene) -> Iterator[dict]:
    if "text" in block:
        yield from ({"text": word} for word in scene.words)
    elif use := block.get("toolUse"):
        arguments = json.dumps(use["input"])
        yield from ({"toolUse": {"input": part}} for part in (arguments[:7], arguments[7:]))
    else:
        thought = block["reasoningContent"]["reasoningText"]
        yield {"reasoningContent": {"text": thought["text"][:5]}}
        yield {"reasoningContent": {"text": thought["text"][5:]}}
        yield {"reasoningContent": {"signature": thought["signature"]}}


def text_of(blocks: list[dict]) -> str:
    """The text; what a tool said in JSON as JSON."""
    return "".join(block.get("text") or json.dumps(block["json"]) for block in blocks if "text" in block or "json" in block)


def picture(image: dict) -> tuple[str, str]:
    return f"image/{image['format']}", image["source"]["bytes"]
