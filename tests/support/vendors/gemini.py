"""Google's generateContent: of the Gemini API and of Vertex AI."""

import json
from collections.abc import Iterator

from pydantic.alias_generators import to_camel

from support.upstream import Seen
from support.vendors import strict
from support.vendors.scenes import CACHED, INPUT, OUTPUT, THOUGHTS, Call, Scene
from support.vendors.vendor import Asked, Vendor, event

ENDS = {"stop": "STOP", "calls": "STOP", "length": "MAX_TOKENS", "refusal": "SAFETY"}
STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
# What is below these has names of its own.
OPEN = ("parametersJsonSchema", "responseJsonSchema", "args", "response", "labels")


class Gemini(Vendor):
    provider = "gemini"
    model = "gemini-2.5-flash"
    auth = ("x-goog-api-key", "k")
    check = staticmethod(strict.gemini)

    def folder(self) -> str:
        return "/v1beta"

    def paths(self) -> dict[bool, str]:
        path = f"{self.folder()}/models/{self.model}"
        return {False: f"{path}:generateContent", True: f"{path}:streamGenerateContent?alt=sse"}

    def streams(self, seen: Seen) -> bool:
        return ":streamGenerateContent" in seen.target

    def objections(self, body: dict, stream: bool) -> Iterator[str]:
        problems = list(self.check(body))
        yield from problems or self._rules(body)

    def _rules(self, body: dict) -> Iterator[str]:
        """What the types do not say."""
        if not body["contents"]:
            yield "no contents"
        called = 0
        for content in camel(body["contents"]):
            parts = content["parts"]
            if not parts:
                yield "a content without parts"
            answered = sum("functionResponse" in part for part in parts)
            if answered != called:
                yield f"{answered} results to {called} calls"
            called = sum("functionCall" in part for part in parts)

    def read(self, body: dict) -> Asked:
        body = camel(body)
        config = body.get("generationConfig", {})
        declared = [declaration for tool in body.get("tools", []) for declaration in tool["functionDeclarations"]]
        thinking = config.get("thinkingConfig", {})
        asked = Asked(
            system=text_of(body.get("systemInstruction", {}).get("parts", [])),
            limit=config.get("maxOutputTokens"),
            temperature=config.get("temperature"),
            stops=config.get("stopSequences", []),
            tools={tool["name"]: tool.get("parametersJsonSchema") or tool.get("parameters") for tool in declared},
            schema=config.get("responseJsonSchema") or config.get("responseSchema"),
            thinks=bool(thinking.get("includeThoughts")) and thinking.get("thinkingBudget") != 0,
        )
        for content in body["contents"]:
            parts = content["parts"]
            if content.get("role") == "user":
                asked.text = text_of(parts)
                inline = [part["inlineData"] for part in parts if "inlineData" in part]
                asked.pictures = [(data["mimeType"], data["data"]) for data in inline]
            for part in parts:
                self._read(part, asked)
        return asked

    def _read(self, part: dict, asked: Asked):
        if call := part.get("functionCall"):
            asked.calls.append((call.get("id", ""), call["name"], call.get("args", {})))
        elif result := part.get("functionResponse"):
            said = result["response"]
            asked.results.append((result.get("id", ""), said["output"] if "output" in said else json.dumps(said)))
        if signature := part.get("thoughtSignature"):
            asked.signatures.append(signature)

    def parts(self, scene: Scene) -> Iterator[dict]:
        if scene.thought:
            yield {"text": scene.thought, "thought": True}
        if scene.text:
            signature = {"thoughtSignature": scene.signature} if scene.signature else {}
            yield {"text": scene.text, **signature}
        yield from (function_call(call) for call in scene.calls)

    def whole(self, scene: Scene) -> dict:
        return self._answer_of(scene, list(self.parts(scene)), {"finishReason": ENDS[scene.end]})

    def events(self, scene: Scene) -> list[bytes]:
        pieces = [{"text": scene.thought, "thought": True}] if scene.thought else []
        pieces += [{"text": word} for word in scene.words]
        pieces += [function_call(call) for call in scene.calls]
        if scene.signature:
            pieces.append({"text": "", "thoughtSignature": scene.signature})
        events = [event(self._answer_of(scene, [piece], {})) for piece in pieces]
        return [*events, event(self._answer_of(scene, [{"text": ""}], {"finishReason": ENDS[scene.end]}))]

    def _answer_of(self, scene: Scene, parts: list[dict], end: dict) -> dict:
        candidate = {"content": {"parts": parts, "role": "model"}, "index": 0, **end}
        thoughts = THOUGHTS if scene.thought else 0
        usage = {
            "promptTokenCount": INPUT,
            "cachedContentTokenCount": CACHED,
            "candidatesTokenCount": OUTPUT - thoughts,
            "totalTokenCount": INPUT + OUTPUT,
        }
        if thoughts:
            usage["thoughtsTokenCount"] = thoughts
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": self.model, "responseId": "r-1"}

    def failing(self, message: str) -> bytes:
        return event(self.error(503, message))

    def error(self, status: int, message: str) -> dict:
        name = STATUS.get(status, "INTERNAL" if status >= 500 else "INVALID_ARGUMENT")
        return {"error": {"code": status, "message": message, "status": name}}


class Vertex(Gemini):
    provider = "gcp-vertex"
    auth = ("authorization", "Bearer t")
    credentials = {"gcp": {"access_token": "t"}}
    site = {"project": "tides", "location": "europe-west1"}
    check = staticmethod(strict.vertex)

    def folder(self) -> str:
        return "/v1/projects/tides/locations/europe-west1/publishers/google"


def function_call(call: Call) -> dict:
    """Calls have no ids here."""
    return {"functionCall": {"name": call.name, "args": call.arguments}}


def camel(value):
    """Names as they are on the wire: Google's own client writes a part of them with underscores."""
    if isinstance(value, list):
        return [camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    named = ((to_camel(key) if "_" in key else key, item) for key, item in value.items())
    return {key: item if key in OPEN else camel(item) for key, item in named}


def text_of(parts: list[dict]) -> str:
    return "".join(part["text"] for part in parts if "text" in part and not part.get("thought"))
