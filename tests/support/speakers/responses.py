"""OpenAI's own clients, by its responses."""

import json

from support.speakers.speaker import ABOUT_TOOL, HARBOUR, PICTURE, PLACE, QUESTION, RESULTS, SYSTEM, TOOL, Said, Speaker

ENDS = {"max_output_tokens": "length", "content_filter": "refusal"}
DESCRIBED = {"type": "function", "name": TOOL, "description": ABOUT_TOOL, "parameters": HARBOUR, "strict": True}


class Responses(Speaker):
    calls = {"chat": "response", "stream": "response-stream"}
    structured_call = "response"
    has_stops = False

    def ask(self, model: str, content=QUESTION, **more) -> dict:
        return {"model": model, "input": [{"role": "user", "content": content}], "store": False, **more}

    def plain(self, model: str) -> dict:
        return self.ask(model, instructions=SYSTEM, max_output_tokens=64, temperature=0.5)

    def tools(self, model: str) -> dict:
        return self.ask(model, tools=[DESCRIBED])

    def results(self, model: str, said: Said) -> dict:
        params = self.tools(model)
        told = [
            {"type": "function_call_output", "call_id": call[0], "output": text}
            for call, text in zip(said.calls, RESULTS, strict=True)
        ]
        params["input"] += [*said.raw, *told]
        return params

    def structured(self, model: str) -> dict:
        return self.ask(model, text={"format": {"type": "json_schema", "name": "place", "strict": True, "schema": PLACE}})

    def picture(self, model: str) -> dict:
        picture = {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PICTURE}"}
        return self.ask(model, [{"type": "input_text", "text": QUESTION}, picture])

    def thinking(self, model: str) -> dict:
        return self.ask(model, reasoning={"effort": "medium", "summary": "auto"})

    def said(self, value) -> Said:
        items, usage = value["output"], value["usage"]
        parts = [part for item in items if item["type"] == "message" for part in item["content"]]
        calls = [item for item in items if item["type"] == "function_call"]
        thoughts = [item["summary"] or item.get("content", []) for item in items if item["type"] == "reasoning"]
        refusals = [part["refusal"] for part in parts if part["type"] == "refusal"]
        end = "refusal" if refusals else "calls" if calls else "stop"
        if value["status"] != "completed":
            end = ENDS[value["incomplete_details"]["reason"]]
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
        return Said(
            text="".join(part["text"] if part["type"] == "output_text" else part["refusal"] for part in parts),
            end=end,
            input=usage["input_tokens"],
            output=usage["output_tokens"],
            cached=usage["input_tokens_details"]["cached_tokens"],
            calls=[(item["call_id"], item["name"], json.loads(item["arguments"])) for item in calls],
            thought="".join(part["text"] for parts in thoughts for part in parts) or None,
            raw=items,
        )
