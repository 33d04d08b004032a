"""The hooks as plain methods, and the case files in this process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tidegate import Finding, Text, block, flag, redact
from tidegate.errors import ConfigError
from tidegate.testing import cases, context, play

PACKAGE = Path(__file__).parents[1]
sys.path.insert(0, str(PACKAGE))

from plugin import Profanity, spans  # noqa: E402


def made(**config) -> Profanity:
    plugin = Profanity()
    plugin.configure(config)
    return plugin


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
