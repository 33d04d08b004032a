"""Masks, blocks or flags profane words in prompts and answers."""

from __future__ import annotations

from collections.abc import Iterator

from badwords import Match, NotSupportedLanguage, Options, ProfanityFilter
from tidegate import ConfigError, Finding, Plugin, Text, block, flag, redact

# Also "sh1t", "you.shit" and "shiiit"; but no words within words, and no similar ones: both find much that is none.
OPTIONS = Options(leetspeak=True, split_on_punctuation=True, collapse_repeats=True)

ACTIONS = ("redact", "block", "flag")


class Profanity(Plugin):
    def configure(self, config: dict) -> None:
        self.action = config.get("action", "redact")
        if self.action not in ACTIONS:
            raise ConfigError(f'unknown value "{self.action}" in "action"; it is one of {", ".join(ACTIONS)}')
        self.replace_with = config.get("replace_with", "***")
        self.words = words_of(config.get("languages", ["en"]))
        for word in config.get("add", []):
            self.words.add_words([word])
            if not self.words.contains_word(word):
                raise ConfigError(f'"add" has "{word}", which has no letters to look for')
        allowed = config.get("remove", [])
        # The matcher looks behind an allowed word, but not behind an allowed phrase: that is left out of what it finds.
        self.words.add_whitelist(allowed)
        self.allowed = {self.words.normalize(word) for word in allowed}

    def moderate_input(self, ctx, texts: list[Text]):
        return self.judge(texts)

    def moderate_output(self, ctx, texts: list[Text], last: bool):
        return self.judge(texts)

    def judge(self, texts: list[Text]):
        edits, findings = [], []
        # The source of an image is an address to fetch, not a text to change.
        for text in (text for text in texts if text.kind != "media"):
            matches = [match for match in self.words.find(text.content, OPTIONS) if not self.is_allowed(match)]
            edits += [text.edit(*span, self.replace_with) for span in spans(text.content, matches)]
            if matches:
                findings.append(Finding("profanity", text=text, detail=f"words: {len(matches)}"))
        if not findings:
            return None
        if self.action == "block":
            return block("profane words are not allowed here", findings=findings)
        return redact(edits, findings=findings) if self.action == "redact" else flag(findings)

    def is_allowed(self, match: Match) -> bool:
        return bool(self.allowed) and self.words.normalize(match.word) in self.allowed


def words_of(languages: list[str]) -> ProfanityFilter:
    words = ProfanityFilter()
    try:
        words.init(languages=languages)
    except NotSupportedLanguage as error:
        raise ConfigError(f'"languages": {error}') from error
    return words


def spans(content: str, matches: list[Match]) -> Iterator[tuple[int, int]]:
    """The matcher counts bytes, `str` counts characters. Matches are in order, so one walk does for all."""
    if content.isascii():
        yield from ((match.start, match.end) for match in matches)
        return
    raw, index, at = content.encode(), 0, 0
    for match in matches:
        start = index + len(raw[at : match.start].decode())
        index, at = start + len(match.matched_text), match.end
        yield start, index
