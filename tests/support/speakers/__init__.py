"""What each client is asked, and how its answers are read."""

from support.speakers.ai import Ai
from support.speakers.chat import Chat
from support.speakers.converse import Converse
from support.speakers.gemini import Gemini
from support.speakers.langchain import LangChain
from support.speakers.messages import Messages
from support.speakers.responses import Responses
from support.speakers.speaker import Said, Speaker

SPEAKERS: dict[str, Speaker] = {
    "python": Chat(),
    "node": Chat(),
    "responses": Responses(),
    "responses-node": Responses(),
    "langchain": LangChain(),
    "ai": Ai(),
    "anthropic": Messages(),
    "anthropic-node": Messages(),
    "boto3": Converse(),
    "google-genai": Gemini(),
}

__all__ = ["SPEAKERS", "Said", "Speaker"]
