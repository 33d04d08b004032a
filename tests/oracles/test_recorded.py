"""The recordings are what the SDKs send today, so that nobody writes them by hand."""

import pytest

from oracles.conversations import CONVERSATIONS
from oracles.record import changes, record, recorded, text_of
from oracles.writers import WRITERS

pytestmark = pytest.mark.xdist_group("oracles")


@pytest.mark.parametrize("name", WRITERS)
def test_a_recording_is_what_the_sdk_sends(name):
    if lines := changes(name, text_of(record(name))):
        pytest.fail("record them anew with `python tests/oracles/record.py`:\n" + "".join(lines), pytrace=False)


@pytest.mark.parametrize("name", WRITERS)
def test_every_feature_without_words_has_a_conversation(name):
    writer, features = WRITERS[name], set().union(*(conversation.features() for conversation in CONVERSATIONS))
    assert writer.no_words.keys() | writer.nearly.keys() <= features


@pytest.mark.parametrize("name", WRITERS)
def test_an_sdk_says_enough(name):
    assert sum("unsaid" not in request for request in recorded(name).values()) >= 45


def test_conversations_have_names_of_their_own():
    names = [conversation.name for conversation in CONVERSATIONS]
    assert len(set(names)) == len(names)
