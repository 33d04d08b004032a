"""What every writer is: one SDK that says conversations as its documentation tells users to."""

import base64

from oracles.neutral import Conversation

KEY = "k"


class Writer:
    """An SDK with a client for the server at `url`."""

    # The name of the recording; of the provider, too, where it is one.
    name = ""
    model = ""
    # What a cluster of that provider needs beside its endpoint.
    cluster: dict = {"credentials": {"api_key": KEY}}
    # Features that the API has no words for, with the reason: such a conversation is not said.
    no_words: dict[str, str] = {}
    # Features that are left out or said as nearly as the API can, with the reason: the rest is said.
    nearly: dict[str, str] = {}

    def __init__(self, url: str):
        self.url = url

    def unsaid(self, conversation: Conversation) -> dict[str, str]:
        """Why a conversation is not said, by feature."""
        return reasons(self.no_words, conversation)

    def say(self, conversation: Conversation):
        """Sends one request, and raises since the server refuses it."""
        raise NotImplementedError


def reasons(table: dict[str, str], conversation: Conversation) -> dict[str, str]:
    return {feature: table[feature] for feature in sorted(conversation.features()) if feature in table}


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def data_url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{encoded(data)}"


def given(**settings) -> dict:
    """Those that say something."""
    return {name: value for name, value in settings.items() if value not in (None, (), [], {})}


# The effort that a budget of so many tokens comes nearest to, where an API has no budgets.
def effort_of(conversation: Conversation) -> str | None:
    return conversation.effort or ("medium" if conversation.budget else None)
