"""OpenAI's SDK for chat completions: of OpenAI, of Azure, and of Cohere, which documents that SDK for itself."""

import json

import openai

from oracles.neutral import Audio, Call, Conversation, Document, Image, Result, Text, Tool, Turn
from oracles.writers.writer import KEY, Writer, data_url, effort_of, encoded, given

EFFORTS = "there are efforts, and no budgets of tokens"
UNMARKED = dict.fromkeys(("cached text", "cached tool"), "there are no marks for a cache")
THOUGHTS = "chats take no earlier thoughts back"


class OpenAi(Writer):
    name = "openai"
    model = "gpt-5.6"
    no_words = {"top_k": "OpenAI has none"}
    nearly = {
        "budget": EFFORTS,
        "thought": THOUGHTS,
        "cached tool": "parts of messages can be marked only",
        "shown": "chats do not tell thoughts",
        "signed call": "calls have no signature",
        "failure": "a result is a text, whether it tells of a failure or not",
        "image in a result": "a result is a text; the picture follows in the user's name",
    }
    limit = "max_completion_tokens"

    def __init__(self, url: str):
        super().__init__(url)
        self.client = self.made(url)

    def made(self, url: str) -> openai.OpenAI:
        return openai.OpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0)

    def say(self, conversation: Conversation):
        self.client.chat.completions.create(**self.params(conversation))

    def params(self, conversation: Conversation) -> dict:
        messages = [{"role": "system", "content": contents([text])} for text in conversation.system]
        for turn in conversation.turns:
            messages += assistant(turn) if turn.role == "assistant" else user(turn)
        return given(
            model=self.model,
            messages=messages,
            tools=[function(tool) for tool in conversation.tools],
            tool_choice=choice(conversation.choice),
            parallel_tool_calls=conversation.parallel,
            response_format=response_format(conversation.format),
            temperature=conversation.temperature,
            top_p=conversation.top_p,
            seed=conversation.seed,
            presence_penalty=conversation.presence_penalty,
            frequency_penalty=conversation.frequency_penalty,
            n=conversation.choices,
            stop=list(conversation.stop),
            **{self.limit: conversation.max_tokens},
            **self.more(conversation),
            **({"stream": True, "stream_options": {"include_usage": True}} if conversation.stream else {}),
        )

    def more(self, conversation: Conversation) -> dict:
        """What the APIs on OpenAI's model do not all have."""
        return given(
            top_logprobs=conversation.log_probabilities,
            logprobs=conversation.log_probabilities and True,
            reasoning_effort=effort_of(conversation),
            safety_identifier=conversation.user,
            metadata=conversation.metadata,
            service_tier=conversation.tier,
        )


class Azure(OpenAi):
    name = "azure-openai"
    version = "2025-01-01-preview"
    cluster = {"credentials": {"api_key": KEY}, "api_version": version}

    def made(self, url: str) -> openai.AzureOpenAI:
        return openai.AzureOpenAI(api_key=KEY, azure_endpoint=url, api_version=self.version, max_retries=0)


class Cohere(OpenAi):
    """As <https://docs.cohere.com/docs/compatibility-api> has it, with the parameters that are supported there."""

    name = "cohere"
    model = "command-a-03-2025"
    limit = "max_tokens"
    without = "the list of supported parameters does not have it"
    no_words = {
        **dict.fromkeys(("top_k", "choices", "log_probabilities", "tier", "parallel"), without),
        **dict.fromkeys(("audio", "document"), "there are texts and images"),
    }
    nearly = {**OpenAi.nearly, **UNMARKED, "user": without, "metadata": without}

    def params(self, conversation: Conversation) -> dict:
        return super().params(conversation.unmarked())

    def more(self, conversation: Conversation) -> dict:
        return given(reasoning_effort=effort_of(conversation))


def user(turn: Turn) -> list[dict]:
    """Results come first, a message each; what the user says beside them, and pictures from results, follow."""
    messages, said = [], []
    for part in turn.parts:
        if isinstance(part, Result):
            messages.append({"role": "tool", "tool_call_id": part.call.id, "content": part.text})
            said += part.images
        else:
            said.append(part)
    if said:
        messages.append({"role": "user", "content": contents(said)})
    return messages


def contents(parts: list):
    """One text is a string, unless it is marked."""
    if len(parts) == 1 and isinstance(parts[0], Text) and not parts[0].cached:
        return parts[0].text
    return [content(part) for part in parts]


def content(part) -> dict:
    if isinstance(part, Text):
        mark = {"prompt_cache_breakpoint": {"mode": "explicit"}} if part.cached else {}
        return {"type": "text", "text": part.text, **mark}
    if isinstance(part, Image):
        return {"type": "image_url", "image_url": {"url": part.url or data_url(part.media_type, part.data)}}
    if isinstance(part, Document):
        return {"type": "file", "file": {"filename": part.name, "file_data": data_url(part.media_type, part.data)}}
    assert isinstance(part, Audio)
    return {"type": "input_audio", "input_audio": {"data": encoded(part.data), "format": part.format}}


def assistant(turn: Turn) -> list[dict]:
    text = "".join(part.text for part in turn.of(Text))
    return [given(role="assistant", content=text or None, tool_calls=[tool_call(call) for call in turn.of(Call)])]


def tool_call(call: Call) -> dict:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": json.dumps(call.arguments)}}


def function(tool: Tool) -> dict:
    more = {"strict": True} if tool.strict else {}
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters, **more},
    }


def choice(wanted):
    return {"type": "function", "function": {"name": wanted.name}} if isinstance(wanted, Tool) else wanted


def response_format(wanted) -> dict | None:
    if wanted is None:
        return None
    if isinstance(wanted, str):
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": wanted.name, "schema": wanted.schema, "strict": True}}
