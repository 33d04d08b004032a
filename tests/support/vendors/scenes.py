"""What a scripted provider says next, in words of no vendor; each vendor writes it in its own."""

import json
from dataclasses import dataclass

# Every answer costs the same: 20 tokens in, 12 of them from a cache, and 9 out.
INPUT, CACHED, OUTPUT, THOUGHTS = 20, 12, 9, 4


@dataclass(frozen=True)
class Call:
    """A tool that the model calls."""

    id: str
    name: str
    arguments: dict


@dataclass(frozen=True)
class Scene:
    """An answer; `end` is `stop`, `calls`, `length` or `refusal`. `breaks` after the first words where it is a stream."""

    text: str = ""
    thought: str = ""
    signature: str = ""
    calls: tuple[Call, ...] = ()
    end: str = "stop"
    breaks: str | None = None

    @property
    def words(self) -> list[str]:
        """The text in the pieces of a stream."""
        head, *tail = self.text.split(" ")
        return [piece for piece in (head, *(f" {word}" for word in tail)) if piece]


@dataclass(frozen=True)
class Refusal:
    """An error with this status, in the vendor's shape."""

    status: int
    retry_after: int | None = None


@dataclass(frozen=True)
class Junk:
    """An answer that is none of the vendor's: its body as it stands, of which `missing` bytes never come."""

    status: int
    body: bytes
    content_type: str = "application/json"
    missing: int = 0


REPLY = "The tide comes in — twice a day."
THOUGHT = "Two highs, two lows."
SIGNATURE = "c2lnbmF0dXJl"
CITY = {"city": "Ostend", "metres": 4.5}
CALLS = (
    Call("call_1", "tide_table", {"harbour": "Brest", "days": 2}),
    Call("call_2", "tide_table", {"harbour": "Saint-Malo", "days": 1}),
)

TEXT = Scene(text=REPLY)
TOOLS = Scene(text="I look.", calls=CALLS, end="calls")
STRUCTURED = Scene(text=json.dumps(CITY))
THINKING = Scene(text=REPLY, thought=THOUGHT, signature=SIGNATURE)
THINKING_TOOLS = Scene(text="I look.", thought=THOUGHT, signature=SIGNATURE, calls=CALLS, end="calls")
LENGTH = Scene(text="The tide", end="length")
REFUSED = Scene(text="I cannot", end="refusal")
FALTERS = Scene(text=REPLY, breaks="error")
CUT = Scene(text=REPLY, breaks="cut")
UNFINISHED = Scene(text=REPLY, breaks="end")
ENDLESS = Scene(text=REPLY, breaks="never")

HTML = Junk(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html")
NOTHING = Junk(200, b"")
NO_JSON = Junk(200, b'{"id": "half an ans')
SHORT = Junk(200, b'{"id": "half an ans', missing=100)
