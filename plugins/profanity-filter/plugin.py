"""Masks, blocks or flags profane words in prompts and answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from badwords import Match, NotSupportedLanguage, Options, ProfanityFilter
from tidegate import ConfigError, Finding, Plugin, Text, allow, block, flag, redact

# Also "sh1t", "you.shit" and "shiiit"; but no words within words, and no similar ones: both find much that is none.
OPTIONS = Options(leetspeak=True, split_on_punctuation=True, collapse_repeats=True)

ACTIONS = ("redact", "block", "flag")

# What the matcher takes for a piece of a text: all that stands between white space. A word may have any signs between its letters.
# `str.isspace` knows further spaces, which are none to the matcher.
PIECE = re.compile("[^\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
# Words of the longest phrase in the lists, such as "rosy palm and her 5 sisters".
LONGEST = 6
# Bytes of a stream that wait at most; `max_match` in plugin.toml is the same.
MAX_HELD = 1024


class Profanity(Plugin):
    def configure(self, config: dict) -> None:
        self.action = config.get("action", "redact")
        if self.action not in ACTIONS:
            raise ConfigError(f'unknown value "{self.action}" in "action"; it is one of {", ".join(ACTIONS)}')
        self.replace_with = config.get("replace_with", "***")
        self.words = words_of(config.get("languages", ["en"]))
        self.longest = LONGEST
        for word in config.get("add", []):
            self.words.add_words([word])
            if not self.words.contains_word(word):
                raise ConfigError(f'"add" has "{word}", which has no letters to look for')
            self.longest = max(self.longest, len(PIECE.findall(word)))
        allowed = config.get("remove", [])
        # The matcher looks behind an allowed word, but not behind an allowed phrase: that is left out of what it finds.
        self.words.add_whitelist(allowed)
        self.allowed = {self.words.normalize(word) for word in allowed}

    def moderate_input(self, ctx, texts: list[Text]):
        return self.judge(texts)

    def moderate_output(self, ctx, texts: list[Text], last: bool):
        return self.judge(texts)

    def judge(self, texts: list[Text]):
        edits, findings, hold = [], [], {}
        # The source of an image is an address to fetch, not a text to change.
        for text in (text for text in texts if text.kind != "media"):
            found = self.found(text.content)
            gone, sure = self.bounds(text, found)
            if not text.complete:
                hold[text] = text.size(sure)
            # Of a word that is longer than what may wait, the beginning has left or the end has not come.
            found = [(max(start, gone), min(end, sure)) for start, end in found if start < sure and end > gone]
            edits += [text.edit(start, end, self.replace_with) for start, end in found]
            if found:
                findings.append(Finding("profanity", text=text, detail=f"words: {len(found)}"))
        hold = hold or None
        if not findings:
            return allow(hold=hold) if hold else None
        if self.action == "block":
            return block("profane words are not allowed here", findings=findings, hold=hold)
        return redact(edits, findings=findings, hold=hold) if self.action == "redact" else flag(findings, hold=hold)

    def found(self, content: str) -> list[tuple[int, int]]:
        return list(spans(content, [match for match in self.words.find(content, OPTIONS) if not self.is_allowed(match)]))

    def bounds(self, text: Text, found: list[tuple[int, int]]) -> tuple[int, int]:
        """Between them stands what may leave now: what stands before has left, what stands behind could still become a word."""
        content = text.content
        gone = len(content.encode()[: text.released].decode())
        if text.complete:
            return gone, len(content)
        sure = max(gone, self.open_end(content))
        # What was found and reaches into that waits as a whole, if it may.
        reaches = next((start for start, end in found if gone <= start < sure < end), sure)
        return gone, reaches if text.size(reaches) <= MAX_HELD else sure

    def open_end(self, content: str) -> int:
        """Where the last words begin: one that may go on, and those before it that could begin a phrase with it."""
        least = len(content) - len(content.encode()[-MAX_HELD:].decode(errors="ignore"))
        pieces = list(PIECE.finditer(content, least))
        may_go_on = bool(pieces) and pieces[-1].end() == len(content)
        words = self.longest - 1
        for piece in reversed(pieces[:-1] if may_go_on else pieces):
            if words == 0:
                return piece.end()
            # The matcher looks past pieces without letters in them.
            words -= any(map(str.isalnum, self.words.normalize(piece[0])))
        return least

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
