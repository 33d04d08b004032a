"""Bodies held against the types of the vendors' own SDKs, in which a field that nobody knows is an error."""

import base64
import binascii
import functools
from collections.abc import Iterator

import botocore.session
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from botocore.validate import ParamValidator
from google.genai import types
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel


class GenerateContent(BaseModel):
    """The body of generateContent, of which Google's SDK has the parts only. Google takes `snake_case` as well."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    contents: list[types.Content]
    system_instruction: types.Content | None = None
    generation_config: types.GenerationConfig | None = None
    tools: list[types.Tool] | None = None
    tool_config: types.ToolConfig | None = None
    safety_settings: list[types.SafetySetting] | None = None
    cached_content: str | None = None


class StudioContent(GenerateContent):
    """What only the Gemini API knows."""

    service_tier: str | None = None
    store: bool | None = None


class VertexContent(GenerateContent):
    """What only Vertex knows."""

    labels: dict[str, str] | None = None


def chat(body: dict) -> Iterator[str]:
    yield from against(CompletionCreateParamsNonStreaming, without_stream(body))


def messages(body: dict, samples: bool) -> Iterator[str]:
    """`samples`: whether it is a version of the API that lets clients set how tokens are picked, as the types no longer do."""
    known = {"temperature": float, "top_p": float, "top_k": int} if samples else {}
    for name, kind in known.items():
        if name in body:
            yield from against(kind, body[name])
    yield from against(MessageCreateParamsNonStreaming, without_stream({k: v for k, v in body.items() if k not in known}))


def gemini(body: dict) -> Iterator[str]:
    yield from against(StudioContent, body)


def vertex(body: dict) -> Iterator[str]:
    yield from against(VertexContent, body)


def converse(body: dict, stream: bool) -> Iterator[str]:
    shape = operation("ConverseStream" if stream else "Converse").input_shape
    try:
        params = decoded({"modelId": "m", **body}, shape)
    except ValueError as error:
        yield f"a blob that is no base64: {error}"
        return
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        yield report.generate_report()


def without_stream(body: dict) -> dict:
    """Only the type of a plain request is looked at; `stream` must be a boolean all the same."""
    if isinstance(body.get("stream"), bool):
        return {key: value for key, value in body.items() if key != "stream"}
    return body


def against(kind: type, body: dict) -> Iterator[str]:
    try:
        exhaust(adapter(kind).validate_python(body, extra="forbid"))
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=False):
            yield f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}, not {problem['input']!r}"


def exhaust(value):
    """Pydantic looks at the items of an `Iterable` only when they are taken."""
    if isinstance(value, dict):
        value = value.values()
    elif isinstance(value, BaseModel):
        value = vars(value).values()
    elif isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        return
    for item in value:
        exhaust(item)


def decoded(value, shape):
    """JSON as botocore has it: blobs as bytes."""
    if shape.type_name == "structure" and isinstance(value, dict) and not getattr(shape, "is_document_type", False):
        return {k: decoded(v, shape.members[k]) if k in shape.members else v for k, v in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [decoded(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: decoded(item, shape.value) for key, item in value.items()}
    if shape.type_name == "blob":
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError) as error:
            raise ValueError(error) from None
    return value


@functools.cache
def adapter(kind: type) -> TypeAdapter:
    return TypeAdapter(kind)


@functools.cache
def operation(name: str):
    return botocore.session.get_session().get_service_model("bedrock-runtime").operation_model(name)
