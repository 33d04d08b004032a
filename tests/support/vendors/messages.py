"""Anthropic's messages: from Anthropic, by Bedrock's InvokeModel, and by Vertex's rawPredict."""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

from support.frames import MEDIA_TYPE, chunk, exception
from support.upstream import Seen
from support.vendors import strict
from support.vendors.scenes import CACHED, INPUT, OUTPUT, Scene
from support.vendors.vendor import Asked, Vendor, event

ENDS = {"stop": "end_turn", "calls": "tool_use", "length": "max_tokens", "refusal": "refusal"}
KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    529: "overloaded_error",
}


class Anthropic(Vendor):
    provider = "anthropic"
    model = "claude-sonnet-4-5"
    auth = ("x-api-key", "k")

    def paths(self) -> dict[bool, str]:
        return dict.fromkeys((False, True), "/v1/messages")

    def objections(self, body: dict, stream: bool) -> Iterator[str]:
        versions = self.upstream.requests[-1].all("anthropic-version")
        if versions not in (["2023-06-01"], ["2026-10-21"]):
            yield f"the versions {versions}"
        yield from self.faults(body, samples=versions == ["2023-06-01"])

    def faults(self, body: dict, samples: bool) -> Iterator[str]:
        if body.get("model") != self.model:
            yield f"the model {body.get('model')}"
        problems = list(strict.messages(body, samples))
        yield from problems or self._rules(body)

    def _rules(self, body: dict) -> Iterator[str]:
        """What the types do not say."""
        thinking = body.get("thinking", {})
        if not 1024 <= thinking.get("budget_tokens", 1024) < body["max_tokens"] and "budget_tokens" in thinking:
            yield f"a budget of {thinking['budget_tokens']} within {body['max_tokens']}"
        if thinking.get("type") in ("enabled", "adaptive") and body.get("temperature", 1) != 1:
            yield "a temperature beside thinking"
        waiting: set[str] = set()
        for message in body["messages"]:
            blocks = blocks_of(message["content"])
            if not blocks:
                yield "a message without content"
            results = {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}
            if results != waiting:
                yield f"results of {results} to calls of {waiting}"
            waiting = {block["id"] for block in blocks if block["type"] == "tool_use"}
            yield from (f"the id {call}" for call in waiting if not re.fullmatch(r"[a-zA-Z0-9_-]+", call))

    def read(self, body: dict) -> Asked:
        asked = Asked(
            system="".join(block["text"] for block in blocks_of(body.get("system", ""))),
            limit=body["max_tokens"],
            temperature=body.get("temperature"),
            stops=body.get("stop_sequences", []),
            tools={tool["name"]: tool["input_schema"] for tool in body.get("tools", [])},
            schema=body.get("output_config", {}).get("format", {}).get("schema"),
            thinks=body.get("thinking", {}).get("type") in ("enabled", "adaptive"),
        )
        for message in body["messages"]:
            blocks = blocks_of(message["content"])
            if message["role"] == "user":
                asked.text = text_of(blocks)
                asked.pictures = [picture(block) for block in blocks if block["type"] == "image"]
            for block in blocks:
                self._read(block, asked)
        return asked

    def _read(self, block: dict, asked: Asked):
        if block["type"] == "tool_use":
            asked.calls.append((block["id"], block["name"], block["input"]))
        elif block["type"] == "tool_result":
            asked.results.append((block["tool_use_id"], text_of(blocks_of(block.get("content", "")))))
        elif block["type"] == "thinking":
            asked.signatures.append(block["signature"])

    def blocks(self, scene: Scene) -> Iterator[dict]:
        if scene.thought:
            yield {"type": "thinking", "thinking": scene.thought, "signature": scene.signature}
        if scene.text:
            yield {"type": "text", "text": scene.text}
        for call in scene.calls:
            yield {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}

    def whole(self, scene: Scene) -> dict:
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": f"{self.model}-20250929",
            "content": list(self.blocks(scene)),
            "stop_reason": ENDS[scene.end],
            "stop_sequence": None,
            "usage": usage(OUTPUT),
        }

    def steps(self, scene: Scene) -> Iterator[dict]:
        start = self.whole(scene) | {"content": [], "stop_reason": None, "usage": usage(1)}
        yield {"type": "message_start", "message": start}
        yield {"type": "ping"}
        for index, block in enumerate(self.blocks(scene)):
            yield {"type": "content_block_start", "index": index, "content_block": opened(block)}
            for delta in deltas(block, scene):
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
            yield {"type": "ping"}
        end = {"stop_reason": ENDS[scene.end], "stop_sequence": None}
        yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": OUTPUT}}
        yield {"type": "message_stop"}

    def events(self, scene: Scene) -> list[bytes]:
        return [self.wire(step) for step in self.steps(scene)]

    def wire(self, step: dict) -> bytes:
        return event(step, step["type"])

    def failing(self, message: str) -> bytes:
        return self.wire(self.error(529, message))

    def error(self, status: int, message: str) -> dict:
        kind = KINDS.get(status, "invalid_request_error")
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


class Enveloped(Anthropic):
    """The model is in the path, and the version in the body."""

    version = ""

    def objections(self, body: dict, stream: bool) -> Iterator[str]:
        rest = dict(body)
        if (version := rest.pop("anthropic_version", None)) != self.version:
            yield f"the version {version}"
        if "model" in rest:
            yield "a model in the body"
        yield from self.faults({**rest, "model": self.model}, samples=True)


class BedrockAnthropic(Enveloped):
    provider = "aws-bedrock-anthropic"
    model = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
    auth = ("authorization", "Bearer k")
    site = {"region": "eu-west-1"}
    version = "bedrock-2023-05-31"
    event_type = MEDIA_TYPE

    def paths(self) -> dict[bool, str]:
        path = f"/model/{quote(self.model, safe='')}"
        return {False: f"{path}/invoke", True: f"{path}/invoke-with-response-stream"}

    def streams(self, seen: Seen) -> bool:
        return seen.target.endswith("-stream")

    def objections(self, body: dict, stream: bool) -> Iterator[str]:
        if "stream" in body:
            yield "stream in the body"
        yield from super().objections(body, stream)

    def wire(self, step: dict) -> bytes:
        return chunk(step, p="abcdef")

    def failing(self, message: str) -> bytes:
        return exception("modelStreamErrorException", message)

    def error(self, status: int, message: str) -> dict:
        return {"message": message}

    def error_fields(self, status: int) -> dict[str, str]:
        return {"x-amzn-ErrorType": EXCEPTIONS.get(status, "ValidationException")}


class VertexAnthropic(Enveloped):
    provider = "gcp-vertex-anthropic"
    model = "claude-sonnet-4-5@20250929"
    auth = ("authorization", "Bearer t")
    credentials = {"gcp": {"access_token": "t"}}
    site = {"project": "tides", "location": "europe-west1"}
    version = "vertex-2023-10-16"

    def paths(self) -> dict[bool, str]:
        path = f"/v1/projects/tides/locations/europe-west1/publishers/anthropic/models/{self.model}"
        return {False: f"{path}:rawPredict", True: f"{path}:streamRawPredict"}


EXCEPTIONS = {
    401: "AccessDeniedException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
    529: "ServiceUnavailableException",
}


def usage(output: int) -> dict:
    """Tokens from the cache are not among the others."""
    own = {"input_tokens": INPUT - CACHED, "output_tokens": output}
    return {**own, "cache_read_input_tokens": CACHED, "cache_creation_input_tokens": 0, "service_tier": "standard"}


def opened(block: dict) -> dict:
    empty = {"thinking": "", "signature": "", "text": "", "input": {}}
    return {key: empty.get(key, value) if key != "type" else value for key, value in block.items()}


def deltas(block: dict, scene: Scene) -> Iterator[dict]:
    if block["type"] == "text":
        yield from ({"type": "text_delta", "text": word} for word in scene.words)
    elif block["type"] == "thinking":
        yield {"type": "thinking_delta", "thinking": block["thinking"][:5]}
        yield {"type": "thinking_delta", "thinking": block["thinking"][5:]}
        yield {"type": "signature_delta", "signature": block["signature"]}
    else:
        arguments = json.dumps(block["input"])
        for part in ("", arguments[:7], arguments[7:]):
            yield {"type": "input_json_delta", "partial_json": part}


def blocks_of(content) -> list[dict]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content


def text_of(blocks: list[dict]) -> str:
    return "".join(block["text"] for block in blocks if block["type"] == "text")


def picture(block: dict) -> tuple[str, str]:
    return block["source"]["media_type"], block["source"]["data"]
