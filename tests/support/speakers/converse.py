"""boto3's client of Bedrock."""

import json

from support.speakers.speaker import ABOUT_TOOL, HARBOUR, PICTURE, PLACE, QUESTION, RESULTS, SYSTEM, TOOL, Said, Speaker

ENDS = {"end_turn": "stop", "tool_use": "calls", "max_tokens": "length", "content_filtered": "refusal"}


class Converse(Speaker):
    def ask(self, model: str, *more: dict, **settings) -> dict:
        messages = [{"role": "user", "content": [{"text": QUESTION}, *more]}]
        return {"modelId": model, "messages": messages, **settings}

    def plain(self, model: str) -> dict:
        config = {"maxTokens": 64, "temperature": 0.5, "stopSequences": ["END"]}
        return self.ask(model, system=[{"text": SYSTEM}], inferenceConfig=config)

    def tools(self, model: str) -> dict:
        spec = {"name": TOOL, "description": ABOUT_TOOL, "inputSchema": {"json": HARBOUR}}
        return self.ask(model, toolConfig={"tools": [{"toolSpec": spec}]})

    def results(self, model: str, said: Said) -> dict:
        params = self.tools(model)
        told = [
            {"toolResult": {"toolUseId": call[0], "content": [{"text": text}]}}
            for call, text in zip(said.calls, RESULTS, strict=True)
        ]
        params["messages"] += [{"role": "assistant", "content": said.raw}, {"role": "user", "content": told}]
        return params

    def structured(self, model: str) -> dict:
        structure = {"jsonSchema": {"name": "place", "schema": json.dumps(PLACE)}}
        return self.ask(model, outputConfig={"textFormat": {"type": "json_schema", "structure": structure}})

    def picture(self, model: str) -> dict:
        return self.ask(model, {"image": {"format": "png", "source": {"bytes": PICTURE}}})

    def thinking(self, model: str) -> dict:
        return self.ask(
            model,
            inferenceConfig={"maxTokens": 4096},
            additionalModelRequestFields={"thinking": {"type": "enabled", "budget_tokens": 2048}},
        )

    def said(self, value) -> Said:
        if isinstance(value, list):
            value = gathered(value)
        blocks, usage = value["output"]["message"]["content"], value["usage"]
        thoughts = [block["reasoningContent"]["reasoningText"] for block in blocks if "reasoningContent" in block]
        uses = [block["toolUse"] for block in blocks if "toolUse" in block]
        assert usage["totalTokens"] == 29
        return Said(
            text="".join(block.get("text", "") for block in blocks),
            end=ENDS[value["stopReason"]],
            input=usage["inputTokens"] + usage["cacheReadInputTokens"] + usage.get("cacheWriteInputTokens", 0),
            output=usage["outputTokens"],
            cached=usage["cacheReadInputTokens"],
            calls=[(use["toolUseId"], use["name"], use["input"]) for use in uses],
            thought="".join(thought["text"] for thought in thoughts) or None,
            signature="".join(thought.get("signature", "") for thought in thoughts) or None,
            raw=blocks,
        )


def gathered(events: list[dict]) -> dict:
    """A stream as the whole answer that it is of."""
    whole: dict = {}
    blocks: dict[int, dict] = {}
    for event in events:
        ((kind, data),) = event.items()
        place = data.get("contentBlockIndex")
        if kind == "contentBlockStart":
            assert place not in blocks, "a block begins twice"
            blocks[place] = {"toolUse": {**data["start"]["toolUse"], "input": ""}}
        elif kind == "contentBlockDelta":
            add(blocks.setdefault(place, {}), data["delta"])
        elif kind == "messageStop":
            whole["stopReason"] = data["stopReason"]
        elif kind == "metadata":
            whole |= data
    for block in blocks.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"] or "{}")
    content = [blocks[place] for place in sorted(blocks)]
    return whole | {"output": {"message": {"role": "assistant", "content": content}}}


def add(block: dict, delta: dict):
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    else:
        thought = block.setdefault("reasoningContent", {"reasoningText": {"text": ""}})["reasoningText"]
        for key, text in delta["reasoningContent"].items():
            thought[key] = thought.get(key, "") + text
