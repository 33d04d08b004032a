"""Anthropic's own clients."""

from support.speakers.speaker import ABOUT_TOOL, HARBOUR, PICTURE, PLACE, QUESTION, RESULTS, SYSTEM, TOOL, Said, Speaker

ENDS = {"end_turn": "stop", "tool_use": "calls", "max_tokens": "length", "refusal": "refusal"}


class Messages(Speaker):
    # It went with version 2026-10-21 of the API.
    has_temperature = False

    def ask(self, model: str, content=QUESTION, limit=4096, **more) -> dict:
        return {"model": model, "max_tokens": limit, "messages": [{"role": "user", "content": content}], **more}

    def plain(self, model: str) -> dict:
        return self.ask(model, limit=64, system=SYSTEM, stop_sequences=["END"])

    def tools(self, model: str) -> dict:
        return self.ask(model, tools=[{"name": TOOL, "description": ABOUT_TOOL, "input_schema": HARBOUR}])

    def results(self, model: str, said: Said) -> dict:
        params = self.tools(model)
        told = [
            {"type": "tool_result", "tool_use_id": call[0], "content": text}
            for call, text in zip(said.calls, RESULTS, strict=True)
        ]
        params["messages"] += [{"role": "assistant", "content": said.raw}, {"role": "user", "content": told}]
        return params

    def structured(self, model: str) -> dict:
        return self.ask(model, output_config={"format": {"type": "json_schema", "schema": PLACE}})

    def picture(self, model: str) -> dict:
        source = {"type": "base64", "media_type": "image/png", "data": PICTURE}
        return self.ask(model, [{"type": "text", "text": QUESTION}, {"type": "image", "source": source}])

    def thinking(self, model: str) -> dict:
        return self.ask(model, thinking={"type": "enabled", "budget_tokens": 2048})

    def said(self, value) -> Said:
        blocks, usage = value["content"], value["usage"]
        thoughts = [block for block in blocks if block["type"] == "thinking"]
        cached = usage["cache_read_input_tokens"] or 0
        return Said(
            text="".join(block["text"] for block in blocks if block["type"] == "text"),
            end=ENDS[value["stop_reason"]],
            input=usage["input_tokens"] + cached + (usage["cache_creation_input_tokens"] or 0),
            output=usage["output_tokens"],
            cached=cached,
            calls=[(block["id"], block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"],
            thought="".join(block["thinking"] for block in thoughts) or None,
            signature="".join(block["signature"] for block in thoughts) or None,
            raw=[{key: item for key, item in block.items() if key in KEPT} for block in blocks],
        )


# What of a block a client sends back; the rest is of answers only.
KEPT = ("type", "text", "id", "name", "input", "thinking", "signature", "data")
