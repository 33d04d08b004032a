"""The AI SDK for Node, with its provider for whatever speaks OpenAI's API."""

from support.speakers.speaker import ABOUT_TOOL, HARBOUR, PICTURE, PLACE, QUESTION, RESULTS, SYSTEM, TOOL, Said, Speaker

ENDS = {"stop": "stop", "tool-calls": "calls", "length": "length", "content-filter": "refusal"}


class Ai(Speaker):
    structured_call = "structured"

    def ask(self, model: str, content=QUESTION, **more) -> dict:
        return {"model": model, "messages": [{"role": "user", "content": content}], **more}

    def plain(self, model: str) -> dict:
        return self.ask(model, system=SYSTEM, maxOutputTokens=64, temperature=0.5, stopSequences=["END"])

    def tools(self, model: str) -> dict:
        return self.ask(model, tools={TOOL: {"description": ABOUT_TOOL, "parameters": HARBOUR}})

    def results(self, model: str, said: Said) -> dict:
        params = self.tools(model)
        called, told = [{"type": "text", "text": said.text}], []
        for (call, name, arguments), text in zip(said.calls, RESULTS, strict=True):
            which = {"toolCallId": call, "toolName": name}
            called.append({"type": "tool-call", **which, "input": arguments})
            told.append({"type": "tool-result", **which, "output": {"type": "text", "value": text}})
        params["messages"] += [{"role": "assistant", "content": called}, {"role": "tool", "content": told}]
        return params

    def structured(self, model: str) -> dict:
        return self.ask(model, schema=PLACE)

    def picture(self, model: str) -> dict:
        picture = {"type": "file", "data": PICTURE, "mediaType": "image/png"}
        return self.ask(model, [{"type": "text", "text": QUESTION}, picture])

    def thinking(self, model: str) -> dict:
        return self.ask(model, providerOptions={"tidegate": {"reasoningEffort": "medium"}})

    def said(self, value) -> Said:
        usage = value["usage"]
        return Said(
            text=value["text"],
            end=ENDS[value["finishReason"]],
            input=usage["inputTokens"],
            output=usage["outputTokens"],
            cached=usage["inputTokenDetails"]["cacheReadTokens"],
            calls=[(call["toolCallId"], call["toolName"], call["input"]) for call in value["toolCalls"]],
            thought=value.get("reasoningText"),
        )
