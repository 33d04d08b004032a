"""Scripted upstreams of every vendor that count tokens and make embeddings, and do nothing else."""

import base64
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from anthropic.types import MessageCountTokensParams
from botocore.validate import ParamValidator
from google.genai import types
from openai.types import EmbeddingCreateParams
from openai.types.responses import InputTokenCountParams
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from support.upstream import Reply, Seen
from support.vendors import strict
from support.vendors.chat import OpenAi
from support.vendors.converse import Bedrock
from support.vendors.gemini import Gemini, Vertex
from support.vendors.messages import Anthropic, BedrockAnthropic, VertexAnthropic
from support.vendors.vendor import Vendor

COUNT = 42
# Of the first text, the second and so on; each number is one of 32 bits.
VECTORS = [[0.5, -0.25, 0.0078125], [1.0, 0.125, -2.0]]


class Strict(BaseModel):
    """Nothing but the fields, in Google's spelling."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class Content(Strict):
    role: str | None = None
    parts: list[types.Part]


class Embed(Strict):
    model: str
    content: Content
    task_type: str | None = None
    title: str | None = None
    output_dimensionality: int | None = None


class Batch(Strict):
    requests: list[Embed]


class Counted(strict.StudioContent):
    """A whole request says again which model it is for."""

    model: str


class StudioCount(Strict):
    contents: list[types.Content] | None = None
    generate_content_request: Counted | None = None


class VertexCount(Strict):
    contents: list[types.Content]
    system_instruction: types.Content | None = None
    tools: list[types.Tool] | None = None
    generation_config: types.GenerationConfig | None = None


class Bare(BaseModel):
    """Nothing but the fields, as they are spelled here."""

    model_config = ConfigDict(extra="forbid")


class Instance(Bare):
    content: str
    task_type: str | None = None
    title: str | None = None


class Parameters(Strict):
    output_dimensionality: int | None = None
    auto_truncate: bool | None = None


class Prediction(Bare):
    instances: list[Instance]
    parameters: Parameters | None = None


class TitanText(Strict):
    input_text: str
    dimensions: int | None = None


class CohereTexts(Bare):
    texts: list[str]
    input_type: str
    embedding_types: list[str]
    truncate: str | None = None
    output_dimension: int | None = None


@dataclass(frozen=True)
class Place:
    """What is asked at a path: what may be wrong with it, and its answer."""

    objections: Callable[[dict], Iterator[str]]
    answer: Callable[[dict], dict]


def typed(kind: type, answer: Callable[[dict], dict]) -> Place:
    return Place(lambda body: strict.against(kind, body), answer)


def counted(**answer) -> Callable[[dict], dict]:
    return lambda body: answer


def openai_vectors(body: dict) -> dict:
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    is_encoded = body.get("encoding_format") == "base64"
    vectors = [encoded(vector) if is_encoded else vector for vector in VECTORS[: len(texts)]]
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    return {"object": "list", "data": data, "model": body["model"], "usage": {"prompt_tokens": 3, "total_tokens": 3}}


def encoded(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def gemini_vectors(body: dict) -> dict:
    return {"embeddings": [{"values": vector} for vector in VECTORS[: len(body["requests"])]]}


def vertex_vectors(body: dict) -> dict:
    statistics = {"token_count": 3, "truncated": False}
    vectors = VECTORS[: len(body["instances"])]
    return {"predictions": [{"embeddings": {"values": vector, "statistics": statistics}} for vector in vectors]}


def cohere_vectors(body: dict) -> dict:
    embeddings = {"float": VECTORS[: len(body["texts"])]}
    return {"id": "e", "texts": body["texts"], "embeddings": embeddings, "response_type": "embeddings_by_type"}


class Meter(Vendor):
    """Answers at its places."""

    def places(self) -> dict[str, Place]:
        raise NotImplementedError

    def _answer(self, seen: Seen, reply: Reply):
        place = self.places().get(seen.target)
        problems = list(self.trespass(seen))
        problems += place.objections(seen.json) if place else [f"the target {seen.target}"]
        self.problems += problems
        if problems:
            reply.json(self.error(400, "; ".join(problems)), 400, **self.error_fields(400))
        else:
            reply.json(place.answer(seen.json), **self.answer_fields())

    def answer_fields(self) -> dict[str, str]:
        """The header fields of an answer."""
        return {}

    def read_last(self) -> str:
        """The body of the last request, as text."""
        return json.dumps(self.upstream.requests[-1].json)


class OpenAiMeter(Meter, OpenAi):
    def places(self) -> dict[str, Place]:
        answer = counted(object="response.input_tokens", input_tokens=COUNT)
        return {
            "/v1/responses/input_tokens": typed(InputTokenCountParams, answer),
            "/v1/embeddings": typed(EmbeddingCreateParams, openai_vectors),
        }


class AnthropicMeter(Meter, Anthropic):
    def places(self) -> dict[str, Place]:
        return {"/v1/messages/count_tokens": typed(MessageCountTokensParams, counted(input_tokens=COUNT))}


class VertexAnthropicMeter(Meter, VertexAnthropic):
    def places(self) -> dict[str, Place]:
        path = "/v1/projects/tides/locations/europe-west1/publishers/anthropic/models/count-tokens:rawPredict"
        return {path: Place(self.wrong, counted(input_tokens=COUNT))}

    def wrong(self, body: dict) -> Iterator[str]:
        if (body.get("model"), body.get("anthropic_version")) != (self.model, self.version):
            yield f"the model {body.get('model')} in version {body.get('anthropic_version')}"
        rest = {key: value for key, value in body.items() if key != "anthropic_version"}
        yield from strict.against(MessageCountTokensParams, rest)


class GeminiMeter(Meter, Gemini):
    def places(self) -> dict[str, Place]:
        path = f"/v1beta/models/{self.model}"
        one = {"embedding": {"values": VECTORS[0]}}
        return {
            f"{path}:countTokens": Place(self.wrong, counted(totalTokens=COUNT)),
            f"{path}:embedContent": typed(Embed, lambda body: one),
            f"{path}:batchEmbedContents": typed(Batch, gemini_vectors),
        }

    def wrong(self, body: dict) -> Iterator[str]:
        yield from strict.against(StudioCount, body)
        named = body.get("generateContentRequest", {}).get("model", f"models/{self.model}")
        if named != f"models/{self.model}":
            yield f"the model {named}"


class VertexMeter(Meter, Vertex):
    def places(self) -> dict[str, Place]:
        path = f"/v1/projects/tides/locations/europe-west1/publishers/google/models/{self.model}"
        return {
            f"{path}:countTokens": typed(VertexCount, counted(totalTokens=COUNT)),
            f"{path}:predict": typed(Prediction, vertex_vectors),
        }


def count_on_bedrock(body: dict) -> Iterator[str]:
    shape = strict.operation("CountTokens").input_shape
    report = ParamValidator().validate(strict.decoded({"modelId": "m", **body}, shape), shape)
    if report.has_errors():
        yield report.generate_report()


class BedrockMeter(Meter, Bedrock):
    """Counts of the model, though a profile is named."""

    def places(self) -> dict[str, Place]:
        path = f"/model/{quote(self.model.removeprefix('eu.'), safe='')}/count-tokens"
        return {path: Place(count_on_bedrock, counted(inputTokens=COUNT))}


class BedrockAnthropicMeter(Meter, BedrockAnthropic):
    def places(self) -> dict[str, Place]:
        path = f"/model/{quote(self.model.removeprefix('eu.'), safe='')}/count-tokens"
        return {path: Place(self.wrong, counted(inputTokens=COUNT))}

    def wrong(self, body: dict) -> Iterator[str]:
        yield from count_on_bedrock(body)
        invoked = self.invoked(body)
        if invoked.pop("anthropic_version", None) != self.version or invoked.pop("max_tokens", 0) < 1:
            yield "no version, or no room for an answer"
        yield from strict.against(MessageCountTokensParams, {"model": "m", **invoked})

    @staticmethod
    def invoked(body: dict) -> dict:
        return json.loads(base64.b64decode(body["input"]["invokeModel"]["body"]))

    def read_last(self) -> str:
        return json.dumps(self.invoked(self.upstream.requests[-1].json))


class Invoked(Meter, Bedrock):
    """A model of embeddings on Bedrock."""

    def places(self) -> dict[str, Place]:
        return {f"/model/{quote(self.model, safe='')}/invoke": self.place()}

    def place(self) -> Place:
        raise NotImplementedError


class TitanMeter(Invoked):
    model = "amazon.titan-embed-text-v2:0"

    def place(self) -> Place:
        return typed(TitanText, counted(embedding=VECTORS[0], inputTextTokenCount=3))


class CohereMeter(Invoked):
    model = "eu.cohere.embed-v4:0"

    def place(self) -> Place:
        return typed(CohereTexts, cohere_vectors)

    def answer_fields(self) -> dict[str, str]:
        return {"x_amzn_bedrock_input_token_count": "3"}


COUNTERS = {
    "openai": OpenAiMeter,
    "anthropic": AnthropicMeter,
    "gemini": GeminiMeter,
    "gcp-vertex": VertexMeter,
    "gcp-vertex-anthropic": VertexAnthropicMeter,
    "aws-bedrock": BedrockMeter,
    "aws-bedrock-anthropic": BedrockAnthropicMeter,
}
EMBEDDERS = {"openai": OpenAiMeter, "gemini": GeminiMeter, "gcp-vertex": VertexMeter, "titan": TitanMeter, "cohere": CohereMeter}
