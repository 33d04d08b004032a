"""The normal form of a request: two requests with the same one mean the same. Nothing is left out but by the rules here."""

import itertools
import json
from collections.abc import Callable, Iterator

from support.vendors.gemini import camel

# Where rules apply, each with the reason why what it takes away says nothing. A path is keys and `*`, which is any step.
SILENT: dict[str, dict[str, str]] = {
    "chat": {
        "response_format.json_schema.name": "the API demands one; the model is not told of it, and other APIs have none",
        "messages.*.tool_calls.*.index": "Mistral's SDK counts calls, which stand in order anyway",
        "messages.*.name": "Mistral's SDK names the tool of a result, which the call names, too",
    },
    "messages": {
        "anthropic_version": "it says in which words a request is; the gateway names the first version, SDKs the last",
    },
    "gemini": {
        "systemInstruction.role": "the API does not read it",
    },
    "converse": {
        "additionalModelResponseFieldPaths": "it says what is told beside the answer, and nothing to the model",
        "outputConfig.textFormat.structure.jsonSchema.name": "the model is not told of it, and other APIs have none",
    },
}

# What stands where nothing does.
DEFAULTS: dict[str, dict[str, object]] = {
    "chat": {
        "stream": False,
        "tool_choice": "auto",
        "messages.*.prefix": False,
        "messages.*.content": None,
        "tools.*.function.strict": False,
        "response_format.json_schema.strict": False,
    },
    "messages": {
        "stream": False,
        "tools.*.strict": False,
        "messages.*.content.*.is_error": False,
        "messages.*.content.*.content": "",
    },
    "gemini": {
        "generationConfig": {},
    },
    "converse": {
        "toolConfig.tools.*.toolSpec.strict": False,
        "messages.*.content.*.toolResult.status": "success",
    },
}


def meaning(api: str, body: dict):
    """The normal form of a body of one of the APIs `chat`, `messages`, `gemini`, `converse`."""
    body = NORMAL[api](json.loads(json.dumps(body)))
    for path in SILENT[api]:
        remove(body, path.split("."), lambda _: True)
    for path, default in DEFAULTS[api].items():
        remove(body, path.split("."), lambda value, default=default: value == default)
    return body


def remove(value, path: list[str], when: Callable[[object], bool]):
    """Takes out what stands at the path, where it is there and as told."""
    step, *rest = path
    if isinstance(value, list) and step == "*":
        for item in value:
            remove(item, rest, when)
    elif isinstance(value, dict) and step in value:
        if rest:
            remove(value[step], rest, when)
        elif when(value[step]):
            del value[step]


def chat(body: dict) -> dict:
    body["messages"] = list(together(body["messages"]))
    for message in body["messages"]:
        is_result = message["role"] == "tool"
        if "content" in message:
            message["content"] = parts(message["content"], said if is_result else str)
        for call in message.get("tool_calls", []):
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    if body.get("tool_choice") == "any":
        # Mistral's word for it, beside OpenAI's.
        body["tool_choice"] = "required"
    return body


def together(messages: list[dict]) -> Iterator[dict]:
    """What the system says in several messages in a row is one."""
    for is_system, group in itertools.groupby(messages, lambda message: message["role"] == "system"):
        group = list(group)
        if is_system:
            yield {"role": "system", "content": [part for message in group for part in parts(message["content"], str)]}
        else:
            yield from group


def messages(body: dict) -> dict:
    body["messages"] = [{**message, "content": blocks(message["content"])} for message in body["messages"]]
    if "system" in body:
        body["system"] = blocks(body["system"])
    return body


def blocks(content) -> list[dict]:
    """A string is one block of text; and so within results."""
    content = parts(content, str)
    for block in content:
        if block["type"] == "tool_result" and block.get("content"):
            block["content"] = parts(block["content"], said)
    return content


def parts(content, read: Callable[[str], object]):
    """A string is one part with that text; `None` stays."""
    if content is None:
        return None
    listed = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return [{**part, "text": read(part["text"])} if part["type"] == "text" else part for part in listed]


def said(text: str):
    """What a tool said: JSON by its value, since spaces in it say nothing."""
    if not text.startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def gemini(body: dict) -> dict:
    """One spelling of keys, of levels and of base64, where the API takes several."""
    body = camel(body)
    config = body.get("generationConfig", {})
    if level := config.get("thinkingConfig", {}).get("thinkingLevel"):
        config["thinkingConfig"]["thinkingLevel"] = level.lower()
    for content in body["contents"]:
        for part in content["parts"]:
            spell(part)
    return body


def spell(part: dict):
    if signature := part.get("thoughtSignature"):
        part["thoughtSignature"] = standard(signature)
    if data := part.get("inlineData", {}).get("data"):
        part["inlineData"]["data"] = standard(data)


def standard(data: str) -> str:
    """Base64 in the usual letters, without what fills it up."""
    return data.replace("-", "+").replace("_", "/").rstrip("=")


def converse(body: dict) -> dict:
    for message in body["messages"]:
        for block in message["content"]:
            if result := block.get("toolResult"):
                result["content"] = [worded(inner) for inner in result["content"]]
    if structure := body.get("outputConfig", {}).get("textFormat", {}).get("structure"):
        structure["jsonSchema"]["schema"] = json.loads(structure["jsonSchema"]["schema"])
    return body


def worded(block: dict) -> dict:
    """A tool's JSON is the same as its text."""
    if "json" in block:
        return {"text": block["json"]}
    return {**block, "text": said(block["text"])} if "text" in block else block


NORMAL: dict[str, Callable[[dict], dict]] = {"chat": chat, "messages": messages, "gemini": gemini, "converse": converse}

# Beginnings of paths that differ in the stage of the API only.
STAGES = {"/v1beta/models/": "/v1/models/"}


def address(path: str) -> str:
    """The path; the Gemini API is the same at each of its stages for what is asked here."""
    for stage, settled in STAGES.items():
        if path.startswith(stage):
            return settled + path.removeprefix(stage)
    return path


def differences(left, right, place: str = "") -> list[str]:
    """Where two values are not the same, and what stands there."""
    if isinstance(left, dict) and isinstance(right, dict):
        keys = [*left, *(key for key in right if key not in left)]
        sides = ((key, left.get(key, ...), right.get(key, ...)) for key in keys)
        return [line for key, one, other in sides for line in differences(one, other, f"{place}.{key}".lstrip("."))]
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = enumerate(zip(left, right, strict=True))
        return [line for index, (one, other) in pairs for line in differences(one, other, f"{place}[{index}]")]
    # A whole number is the same with a point in it; `True` is none.
    same = left == right and isinstance(left, bool) == isinstance(right, bool)
    return [] if same else [f"{place}: expected {shown(left)}, got {shown(right)}"]


def shown(value) -> str:
    if value is ...:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 300 else f"{text[:300]}…"
