"""Masks or refuses numbers of payment cards in prompts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tidegate import Context, Finding, Moderation, Plugin, Text, block, redact

# Groups of digits with one space or hyphen between them.
RUN = re.compile(r"[0-9]+(?:[ -][0-9]+)*")
GROUP = re.compile(r"[0-9]+")
SHORTEST, LONGEST = 13, 19
# In arguments of a tool a number may stand without quotes, and they have to stay JSON.
IN_ARGUMENTS = "0"


class CardMask(Plugin):
    def configure(self, config: dict) -> None:
        self.blocks = config.get("action", "mask") == "block"
        self.replace_with = config.get("replace_with", "[card]")

    def moderate_input(self, ctx: Context, texts: list[Text]) -> Moderation | None:
        edits, findings = [], []
        for text in texts:
            # Of an image the content is where it comes from.
            found = [] if text.kind == "media" else list(cards(text.content))
            if found:
                findings.append(Finding("card", text=text, detail=f"numbers: {len(found)}"))
            replacement = IN_ARGUMENTS if text.kind == "tool-arguments" else self.replace_with
            edits += [text.edit(start, end, replacement) for start, end in found]
        if not findings:
            return None
        if self.blocks:
            return block("it has the number of a payment card", findings=findings)
        return redact(edits, findings=findings)


def cards(content: str) -> Iterator[tuple[int, int]]:
    """Where numbers of cards stand. They begin and end with a group, so that "item 7 4111 1111 1111 1111" has one."""
    for run in RUN.finditer(content):
        groups = [group.span() for group in GROUP.finditer(content, *run.span())]
        first = 0
        while first < len(groups):
            last = longest(content, groups, first)
            if last is None:
                first += 1
            else:
                yield groups[first][0], groups[last][1]
                first = last + 1


def longest(content: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """The last group of the longest number that begins with the first one."""
    digits, found = "", None
    for at in range(first, len(groups)):
        digits += content[slice(*groups[at])]
        if len(digits) > LONGEST:
            break
        if len(digits) >= SHORTEST and is_card(digits):
            found = at
    return found


def is_card(digits: str) -> bool:
    """Of an industry that issues cards, and with the right check digit (ISO/IEC 7812-1)."""
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    total = sum(map(int, digits[-1::-2])) + sum(twice - 9 if twice > 9 else twice for twice in doubled)
    return digits[0] in "23456" and total % 10 == 0
