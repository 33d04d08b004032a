"""OpenAI's chat completions, and the same on Azure's paths and from Mistral."""

import json
from collections.abc import Iterator

from support.upstream import DONE
from support.vendors import strict
from support.vendors.scenes import CACHED, INPUT, OUTPUT, THOUGHTS, Scene
from support.vendors.vendor import Asked, Vendor, event

ENDS = {"stop": "stop", "calls": "tool_calls", "length": "length", "refusal": "content_filter"}
KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class OpenAi(Vendor):
    provider = "openai"
    model = "gpt-5"

    def paths(self) -> dict[bool, str]:
        return dict.fromkeys((False, True), "/v1/chat/completions")

    def objections(self, body: dict, stream: bool) -> Iterator[str]:
        if body.get("model") != self.model:
            yield f"the model {body.get('model')}"
        if "stream_options" in body and not stream:
            yield "stream_options without a stream"
        yield from strict.chat(body)
        yield from self._unanswered(body["messages"])

    def _unanswered(self, messages: list[dict]) -> Iterator[str]:
        """Every call is answered by the messages that come right after it."""
        waiting: set[str] = set()
        for message in messages:
            if message["role"] == "tool":
                if message["tool_call_id"] not in waiting:
                    yield f"a result of nobody's call {message['tool_call_id']}"
                waiting.discard(message["tool_call_id"])
                continue
            if waiting:
                yield f"calls without a result: {waiting}"
            waiting = {call["id"] for call in message.get("tool_calls") or []}
        if waiting:
            yield f"calls without a result: {waiting}"

    def read(self, body: dict) -> Asked:
        asked = Asked(
            limit=body.get("max_completion_tokens", body.get("max_tokens")),
            temperature=body.get("temperature"),
            stops=listed(body.get("stop")),
            tools={tool["function"]["name"]: tool["function"].get("parameters") for tool in body.get("tools", [])},
            schema=body.get("response_format", {}).get("json_schema", {}).get("schema"),
            thinks=body.get("reasoning_effort", "none") != "none",
        )
        for message in body["messages"]:
            self._read(message, asked)
        return asked

    def _read(self, message: dict, asked: Asked):
        text, pictures = content(message.get("content"))
        if message["role"] in ("system", "developer"):
            asked.system += text
        elif message["role"] == "tool":
            asked.results.append((message["tool_call_id"], text))
        elif message["role"] == "user":
            asked.text, asked.pictures = text, pictures
        for call in message.get("tool_calls") or []:
            function = call["function"]
            asked.calls.append((call["id"], function["name"], json.loads(function["arguments"])))

    def message(self, scene: Scene) -> dict:
        message = {"role": "assistant", "content": scene.text or None, "refusal": None}
        if scene.calls:
            message["tool_calls"] = [tool_call(call) for call in scene.calls]
        return message

    def whole(self, scene: Scene) -> dict:
        choice = {"index": 0, "message": self.message(scene), "logprobs": None, "finish_reason": ENDS[scene.end]}
        return {**self._head("chat.completion"), "choices": [choice], "usage": usage(scene)}

    def deltas(self, scene: Scene) -> Iterator[dict]:
        yield {"role": "assistant", "content": "", "refusal": None}
        yield from self.thoughts(scene)
        for word in scene.words:
            yield {"content": word}
        for index, call in enumerate(scene.calls):
            first = {"index": index, **tool_call(call)}
            arguments = first["function"]["arguments"]
            yield {"tool_calls": [first | {"function": {"name": call.name, "arguments": ""}}]}
            for part in (arguments[:7], arguments[7:]):
                yield {"tool_calls": [{"index": index, "function": {"arguments": part}}]}

    def thoughts(self, scene: Scene) -> Iterator[dict]:
        """OpenAI keeps them for itself in chats."""
        yield from ()

    def events(self, scene: Scene) -> list[bytes]:
        deltas = [*self.deltas(scene), {}]
        ends = [None] * (len(deltas) - 1) + [ENDS[scene.end]]
        chunks = [[{"index": 0, "delta": delta, "finish_reason": end}] for delta, end in zip(deltas, ends, strict=True)]
        head = self._head("chat.completion.chunk")
        events = [event({**head, "choices": choices, "usage": None}) for choices in chunks]
        if self._wants_usage():
            events.append(event({**head, "choices": [], "usage": usage(scene)}))
        return [self.first(), *events, DONE]

    def first(self) -> bytes:
        """A comment, by which connections are kept open."""
        return b": one moment\n\n"

    def _wants_usage(self) -> bool:
        options = self.upstream.requests[-1].json.get("stream_options") or {}
        return options.get("include_usage") is True

    def _head(self, kind: str) -> dict:
        return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": f"{self.model}-2025", "system_fingerprint": "fp"}

    def failing(self, message: str) -> bytes:
        return event(self.error(500, message))

    def error(self, status: int, message: str) -> dict:
        kind = KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
        return {"error": {"message": message, "type": kind, "param": None, "code": None}}


class Azure(OpenAi):
    provider = "azure-openai"
    auth = ("api-key", "k")
    site = {"api_version": "2025-01-01-preview"}

    def paths(self) -> dict[bool, str]:
        path = f"/openai/deployments/{self.model}/chat/completions?api-version=2025-01-01-preview"
        return dict.fromkeys((False, True), path)

    def first(self) -> bytes:
        """What the filters say of the prompt, before there is a choice."""
        head = {"id": "", "object": "", "created": 0, "model": "", "choices": []}
        return event({**head, "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}]})

    def error(self, status: int, message: str) -> dict:
        return {"error": {"code": str(status), "message": message}}


class Mistral(OpenAi):
    provider = "mistral"
    model = "magistral-small"

    def message(self, scene: Scene) -> dict:
        message = super().message(scene)
        return message | {"reasoning_content": scene.thought} if scene.thought else message

    def thoughts(self, scene: Scene) -> Iterator[dict]:
        if scene.thought:
            yield {"reasoning_content": scene.thought}

    def _wants_usage(self) -> bool:
        """It is told unasked."""
        return True

    def error(self, status: int, message: str) -> dict:
        return {"object": "error", "message": message, "type": "invalid_request_error", "param": None, "code": None}

    def failing(self, message: str) -> bytes:
        return event({"error": self.error(500, message)})


def tool_call(call) -> dict:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": json.dumps(call.arguments)}}


def usage(scene: Scene) -> dict:
    return {
        "prompt_tokens": INPUT,
        "completion_tokens": OUTPUT,
        "total_tokens": INPUT + OUTPUT,
        "prompt_tokens_details": {"cached_tokens": CACHED, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": THOUGHTS if scene.thought else 0, "audio_tokens": 0},
    }


def content(value) -> tuple[str, list[tuple[str, str]]]:
    """The text of a message, and its pictures as media type and base64."""
    if not isinstance(value, list):
        return value or "", []
    text = "".join(part["text"] for part in value if part["type"] == "text")
    urls = [part["image_url"]["url"] for part in value if part["type"] == "image_url"]
    return text, [tuple(url.removeprefix("data:").split(";base64,")) for url in urls]


def listed(value) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]
