"""How a client is asked for each feature, and what it says of the answer, in words of no vendor."""

import json
from dataclasses import dataclass, field

SYSTEM = "Answer in few words."
QUESTION = "When is high water?"
RESULTS = ("high at noon", "low at dusk")
TOOL = "tide_table"
ABOUT_TOOL = "High and low water of a harbour"
HARBOUR = {
    "type": "object",
    "properties": {"harbour": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["harbour", "days"],
    "additionalProperties": False,
}
PLACE = {
    "title": "place",
    "description": "Where the tide is high",
    "type": "object",
    "properties": {"city": {"type": "string"}, "metres": {"type": "number"}},
    "required": ["city", "metres"],
    "additionalProperties": False,
}
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


@dataclass
class Said:
    """An answer as the client's objects have it. What is `None` has no place in them."""

    text: str
    end: str
    input: int
    output: int
    cached: int
    calls: list[tuple[str, str, dict]] = field(default_factory=list)
    thought: str | None = None
    signature: str | None = None
    raw: object = None

    @property
    def parsed(self) -> dict:
        return json.loads(self.text)

    @property
    def called(self) -> list[tuple[str, dict]]:
        return [(name, arguments) for _, name, arguments in self.calls]


class Speaker:
    """Builds the parameters of calls for one kind of client."""

    # The calls, also for structured output.
    calls = {"chat": "chat", "stream": "stream"}
    structured_call = "chat"
    # What a call for a stream has besides.
    in_streams: dict = {}
    # Whether answers have a place for thoughts, and requests one for a temperature and stop sequences.
    has_thoughts = True
    has_temperature = True
    has_stops = True

    def plain(self, model: str) -> dict:
        """With a system prompt, a limit of 64 tokens, and, where it has them, a temperature of 0.5 and a stop sequence."""
        raise NotImplementedError

    def tools(self, model: str) -> dict:
        raise NotImplementedError

    def results(self, model: str, said: Said) -> dict:
        """What the tools said, after the answer that called them."""
        raise NotImplementedError

    def structured(self, model: str) -> dict:
        raise NotImplementedError

    def picture(self, model: str) -> dict:
        raise NotImplementedError

    def thinking(self, model: str) -> dict:
        raise NotImplementedError

    def said(self, value) -> Said:
        """Of a whole answer, or of a stream."""
        raise NotImplementedError
