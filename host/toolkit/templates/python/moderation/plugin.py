"""Blocks words in prompts and masks them in answers."""

import re

from tidegate import Context, Moderation, Plugin, Text, allow, block, redact


class Words(Plugin):
    def configure(self, config: dict) -> None:
        # The longest first: of two words that begin alike, the longer one is meant.
        self.words = sorted(config["words"], key=len, reverse=True)
        self.any = re.compile("|".join(map(re.escape, self.words)))

    def moderate_input(self, ctx: Context, texts: list[Text]) -> Moderation:
        for text in texts:
            found = self.any.search(text.content)
            if found:
                return block(f'the word "{found[0]}" is not allowed')
        return allow()

    def moderate_output(self, ctx: Context, texts: list[Text], last: bool) -> Moderation:
        edits, hold = [], {}
        for text in texts:
            end = 0
            for found in self.any.finditer(text.content):
                end = found.end()
                # What has left already is there for context only.
                if text.size(0, found.start()) >= text.released:
                    edits.append(text.edit(*found.span(), "***"))
            if not text.complete:
                hold[text] = self.begun(text.content[end:])
        return redact(edits, hold={text: text.size(-size) if size else 0 for text, size in hold.items()})

    def begun(self, rest: str) -> int:
        """How many characters at the end may become a word with what comes next."""
        for size in range(min(len(rest), len(self.words[0]) - 1), 0, -1):
            if any(word.startswith(rest[-size:]) for word in self.words):
                return size
        return 0
