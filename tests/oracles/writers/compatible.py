"""The SDKs of Hugging Face and Mistral, whose APIs are on OpenAI's model."""

import json

import httpx2
import huggingface_hub
from huggingface_hub import InferenceClient
from mistralai.client import Mistral as Client
from mistralai.client import models

from oracles.neutral import Audio, Call, Conversation, Document, Image, Result, Text, Thought, Tool, Turn
from oracles.writers import chat
from oracles.writers.messages import TIERS
from oracles.writers.writer import KEY, Writer, data_url, effort_of, encoded, given

ROUTER = "https://router.huggingface.co"


class Elsewhere(httpx2.HTTPTransport):
    """Takes what is meant for the router to another server; the SDK writes for others than the router in other words."""

    def __init__(self, url: str):
        super().__init__()
        self.url = httpx2.URL(url)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(scheme=self.url.scheme, host=self.url.host, port=self.url.port)
        return super().handle_request(request)


class HuggingFace(chat.OpenAi):
    name = "huggingface"
    model = "Qwen/Qwen3-VL-235B-A22B-Instruct"
    limit = "max_tokens"
    # By which the SDK knows that its router is meant.
    key = f"hf_{KEY}"
    no_words = {
        **dict.fromkeys(("top_k", "parallel", "tier"), "chat_completion has no such parameter"),
        **dict.fromkeys(("audio", "document"), "messages are made of texts and images"),
    }
    nearly = {
        **chat.OpenAi.nearly,
        **chat.UNMARKED,
        **dict.fromkeys(("user", "metadata"), "chat_completion has no such parameter"),
    }

    def made(self, url: str) -> InferenceClient:
        huggingface_hub.set_client_factory(lambda: httpx2.Client(mounts={ROUTER: Elsewhere(url)}))
        return InferenceClient(api_key=self.key)

    def params(self, conversation: Conversation) -> dict:
        return super().params(conversation.unmarked())

    def say(self, conversation: Conversation):
        answer = self.client.chat_completion(**self.params(conversation))
        # A stream is asked for when its first event is.
        next(iter(answer))

    def more(self, conversation: Conversation) -> dict:
        return given(
            top_logprobs=conversation.log_probabilities,
            logprobs=conversation.log_probabilities and True,
            extra_body=given(reasoning_effort=effort_of(conversation)),
        )


class Mistral(Writer):
    name = "mistral"
    model = "mistral-medium-latest"
    nearly = {
        **{name: chat.OpenAi.nearly[name] for name in ("budget", "failure")},
        **chat.UNMARKED,
        "tier priority": "the dear capacity is used where there is some, or not at all",
        "user": "there is no place for the id of a user",
        "shown": "thoughts are told",
        "signed call": "calls have no signature",
    }

    def __init__(self, url: str):
        super().__init__(url)
        self.client = Client(api_key=KEY, server_url=url)

    def say(self, conversation: Conversation):
        call = self.client.chat.stream if conversation.stream else self.client.chat.complete
        probabilities = conversation.log_probabilities
        call(
            **given(
                model=self.model,
                messages=[*map(system, conversation.system), *(each for turn in conversation.turns for each in said(turn))],
                tools=[tool_of(tool) for tool in conversation.tools],
                tool_choice=choice(conversation.choice),
                parallel_tool_calls=conversation.parallel,
                response_format=response_format(conversation.format),
                max_tokens=conversation.max_tokens,
                temperature=conversation.temperature,
                top_p=conversation.top_p,
                top_k=conversation.top_k,
                random_seed=conversation.seed,
                presence_penalty=conversation.presence_penalty,
                frequency_penalty=conversation.frequency_penalty,
                logprobs=probabilities and True,
                top_logprobs=probabilities,
                n=conversation.choices,
                stop=list(conversation.stop),
                metadata=conversation.metadata,
                service_tier=TIERS.get(conversation.tier),
                reasoning_effort=effort_of(conversation),
            )
        )


def system(text: Text) -> models.SystemMessage:
    return models.SystemMessage(content=text.text)


def said(turn: Turn) -> list:
    if turn.role == "assistant":
        calls = [call_of(call) for call in turn.of(Call)]
        return [models.AssistantMessage(**given(content=spoken(turn), tool_calls=calls))]
    messages = [result_of(result) for result in turn.of(Result)]
    chunks = [chunk(part) for part in turn.parts if not isinstance(part, Result)]
    if len(chunks) == 1 and isinstance(chunks[0], models.TextChunk):
        return [*messages, models.UserMessage(content=chunks[0].text)]
    return [*messages, models.UserMessage(content=chunks)] if chunks else messages


def spoken(turn: Turn):
    """A text, or what was thought before it, too."""
    if thoughts := turn.of(Thought):
        return [chunk(part) for part in (*thoughts, *turn.of(Text))]
    return "".join(part.text for part in turn.of(Text)) or None


def chunk(part):
    match part:
        case Text():
            return models.TextChunk(text=part.text)
        case Image():
            return models.ImageURLChunk(image_url=models.ImageURL(url=part.url or data_url(part.media_type, part.data)))
        case Document():
            return models.DocumentURLChunk(document_url=data_url(part.media_type, part.data), document_name=part.name)
        case Thought():
            return models.ThinkChunk(thinking=[models.TextChunk(text=part.text)], signature=part.signature)
        case Audio():
            return models.AudioChunk(input_audio=encoded(part.data))


def call_of(call: Call) -> models.ToolCall:
    return models.ToolCall(id=call.id, function=models.FunctionCall(name=call.name, arguments=json.dumps(call.arguments)))


def result_of(result: Result) -> models.ToolMessage:
    content = [chunk(part) for part in result.parts] if result.images else result.text
    return models.ToolMessage(tool_call_id=result.call.id, name=result.call.name, content=content)


def tool_of(tool: Tool) -> models.Tool:
    said = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return models.Tool(function=models.Function(**said, **given(strict=tool.strict or None)))


def choice(wanted):
    if isinstance(wanted, Tool):
        return models.ToolChoice(function=models.FunctionName(name=wanted.name))
    return {"required": "any"}.get(wanted, wanted)


def response_format(wanted) -> models.ResponseFormat | None:
    if wanted is None:
        return None
    if isinstance(wanted, str):
        return models.ResponseFormat(type="json_object")
    schema = models.JSONSchema(name=wanted.name, schema_definition=wanted.schema, strict=True)
    return models.ResponseFormat(type="json_schema", json_schema=schema)
