"""Where a provider is asked something else than its own SDK says, and why. What no longer differs must go from here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

HINT = "a hint that says nothing to the model"
NO_WORDS = "the client's API has no words for it"
OF_A_TABLE = "of this provider no more is known than that it speaks chat completions"
SAME_API = "both sides speak the same API, in which bodies pass as they are"


@dataclass(frozen=True)
class Difference:
    """Every client meets every provider with every conversation here; `place` is where, without the places in lists."""

    clients: tuple[str, ...]
    providers: tuple[str, ...]
    conversations: tuple[str, ...]
    place: str
    kind: str
    reason: str

    def cases(self) -> Iterator[tuple[str, str, str]]:
        for client in self.clients:
            for provider in self.providers:
                yield from ((client, provider, conversation) for conversation in self.conversations)

    def explains(self, line: str) -> bool:
        """Whether a line of differences is about this place."""
        return re.sub(r"\[\d+\]", "", line).startswith(self.place)


OPENAI = ("openai", "azure-openai")
CLAUDE = ("anthropic", "aws-bedrock-anthropic", "gcp-vertex-anthropic")
TABLE = ("huggingface", "mistral", "cohere")
THOUGHTS = ("an earlier thought", "a thought before a call")
SCHEMAS = ("an answer after a schema", "an answer after a nested schema", "an answer after a schema beside tools")
HISTORIES = (
    "a call and its result",
    "calls and results side by side",
    "two calls of the same tool",
    "calls one after the other",
    "a text beside a call",
    "a call without arguments",
    "a result that is JSON",
    "a result without a word",
    "a result that failed",
    "a word after results",
    "on after the answer",
)
CACHED = ("a system to cache", "a message to cache")
CALLED = "a thought before a call"
PICTURED = "a result with a picture"
SIGNED = "a call that is signed"
WITH_CALLS = (*HISTORIES, PICTURED, SIGNED, CALLED)

DIFFERENCES = [
    # What can be said in the client's API only in part.
    Difference(("gemini",), OPENAI, ("a document",), "messages.content.file.filename", NO_WORDS, "no names of files"),
    Difference(("gemini",), CLAUDE, ("a document",), "messages.content.title", NO_WORDS, "no names of files"),
    Difference(("gemini",), ("mistral",), ("a document",), "messages.content.document_name", NO_WORDS, "no names of files"),
    Difference(("gemini",), ("aws-bedrock",), ("a document",), "messages.content.document.name", NO_WORDS, "no names of files"),
    Difference(("converse",), CLAUDE, ("a document",), "messages.content.title", NO_WORDS, "names have no endings"),
    Difference(
        ("converse",), ("mistral",), ("a document",), "messages.content.document_name", NO_WORDS, "names have no endings"
    ),
    Difference(
        ("gemini",),
        (*OPENAI, *TABLE),
        SCHEMAS,
        "response_format.json_schema.strict",
        NO_WORDS,
        "an answer follows a schema, which need not be one that OpenAI takes for a strict one",
    ),
    # What is left out on purpose.
    Difference(
        ("messages", "converse"),
        OPENAI,
        CACHED,
        "messages.content.prompt_cache_breakpoint",
        HINT,
        "OpenAI caches by itself, and its older models know no marks",
    ),
    # What passes.
    Difference(("gemini",), ("gcp-vertex",), WITH_CALLS, "contents.parts.function", SAME_API, "ids of calls"),
    Difference(("gemini",), ("gcp-vertex",), ("tier",), "not refused", SAME_API, "tiers"),
    Difference(("gemini",), ("gcp-vertex",), ("the usual tier",), "serviceTier", SAME_API, "tiers"),
    # What some who speak chat completions want, and these two SDKs have not.
    Difference(
        ("messages", "gemini", "converse"),
        ("huggingface", "cohere"),
        THOUGHTS,
        "messages.reasoning_content",
        OF_A_TABLE,
        "where others, such as DeepSeek, want earlier thoughts",
    ),
    Difference(
        ("gemini",),
        ("huggingface", "cohere"),
        (SIGNED,),
        "messages.tool_calls.extra_content",
        OF_A_TABLE,
        "where Gemini's own endpoint for chats wants its signatures",
    ),
]
