"""Google's own client."""

from support.speakers.speaker import ABOUT_TOOL, HARBOUR, PICTURE, PLACE, QUESTION, RESULTS, SYSTEM, TOOL, Said, Speaker

ENDS = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "refusal"}


class Gemini(Speaker):
    def ask(self, model: str, *parts: dict, **config) -> dict:
        return {"model": model, "contents": [{"role": "user", "parts": [{"text": QUESTION}, *parts]}], "config": config}

    def plain(self, model: str) -> dict:
        limits = {"max_output_tokens": 64, "temperature": 0.5, "stop_sequences": ["END"]}
        return self.ask(model, system_instruction=SYSTEM, **limits)

    def tools(self, model: str) -> dict:
        tool = {"name": TOOL, "description": ABOUT_TOOL, "parameters_json_schema": HARBOUR}
        return self.ask(model, tools=[{"function_declarations": [tool]}])

    def results(self, model: str, said: Said) -> dict:
        params = self.tools(model)
        told = [
            {"function_response": {"id": call[0], "name": call[1], "response": {"output": text}}}
            for call, text in zip(said.calls, RESULTS, strict=True)
        ]
        params["contents"] += [{"role": "model", "parts": said.raw}, {"role": "user", "parts": told}]
        return params

    def structured(self, model: str) -> dict:
        return self.ask(model, response_mime_type="application/json", response_json_schema=PLACE)

    def picture(self, model: str) -> dict:
        return self.ask(model, {"inline_data": {"mime_type": "image/png", "data": PICTURE}})

    def thinking(self, model: str) -> dict:
        return self.ask(model, thinking_config={"include_thoughts": True, "thinking_budget": 2048})

    def said(self, value) -> Said:
        answers = value if isinstance(value, list) else [value]
        candidates = [candidate for answer in answers for candidate in answer.get("candidates", [])]
        parts = [part for candidate in candidates for part in candidate.get("content", {}).get("parts") or []]
        calls = [part["function_call"] for part in parts if "function_call" in part]
        (end,) = (candidate["finish_reason"] for candidate in candidates if "finish_reason" in candidate)
        usage = [answer["usage_metadata"] for answer in answers if "usage_metadata" in answer][-1]
        assert usage["total_token_count"] == 29
        return Said(
            text="".join(part.get("text", "") for part in parts if not part.get("thought")),
            end="calls" if calls and end == "STOP" else ENDS[end],
            input=usage["prompt_token_count"],
            output=usage["candidates_token_count"] + usage.get("thoughts_token_count", 0),
            cached=usage["cached_content_token_count"],
            calls=[(call.get("id"), call["name"], call["args"]) for call in calls],
            thought="".join(part.get("text", "") for part in parts if part.get("thought")) or None,
            signature="".join(part.get("thought_signature", "") for part in parts) or None,
            raw=parts,
        )
