"""What conversations are made of, in words of no API."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    text: str
    cached: bool = False


@dataclass(frozen=True)
class Image:
    media_type: str
    data: bytes = b""
    url: str | None = None


@dataclass(frozen=True)
class Document:
    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Audio:
    """`format` is `wav` or `mp3`."""

    format: str
    data: bytes


@dataclass(frozen=True)
class Thought:
    """`signature` is base64, by which the provider knows it again."""

    text: str
    signature: str


@dataclass(frozen=True)
class Call:
    id: str
    name: str
    arguments: dict
    # Base64, by which the provider knows it again.
    signature: str | None = None


@dataclass(frozen=True)
class Result:
    """What a tool answered: texts and pictures, or `said`, which is JSON."""

    call: Call
    parts: tuple[Text | Image, ...] = ()
    said: dict | None = None
    failed: bool = False

    @property
    def text(self) -> str:
        """The words, for APIs that have nothing else."""
        if self.said is not None:
            return json.dumps(self.said)
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def images(self) -> list[Image]:
        return [part for part in self.parts if isinstance(part, Image)]


Part = Text | Image | Document | Audio | Thought | Call | Result


@dataclass(frozen=True)
class Turn:
    """`role` is `user` or `assistant`."""

    role: str
    parts: tuple[Part, ...]

    def of(self, kind: type) -> list:
        return [part for part in self.parts if isinstance(part, kind)]


@dataclass(frozen=True)
class Tool:
    name: str
    description: str
    parameters: dict
    strict: bool = False
    cached: bool = False


@dataclass(frozen=True)
class Schema:
    """What an answer must follow to the letter."""

    name: str
    schema: dict


@dataclass(frozen=True)
class Conversation:
    """`choice` is `auto`, `none`, `required` or a tool; `format` is a schema or `json`."""

    name: str
    turns: tuple[Turn, ...]
    system: tuple[Text, ...] = ()
    tools: tuple[Tool, ...] = ()
    choice: str | Tool | None = None
    parallel: bool | None = None
    format: Schema | str | None = None
    effort: str | None = None
    budget: int | None = None
    # Whether thoughts are told.
    shown: bool | None = None
    max_tokens: int | None = 1024
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    log_probabilities: int | None = None
    choices: int | None = None
    stop: tuple[str, ...] = ()
    user: str | None = None
    metadata: dict | None = None
    tier: str | None = None
    stream: bool = False

    def unmarked(self) -> "Conversation":
        """The same without marks for a cache in its texts."""
        turns = (dataclasses.replace(turn, parts=tuple(map(unmarked, turn.parts))) for turn in self.turns)
        return dataclasses.replace(self, system=tuple(map(unmarked, self.system)), turns=tuple(turns))

    def features(self) -> set[str]:
        """What an API must have words for to say it, beside texts."""
        fields = (field for field in dataclasses.fields(self) if field.default is not dataclasses.MISSING)
        said = {field.name for field in fields if getattr(self, field.name) != field.default}
        return said | set(self._more())

    def _more(self) -> Iterator[str]:
        if isinstance(self.choice, str):
            yield f"choice of {self.choice}"
        if self.tier:
            yield f"tier {self.tier}"
        if self.format:
            yield "format json" if isinstance(self.format, str) else "format schema"
        if self.max_tokens is None:
            yield "no limit"
        if (self.effort or self.budget) and self.shown is None:
            yield "shown unsaid"
        if any(tool.strict for tool in self.tools):
            yield "strict"
        if any(tool.cached for tool in self.tools):
            yield "cached tool"
        if any(text.cached for text in self.system):
            yield "cached text"
        for turn in self.turns:
            for part in turn.parts:
                yield from features_of(part)


def unmarked(part: Part) -> Part:
    return dataclasses.replace(part, cached=False) if isinstance(part, Text) else part


def features_of(part: Part) -> Iterator[str]:
    if isinstance(part, Image):
        yield "image by address" if part.url else "image"
    elif isinstance(part, Document | Audio | Thought):
        yield type(part).__name__.lower()
    elif isinstance(part, Text) and part.cached:
        yield "cached text"
    elif isinstance(part, Call) and part.signature:
        yield "signed call"
    elif isinstance(part, Result):
        if part.failed:
            yield "failure"
        if part.images:
            yield "image in a result"
