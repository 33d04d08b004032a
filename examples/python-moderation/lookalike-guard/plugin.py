"""Refuses terms in prompts and masks them in answers, also where they are written with letters that look alike."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tidegate import ConfigError, Context, Finding, Moderation, Plugin, Text, allow, block, redact

from terms import Terms

# The places of terms, by text.
Found = dict[Text, list[tuple[int, int]]]


class LookalikeGuard(Plugin):
    def configure(self, config: dict) -> None:
        for term in config["terms"]:
            if not any(map(str.isalnum, term)):
                raise ConfigError(f'"terms" has "{term}", which has no letter to look for; write a word or a phrase')
        self.terms = Terms(config["terms"])
        self.blocks_prompts = config.get("prompts", "block") == "block"
        self.replace_with = config.get("replace_with", "[removed]")
        self.reason = config.get("reason", "it names something that must not be told")

    def moderate_input(self, ctx: Context, texts: list[Text]) -> Moderation:
        found = self.found(texts)
        return block(self.reason, findings=findings(found)) if found and self.blocks_prompts else self.masked(found)

    def moderate_output(self, ctx: Context, texts: list[Text], last: bool) -> Moderation:
        return self.masked(self.found(texts), {text: text.size(self.sure(text)) for text in texts if not text.complete})

    def found(self, texts: list[Text]) -> Found:
        found = {}
        # The source of an image is an address to fetch, not a text to change.
        for text in (text for text in texts if text.kind != "media"):
            sure = self.sure(text)
            # Before these places is what has left, for context only; behind them what is looked at again with what comes next.
            places = [(start, end) for start, end in self.terms.find(text.content) if text.size(0, start) >= text.released and end <= sure]
            if places or self.is_hidden(text):
                found[text] = places
        return found

    def sure(self, text: Text) -> int:
        """Up to where more of the text changes nothing."""
        return len(text.content) if text.complete else self.terms.open_end(text.content)

    def is_hidden(self, text: Text) -> bool:
        """Whether the arguments of a tool have a term that only their reader sees, such as `\\u0074ern`."""
        if text.kind != "tool-arguments" or "\\" not in text.content:
            return False
        try:
            meant = "\0".join(strings(json.loads(text.content)))
        except ValueError:
            return False
        return len(self.terms.find(meant)) > len(self.terms.find(text.content))

    def masked(self, found: Found, hold: dict[Text, int] | None = None) -> Moderation:
        # What is hidden has no place that could be masked.
        if any(map(self.is_hidden, found)):
            return block(self.reason, findings=findings(found))
        edits = [text.edit(start, end, self.replace_with) for text, places in found.items() for start, end in places]
        return redact(edits, findings=findings(found), hold=hold) if edits else allow(hold=hold)


def findings(found: Found) -> list[Finding]:
    """For logs and metrics, which must not repeat what was found."""
    return [Finding("term", text=text, detail=f"places: {max(len(places), 1)}") for text, places in found.items()]


def strings(tree: object) -> Iterator[str]:
    """Every string of a JSON value, names of members included."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, list):
        for value in tree:
            yield from strings(value)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            yield name
            yield from strings(value)
