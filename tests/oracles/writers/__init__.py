"""The SDKs that say conversations."""

from oracles.writers.chat import Azure, Cohere, OpenAi
from oracles.writers.compatible import HuggingFace, Mistral
from oracles.writers.converse import Converse
from oracles.writers.gemini import Gemini, Vertex
from oracles.writers.messages import Anthropic, BedrockAnthropic, VertexAnthropic
from oracles.writers.responses import Responses
from oracles.writers.writer import Writer, reasons

PROVIDERS: dict[str, type[Writer]] = {
    writer.name: writer
    for writer in (
        OpenAi,
        Azure,
        Anthropic,
        BedrockAnthropic,
        VertexAnthropic,
        Converse,
        Gemini,
        Vertex,
        HuggingFace,
        Mistral,
        Cohere,
    )
}
# The API that a client speaks, and who says what such a client sends.
CLIENTS: dict[str, type[Writer]] = {
    "chat": OpenAi,
    "responses": Responses,
    "messages": Anthropic,
    "gemini": Gemini,
    "converse": Converse,
}
# The API that each provider is asked in.
APIS = {
    **dict.fromkeys((OpenAi.name, Azure.name, HuggingFace.name, Mistral.name, Cohere.name), "chat"),
    **dict.fromkeys((Anthropic.name, BedrockAnthropic.name, VertexAnthropic.name), "messages"),
    **dict.fromkeys((Gemini.name, Vertex.name), "gemini"),
    Converse.name: "converse",
}
WRITERS: dict[str, type[Writer]] = {**PROVIDERS, Responses.name: Responses}

__all__ = ["APIS", "CLIENTS", "PROVIDERS", "WRITERS", "Writer", "reasons"]
