"""LangChain's client of OpenAI. It leaves out what a provider tells of its thoughts."""

from support.speakers.chat import DESCRIBED, ENDS
from support.speakers.speaker import PICTURE, PLACE, QUESTION, RESULTS, SYSTEM, Said, Speaker


class LangChain(Speaker):
    structured_call = "structured"
    has_thoughts = False

    def ask(self, model: str, content=QUESTION, **settings) -> dict:
        return {"model": {"model": model, **settings}, "messages": [{"role": "user", "content": content}]}

    def plain(self, model: str) -> dict:
        params = self.ask(model, max_tokens=64, temperature=0.5, stop_sequences=["END"])
        params["messages"].insert(0, {"role": "system", "content": SYSTEM})
        return params

    def tools(self, model: str) -> dict:
        return {**self.ask(model), "tools": [DESCRIBED]}

    def results(self, model: str, said: Said) -> dict:
        params = self.tools(model)
        calls = [{"id": call, "name": name, "args": arguments, "type": "tool_call"} for call, name, arguments in said.calls]
        params["messages"].append({"role": "assistant", "content": said.text, "tool_calls": calls})
        for call, text in zip(said.calls, RESULTS, strict=True):
            params["messages"].append({"role": "tool", "tool_call_id": call[0], "content": text})
        return params

    def structured(self, model: str) -> dict:
        return {**self.ask(model), "schema": PLACE}

    def picture(self, model: str) -> dict:
        picture = {"type": "image", "base64": PICTURE, "mime_type": "image/png"}
        return self.ask(model, [{"type": "text", "text": QUESTION}, picture])

    def thinking(self, model: str) -> dict:
        return self.ask(model, reasoning_effort="medium")

    def said(self, value) -> Said:
        usage = value["usage"]
        return Said(
            text=value["text"],
            end=ENDS[value["finish_reason"]],
            input=usage["input_tokens"],
            output=usage["output_tokens"],
            cached=usage["input_token_details"]["cache_read"],
            calls=[(call["id"], call["name"], call["args"]) for call in value["tool_calls"]],
        )
