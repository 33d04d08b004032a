"""Google's SDK: of the Gemini API and of Vertex AI."""

import base64

from google import genai
from google.auth.credentials import Credentials
from google.genai import types

from oracles.neutral import Audio, Call, Conversation, Document, Image, Result, Text, Thought, Tool, Turn
from oracles.writers.writer import KEY, Writer, given

# <https://ai.google.dev/gemini-api/docs/thought-signatures>: for calls that come from another model.
UNSIGNED = "skip_thought_signature_validator"
MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
SOUNDS = {"wav": "audio/wav", "mp3": "audio/mpeg"}
TIERS = {"priority": types.ServiceTier.PRIORITY, "default": types.ServiceTier.STANDARD}


class Gemini(Writer):
    name = "gemini"
    model = "gemini-3-pro-preview"
    no_words = {"parallel": "there is no word for one call at a time"}
    nearly = {
        "shown unsaid": "a request says whether thoughts are told, which they are here",
        "strict": "arguments always follow the schema",
        **dict.fromkeys(("cached text", "cached tool"), "caches are made beforehand, and named"),
        "user": "there is no place for the id of a user",
        "metadata": "there is no place for it",
    }

    def __init__(self, url: str):
        super().__init__(url)
        once = types.HttpRetryOptions(attempts=1)
        self.client = self.made(types.HttpOptions(base_url=url, retry_options=once))

    def made(self, options: types.HttpOptions) -> genai.Client:
        return genai.Client(api_key=KEY, http_options=options)

    def say(self, conversation: Conversation):
        models = self.client.models
        call = models.generate_content_stream if conversation.stream else models.generate_content
        answer = call(
            model=self.model,
            contents=[types.Content(role=role(turn), parts=self.parts(turn)) for turn in conversation.turns],
            config=self.config(conversation),
        )
        # A stream is asked for when its first event is.
        next(answer)

    def config(self, conversation: Conversation) -> types.GenerateContentConfig:
        schema = conversation.format
        return types.GenerateContentConfig(
            system_instruction=[text.text for text in conversation.system] or None,
            max_output_tokens=conversation.max_tokens,
            temperature=conversation.temperature,
            top_p=conversation.top_p,
            top_k=conversation.top_k,
            seed=conversation.seed,
            presence_penalty=conversation.presence_penalty,
            frequency_penalty=conversation.frequency_penalty,
            candidate_count=conversation.choices,
            stop_sequences=list(conversation.stop) or None,
            response_logprobs=conversation.log_probabilities and True,
            logprobs=conversation.log_probabilities,
            response_mime_type="application/json" if schema else None,
            response_json_schema=None if schema is None or isinstance(schema, str) else schema.schema,
            tools=[tools(conversation.tools)] if conversation.tools else None,
            tool_config=tool_config(conversation.choice),
            thinking_config=thinking(conversation),
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            **self.more(conversation),
        )

    def more(self, conversation: Conversation) -> dict:
        return given(service_tier=TIERS.get(conversation.tier))

    def parts(self, turn: Turn) -> list[types.Part]:
        """The first call of a turn is signed, by a word of Google's where the model did not make it."""
        parts = [self.part(part) for part in turn.parts]
        first = next((part for part in parts if part.function_call), None)
        if first and not first.thought_signature:
            first.thought_signature = base64.urlsafe_b64decode(UNSIGNED)
        return parts

    def part(self, part) -> types.Part:
        match part:
            case Text():
                return types.Part(text=part.text)
            case Image() if part.url:
                return types.Part.from_uri(file_uri=part.url, mime_type=part.media_type)
            case Image() | Document():
                return types.Part.from_bytes(data=part.data, mime_type=part.media_type)
            case Audio():
                return types.Part.from_bytes(data=part.data, mime_type=SOUNDS[part.format])
            case Thought():
                return types.Part(text=part.text, thought=True, thought_signature=base64.b64decode(part.signature))
            case Call():
                call = types.FunctionCall(**self.id(part), name=part.name, args=part.arguments)
                return types.Part(function_call=call, thought_signature=signature(part))
            case Result():
                return types.Part(function_response=self.response(part))

    def response(self, result: Result) -> types.FunctionResponse:
        said = result.said if result.said is not None else {"error" if result.failed else "output": result.text}
        pictures = [
            types.FunctionResponsePart(inline_data=types.FunctionResponseBlob(mime_type=image.media_type, data=image.data))
            for image in result.images
        ]
        return types.FunctionResponse(**self.id(result.call), name=result.call.name, response=said, parts=pictures or None)

    def id(self, call: Call) -> dict:
        return {"id": call.id}


class Vertex(Gemini):
    name = "gcp-vertex"
    cluster = {"project": "p", "location": "europe-west1", "credentials": {"gcp": {"access_token": KEY}}}
    no_words = {**Gemini.no_words, "tier priority": "the way of buying capacity is told elsewhere"}
    nearly = {
        **{name: reason for name, reason in Gemini.nearly.items() if name != "metadata"},
        "tier default": "it is the tier of who says nothing",
    }

    def made(self, options: types.HttpOptions) -> genai.Client:
        # The SDK's own default is a version that may change.
        options.api_version = "v1"
        return genai.Client(vertexai=True, project="p", location="europe-west1", credentials=Fixed(), http_options=options)

    def more(self, conversation: Conversation) -> dict:
        return given(labels=conversation.metadata)

    def id(self, call: Call) -> dict:
        """Vertex knows calls by their order."""
        return {}


class Fixed(Credentials):
    """A token that nobody has to ask for."""

    def __init__(self):
        super().__init__()
        self.token = KEY

    def refresh(self, request):
        raise AssertionError("the token is given")


def signature(call: Call) -> bytes | None:
    return base64.b64decode(call.signature) if call.signature else None


def role(turn: Turn) -> str:
    return "model" if turn.role == "assistant" else "user"


def tools(tools: tuple[Tool, ...]) -> types.Tool:
    declared = [
        types.FunctionDeclaration(name=tool.name, description=tool.description, parameters_json_schema=tool.parameters)
        for tool in tools
    ]
    return types.Tool(function_declarations=declared)


def tool_config(wanted) -> types.ToolConfig | None:
    if wanted is None:
        return None
    if isinstance(wanted, Tool):
        calling = types.FunctionCallingConfig(mode="ANY", allowed_function_names=[wanted.name])
    else:
        calling = types.FunctionCallingConfig(mode=MODES[wanted])
    return types.ToolConfig(function_calling_config=calling)


def thinking(conversation: Conversation) -> types.ThinkingConfig | None:
    if conversation.budget:
        return types.ThinkingConfig(thinking_budget=conversation.budget, include_thoughts=True)
    if conversation.effort:
        return types.ThinkingConfig(thinking_level=conversation.effort.upper(), include_thoughts=True)
    return None
