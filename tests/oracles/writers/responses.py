"""OpenAI's SDK for responses; of a client only."""

import json

import openai

from oracles.neutral import Audio, Call, Conversation, Document, Image, Result, Text, Thought, Tool, Turn
from oracles.writers.chat import EFFORTS
from oracles.writers.writer import KEY, Writer, data_url, effort_of, encoded, given

NONE = "responses have none"


class Responses(Writer):
    name = "openai-responses"
    model = "gpt-5.6"
    no_words = {
        **dict.fromkeys(("top_k", "seed", "presence_penalty", "frequency_penalty", "choices", "stop"), NONE),
        "audio": "it is for chats only",
    }
    nearly = {
        "budget": EFFORTS,
        "thought": "earlier thoughts are those of OpenAI, which only it can read",
        "cached tool": "parts of messages can be marked only",
        "signed call": "calls have no signature",
        "failure": "an output is a text, whether it tells of a failure or not",
    }

    def __init__(self, url: str):
        super().__init__(url)
        self.client = openai.OpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0)

    def say(self, conversation: Conversation):
        first, *more = conversation.system or [None]
        if first and first.cached:
            # Only parts of messages can be marked.
            first, more = None, [first, *more]
        items = [item for text in more for item in message("developer", [text])]
        for turn in conversation.turns:
            items += grouped(turn)
        effort = effort_of(conversation)
        self.client.responses.create(
            **given(
                model=self.model,
                instructions=first and first.text,
                input=items,
                max_output_tokens=conversation.max_tokens,
                tools=[function(tool) for tool in conversation.tools],
                tool_choice=choice(conversation.choice),
                parallel_tool_calls=conversation.parallel,
                text=text_format(conversation.format),
                temperature=conversation.temperature,
                top_p=conversation.top_p,
                top_logprobs=conversation.log_probabilities,
                include=["message.output_text.logprobs"] if conversation.log_probabilities else None,
                reasoning=given(effort=effort, summary="auto" if conversation.shown else None),
                safety_identifier=conversation.user,
                metadata=conversation.metadata,
                service_tier=conversation.tier,
                stream=conversation.stream or None,
            )
        )


def grouped(turn: Turn) -> list[dict]:
    """Calls and results are items of their own; what is said between them is a message."""
    items, said = [], []
    for part in turn.parts:
        if isinstance(part, Call):
            items += [*message(turn.role, said), call_item(part)]
            said = []
        elif isinstance(part, Result):
            items += [*message(turn.role, said), output_item(part)]
            said = []
        elif not isinstance(part, Thought):
            said.append(part)
    return items + message(turn.role, said)


def message(role: str, parts: list) -> list[dict]:
    if not parts:
        return []
    if role == "assistant" or (len(parts) == 1 and isinstance(parts[0], Text) and not parts[0].cached):
        return [{"role": role, "content": "".join(part.text for part in parts)}]
    return [{"role": role, "content": [content(part) for part in parts]}]


def call_item(call: Call) -> dict:
    return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": json.dumps(call.arguments)}


def output_item(result: Result) -> dict:
    output = [content(part) for part in result.parts] if result.images else result.text
    return {"type": "function_call_output", "call_id": result.call.id, "output": output}


def content(part) -> dict:
    if isinstance(part, Text):
        mark = {"prompt_cache_breakpoint": {"mode": "explicit"}} if part.cached else {}
        return {"type": "input_text", "text": part.text, **mark}
    if isinstance(part, Image):
        return {"type": "input_image", "image_url": part.url or data_url(part.media_type, part.data)}
    if isinstance(part, Document):
        return {"type": "input_file", "filename": part.name, "file_data": data_url(part.media_type, part.data)}
    assert isinstance(part, Audio)
    return {"type": "input_audio", "input_audio": {"data": encoded(part.data), "format": part.format}}


def function(tool: Tool) -> dict:
    more = {"strict": tool.strict}
    return {"type": "function", "name": tool.name, "description": tool.description, "parameters": tool.parameters, **more}


def choice(wanted):
    return {"type": "function", "name": wanted.name} if isinstance(wanted, Tool) else wanted


def text_format(wanted) -> dict | None:
    if wanted is None:
        return None
    if isinstance(wanted, str):
        return {"format": {"type": "json_object"}}
    return {"format": {"type": "json_schema", "name": wanted.name, "schema": wanted.schema, "strict": True}}
