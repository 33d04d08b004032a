"""The hooks as plain methods, and the case files in this process."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import badwords
import pytest
from tidegate import Finding, Text, allow, block, flag, redact
from tidegate.errors import ConfigError
from tidegate.testing import cases, context, play

PACKAGE = Path(__file__).parents[1]
sys.path.insert(0, str(PACKAGE))

from plugin import LONGEST, MAX_HELD, PIECE, Profanity, spans  # noqa: E402


def made(**config) -> Profanity:
    plugin = Profanity()
    plugin.configure(config)
    return plugin


def streamed(content: str, cuts: list[int], **config) -> str:
    """What leaves of a text that comes in these parts, as the gateway lets it go in `carry`."""
    plugin, raw, left, at = made(**config), content.encode(), "", 0
    ends = [*sorted(cuts), len(content)]
    for end in ends:
        complete = end is ends[-1]
        come = content[:end].encode()
        start = max(0, at - MAX_HELD)
        while start < len(raw) and raw[start] & 0xC0 == 0x80:
            start -= 1
        text = Text(come[start:].decode(), start=start, released=at - start, complete=complete)
        verdict = plugin.moderate_output(context(), [text], complete)
        hold = 0 if complete else verdict.hold[0][1]
        assert hold <= MAX_HELD + 3
        edits = verdict.judgement["edit"] if verdict and isinstance(verdict.judgement, dict) else []
        for edit in edits:
            first, last = start + edit["start"], start + edit["end"]
            assert at <= first and last <= len(come) - hold
            left += raw[at:first].decode() + edit["replacement"]
            at = last
        left += raw[at : len(come) - hold].decode()
        at = len(come) - hold
    return left


def asked(texts: list[str], **config):
    return made(**config).moderate_input(context(), [Text(content, id=at) for at, content in enumerate(texts)])


def masked(content: str, **config) -> str:
    """The text once the verdict is carried out, as the gateway does: by bytes."""
    text = Text(content)
    verdict = made(**config).moderate_output(context(), [text], True)
    raw = content.encode()
    for edit in reversed(verdict.judgement["edit"] if verdict else []):
        raw = raw[: edit["start"]] + edit["replacement"].encode() + raw[edit["end"] :]
    return raw.decode()


@pytest.mark.parametrize("case", cases(PACKAGE / "cases"), ids=str)
def test_case(case):
    play(case, PACKAGE)


def test_nothing_found_is_no_verdict():
    assert asked(["a classic assessment from Scunthorpe", ""]) is None


@pytest.mark.parametrize("word", ["shit", "SHIT", "sh1t", "ѕhit", "shiiit", "ＳＨＩＴ", "s\u200bhit"])
def test_spellings(word):
    assert masked(f"grün 🌲 {word}, na?") == "grün 🌲 ***, na?"


def test_places_are_right_behind_any_text():
    text = "ﬁ İ 🖕🏽 e\u0301 shit \u200b 🌲shit🌲 crap!\n日本 shit"
    assert masked(text, replace_with="") == "ﬁ İ 🖕🏽 e\u0301  \u200b 🌲🌲 !\n日本 "


def test_spans_count_characters():
    content = "ü shit 🌲 crap"
    assert [content[start:end] for start, end in spans(content, made().words.find(content))] == ["shit", "crap"]


def test_block_and_flag_do_not_repeat_the_word():
    text = Text("what the fuck", id=0)
    found = [Finding("profanity", text=text, detail="words: 1")]
    assert asked([text.content], action="block") == block("profane words are not allowed here", findings=found)
    assert asked([text.content], action="flag") == flag(found)
    assert asked([text.content], action="redact") == redact([text.edit(9, 13, "***")], findings=found)


def test_own_words_are_added_and_others_removed():
    assert masked("a Pineapple, a pine  apple", add=["pineapple", "pine apple"], languages=[]) == "a ***, a ***"
    assert masked("sex sells, shit", remove=["sex"]) == "sex sells, ***"
    assert masked("how to kill a process", remove=["how to kill"]) == "how to kill a process"


def test_the_source_of_an_image_is_left_alone():
    text = Text("image/png https://shit.example", kind="media")
    assert made().moderate_input(context(), [text]) is None


def test_languages():
    assert masked("so eine Scheiße") == "so eine Scheiße"
    assert masked("so eine Scheiße", languages=["de"]) == "so eine ***"


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"languages": ["xx"]}, "unsupported language `xx`"),
        ({"add": ["***"]}, '"add" has "\\*\\*\\*", which has no letters'),
        ({"action": "mask"}, 'unknown value "mask" in "action"'),
    ],
)
def test_what_is_wrong_is_said(config, told):
    with pytest.raises(ConfigError, match=told):
        made(**config)


PARTS = [
    "shit", "sh1t", "s.h.i.t", "SHIIIT", "s\u200bhit", "ѕhit", "how to kill", "rosy palm  and, her 5 🌲 sisters", "rosy palm and", "how to",
    "golden", "shower", "hell", "hello", "assessment", "you.shit", "日本", "。", "🌲", "ﬁ", "e\u0301", "\x1c", "\u2028", "\u00a0", "\u3000",
    " ", " ", " ", "\n", ".", ", ", "_", "-", "...", "*", "$", "x", "1",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_a_stream_is_masked_as_the_whole_text_wherever_it_is_cut(seed):
    pick = random.Random(seed)
    content = "".join(pick.choice(PARTS) + pick.choice(["", " "]) for _ in range(pick.randrange(1, 40)))
    cuts = [pick.randrange(len(content) + 1) for _ in range(pick.choice([1, 5, 60]))]
    assert streamed(content, cuts) == masked(content), (content, cuts)


def test_every_cut_of_a_phrase():
    content = "so: rosy palm and ... her 5 sisters, and how to kill time"
    for cut in range(len(content)):
        assert streamed(content, [cut]) == "so: ***, and *** time"
    assert streamed(content, list(range(len(content)))) == "so: ***, and *** time"


def test_own_phrases_are_waited_for():
    words = "one two three four five six seven eight"
    content = f"count: {words}, nine"
    assert streamed(content, list(range(len(content))), add=[words]) == "count: ***, nine"


def test_what_is_long_is_not_waited_for():
    content = "x" * 3000 + " shit " + "y" * 3000 + " s" + "h" * 3000 + "it"
    left = streamed(content, list(range(0, len(content), 7)))
    assert left.startswith("x" * 3000 + " *** yyy") and "shit" not in left
    # A word may be as long as it likes; where it is longer than what waits, only its end is masked.
    assert "shi" not in streamed("a shi" + "t" * 3000 + " b", list(range(0, 3000, 11)))


def test_what_has_left_is_context():
    text = Text("shit happens, and", released=12, complete=False)
    assert made().moderate_output(context(), [text], False) == allow(hold={0: 5})
    # Half of it has left: the rest is masked.
    text = Text("shit!", released=2)
    assert made().moderate_output(context(), [text], True).judgement["edit"] == [{"id": 0, "start": 2, "end": 4, "replacement": "***"}]


@pytest.mark.parametrize(("action", "judgement"), [("flag", "allow"), ("block", {"block": "profane words are not allowed here"})])
def test_other_actions_hold_and_tell_of_a_word_once(action, judgement):
    plugin = made(action=action)
    first = plugin.moderate_output(context(), [Text("shi", complete=False)], False)
    assert first == allow(hold={0: 3})
    held = plugin.moderate_output(context(), [Text("shit happens", complete=False)], False)
    assert held == allow(hold={0: 12})
    told = plugin.moderate_output(context(), [Text("shit happens")], True)
    assert told.judgement == judgement and len(told.findings) == 1


def test_no_phrase_of_the_lists_is_longer_than_what_is_waited_for():
    folder = Path(badwords.__file__).parent / "resource/words"
    lines = [line for file in folder.glob("*.txt") for line in file.read_text().splitlines()]
    assert lines and max(len(PIECE.findall(line)) for line in lines if not line.startswith("#")) <= LONGEST
