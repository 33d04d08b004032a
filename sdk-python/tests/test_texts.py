"""Texts and their edits."""

import re

import pytest

from tidegate import Text


def test_ascii_indices_are_bytes():
    edit = Text("call 555-1234 now", id=7).edit(5, 13, "[phone]")
    assert (edit.id, edit.start, edit.end, edit.replacement) == (7, 5, 13, "[phone]")


@pytest.mark.parametrize("content", ["grün 🌲 und ä", "🌲🌲", "a", "", "äöü", "\U0010ffffx"])
def test_every_range_is_counted_in_bytes(content):
    text = Text(content)
    for start in range(len(content) + 1):
        for end in range(start, len(content) + 1):
            edit = text.edit(start, end, "")
            assert edit.start == len(content[:start].encode())
            assert edit.end == len(content[:end].encode())


def test_edits_may_come_in_any_order():
    text = Text("ä🌲ü" * 50)
    for start in [100, 3, 149, 0, 77]:
        assert text.edit(start, start + 1).start == len(text.content[:start].encode())


def test_a_match_gives_both_ends():
    text = Text("grün: a@b.de, ä@x.org")
    edits = [text.edit(*found.span(), "[email]") for found in re.finditer(r"\S+@\S+\.\w+", text.content)]
    assert [(edit.start, edit.end) for edit in edits] == [(7, 13), (15, 23)]


@pytest.mark.parametrize("span", [(-1, 2), (2, 1), (0, 4)])
def test_what_is_no_range_is_told_where_it_is_made(span):
    with pytest.raises(ValueError, match="is no range of the 3 characters of text 4"):
        Text("abc", id=4).edit(*span)


def test_a_replacement_is_text():
    with pytest.raises(TypeError, match="a replacement is a str, not int"):
        Text("abc").edit(0, 1, 3)


def test_size_counts_bytes():
    assert (Text("ä🌲x").size(), Text("ä🌲x").size(1), Text("ä🌲x").size(-1), Text("ä🌲x").size(0, 1)) == (7, 5, 1, 2)


def test_many_edits_of_a_long_text_take_one_walk():
    text = Text("ä" * 200_000)
    edits = [text.edit(at, at + 1) for at in range(0, 200_000, 2)]
    assert edits[-1].end == 399_998
