"""Patterns of terms as a reader sees them: `tern` may have a Cyrillic `е`, be `ｔｅｒｎ`, or have a hidden hyphen in it."""

from __future__ import annotations

import re

from confusables import confusable_characters

# What may stand behind a letter and does not change how it looks: soft hyphens, characters without width, accents.
UNSEEN = "[\u00ad\u0300-\u036f\u200b-\u200f\u2060\ufeff]{0,3}"


class Terms:
    def __init__(self, terms: list[str]):
        # The longest first: of two terms that begin alike, the longer one is meant.
        letters = [[letter(char) for char in " ".join(term.split())] for term in sorted(terms, key=len, reverse=True)]
        whole = "|".join("".join(one) for one in letters)
        self.whole = re.compile(rf"(?<!\w)(?:{whole})(?!\w)", re.IGNORECASE)
        self.open = re.compile(rf"(?<!\w)(?:{'|'.join(map(begun, letters))})\Z", re.IGNORECASE)

    def find(self, content: str) -> list[tuple[int, int]]:
        return [found.span() for found in self.whole.finditer(content)]

    def open_end(self, content: str) -> int:
        """Where a term begins that the end of `content` may be a part of."""
        found = self.open.search(content)
        return found.start() if found else len(content)


def letter(char: str) -> str:
    if char == " ":
        return r"\s{1,3}"
    # The full-width form, too, which the list has not for every letter.
    alike = {char, chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char}
    alike.update(one for one in confusable_characters(char) or [] if len(one) == 1)
    return f"[{''.join(map(re.escape, sorted(alike)))}]{UNSEEN}"


def begun(letters: list[str]) -> str:
    """A pattern of the first letter, or the first two, and so on up to all."""
    pattern = ""
    for one in reversed(letters):
        pattern = f"{one}(?:{pattern})?" if pattern else one
    return pattern
