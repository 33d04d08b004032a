"""Texts, and edits of them: authors count characters, the protocol counts bytes."""

from __future__ import annotations

from ._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MASK = "***"


class TextEdit(Record):
    """A replacement for the bytes `start` to `end` of a text; made by `Text.edit`."""

    __slots__ = ("id", "start", "end", "replacement")

    def __init__(self, id: int, start: int, end: int, replacement: str) -> None:
        self.id = id
        self.start = start
        self.end = end
        self.replacement = replacement


class Text(Record):
    """A piece of text that a model reads or wrote.

    In a stream `content` begins at byte `start` of the whole text, and its first `released` bytes have left already: context,
    not to be edited.
    """

    __slots__ = ("id", "role", "kind", "content", "start", "released", "complete", "new_turn", "_at", "_bytes")

    def __init__(
        self,
        content: str,
        *,
        id: int = 0,
        role: str = "user",
        kind: str = "text",
        start: int = 0,
        released: int = 0,
        complete: bool = True,
        new_turn: bool = True,
    ) -> None:
        self.content = content
        self.id = id
        self.role = role
        self.kind = kind
        self.start = start
        self.released = released
        self.complete = complete
        self.new_turn = new_turn
        self._at = self._bytes = 0

    @classmethod
    def _of(cls, meta: dict[str, Any] | Text) -> Text:
        """Of one of `texts` of a call, or what the extension has made of it."""
        if isinstance(meta, Text):
            return meta
        get = meta.get
        made = cls.__new__(cls)
        made.content = get("content") or ""
        made.id = get("id") or 0
        made.role = get("role") or ""
        made.kind = get("kind") or ""
        made.start = get("start") or 0
        made.released = get("released") or 0
        made.complete = bool(get("complete"))
        made.new_turn = bool(get("new_turn"))
        made._at = made._bytes = 0
        return made

    def edit(self, start: int, end: int, replacement: str = MASK) -> TextEdit:
        """Replaces `content[start:end]`. A match of `re` gives both: `text.edit(*match.span(), "[email]")`."""
        if not 0 <= start <= end <= len(self.content):
            raise ValueError(f"{start} to {end} is no range of the {len(self.content)} characters of text {self.id}")
        if not isinstance(replacement, str):
            raise TypeError(f"a replacement is a str, not {type(replacement).__name__}")
        if not self.content.isascii():
            start, end = self._offset(start), self._offset(end)
        return TextEdit(self.id, start, end, replacement)

    def size(self, start: int = 0, end: int | None = None) -> int:
        """How many bytes `content[start:end]` has, as `hold` wants them: `hold={text.id: text.size(-8)}`."""
        return len(self.content[start:end].encode("utf-8"))

    def __hash__(self) -> int:
        return self.id

    def _offset(self, index: int) -> int:
        """The byte of a character. Counted on from the last one, so that many edits in order cost one walk."""
        if index < self._at:
            self._at = self._bytes = 0
        self._bytes += len(self.content[self._at : index].encode("utf-8"))
        self._at = index
        return self._bytes
