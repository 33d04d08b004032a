"""OpenAI's own clients."""

import json

from support.speakers.speaker import (
    ABOUT_TOOL,
    HARBOUR,
    PICTURE,
    PLACE,
    QUESTION,
    RESULTS,
    SYSTEM,
    TOOL,
    Said,
    Speaker,
)

ENDS = {"stop": "stop", "tool_calls": "calls", "length": "length", "content_filter": "refusal"}
DESCRIBED = {"type": "function", "function": {"name": TOOL, "description": ABOUT_TOOL, "parameters": HARBOUR}}


class Chat(Speaker):
    in_streams = {"stream_options": {"include_usage": True}}

    def ask(self, model: str, content=QUESTION, **more) -> dict:
        return {"model": model, "messages": [{"role": "user", "content": content}], **more}

    def plain(self, model: str) -> dict:
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
        return {"model": model, "messages": messages, "max_completion_tokens": 64, "temperature": 0.5, "stop": ["END"]}

    def tools(self, model: str) -> dict:
        return self.ask(model, tools=[DESCRIBED])

    def results(self, model: str, said: Said) -> dict:
        params = self.tools(model)
        calls = [
            {"id": call, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for call, name, arguments in said.calls
        ]
        told = [
            {"role": "tool", "tool_call_id": call[0], "content": text}
            for call, text in zip(said.calls, RESULTS, strict=True)
        ]
        params["messages"] += [{"role": "assistant", "content": said.text, "tool_calls": calls}, *told]
        return params

    def structured(self, model: str) -> dict:
        schema = {"name": "place", "strict": True, "schema": PLACE}
        return self.ask(model, response_format={"type": "json_schema", "json_schema": schema})

    def picture(self, model: str) -> dict:
        url = {"url": f"data:image/png;base64,{PICTURE}"}
        return self.ask(model, [{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": url}])

    def thinking(self, model: str) -> dict:
        return self.ask(model, reasoning_effort="medium")

    def said(self, value) -> Said:
        if isinstance(value, list):
            return self._streamed(value)
        (choice,) = value["choices"]
        message = choice["message"]
        calls = [(call["id"], call["function"]) for call in message.get("tool_calls") or []]
        return self._said(message, calls, choice["finish_reason"], value["usage"])

    def _streamed(self, events: list[dict]) -> Said:
        choices = [choice for event in events for choice in event["choices"]]
        deltas = [choice["delta"] for choice in choices]
        calls: dict[int, tuple[str, dict]] = {}
        for part in (part for delta in deltas for part in delta.get("tool_calls") or []):
            function = part["function"]
            if part.get("id"):
                assert part["index"] not in calls, "a call begins twice"
                calls[part["index"]] = (part["id"], {"name": function["name"], "arguments": ""})
            calls[part["index"]][1]["arguments"] += function.get("arguments") or ""
        message = {key: "".join(delta.get(key) or "" for delta in deltas) for key in ("content", "reasoning_content")}
        (end,) = (choice["finish_reason"] for choice in choices if choice.get("finish_reason"))
        (usage,) = (event["usage"] for event in events if event.get("usage"))
        return self._said(message, [calls[index] for index in sorted(calls)], end, usage)

    def _said(self, message: dict, calls: list, end: str, usage: dict) -> Said:
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        return Said(
            text=message["content"] or "",
            end=ENDS[end],
            input=usage["prompt_tokens"],
            output=usage["completion_tokens"],
            cached=usage["prompt_tokens_details"]["cached_tokens"],
            calls=[(call, function["name"], json.loads(function["arguments"])) for call, function in calls],
            thought=message.get("reasoning_content") or None,
        )
