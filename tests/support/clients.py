"""The vendors' own clients, each in a process of its own and driven the same way, so that one test holds for all."""

import json
import pathlib
import subprocess
import sys

CLIENTS = pathlib.Path(__file__).resolve().parents[1] / "clients"
COMMANDS = {
    "python": [sys.executable, CLIENTS / "python_driver.py"],
    "node": ["node", CLIENTS / "node/driver.mjs"],
}
# Others that speak OpenAI's API, and those of other vendors.
OTHERS = {
    "langchain": [sys.executable, CLIENTS / "langchain_driver.py"],
    "ai": ["node", CLIENTS / "node/ai_driver.mjs"],
    "anthropic": [sys.executable, CLIENTS / "anthropic_driver.py"],
    "anthropic-node": ["node", CLIENTS / "node/anthropic_driver.mjs"],
    "boto3": [sys.executable, CLIENTS / "bedrock_driver.py"],
    "google-genai": [sys.executable, CLIENTS / "gemini_driver.py"],
}
# The bases of the others end before the version.
OPENAI = (*COMMANDS, "langchain", "ai")


class Failed(Exception):
    """The client raised; carries what it told, and the events that came before."""

    def __init__(self, outcome: dict):
        super().__init__(f"{outcome['error']}: {outcome.get('message')}")
        self.name = outcome["error"]
        self.status = outcome.get("status")
        self.code = outcome.get("code")
        self.type = outcome.get("type")
        self.message = outcome.get("message") or ""
        self.request_id = outcome.get("request_id")
        self.retry_after = outcome.get("retry_after")
        self.events = outcome.get("events") or []


class Client:
    """A running client for the gateway at `url`."""

    def __init__(self, kind: str, url: str):
        self.kind = kind
        self.process = subprocess.Popen((COMMANDS | OTHERS)[kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.turn_to(url)

    def turn_to(self, url: str):
        """Calls go to another gateway from now on."""
        self.url = f"{url}/v1" if self.kind in OPENAI else url

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def __call__(self, call: str, key: str = "demo", **params):
        """The value of a call; raises [`Failed`] where the client does."""
        self.process.stdin.write(json.dumps({"call": call, "url": self.url, "key": key, "params": params}) + "\n")
        self.process.stdin.flush()
        outcome = json.loads(self.process.stdout.readline())
        if "error" in outcome:
            raise Failed(outcome)
        return outcome.get("value")

    def chat(self, model: str = "mock", text: str = "hello", **params):
        return self("chat", model=model, messages=user(text), **params)

    def stream(self, model: str = "mock", text: str = "hello", **params):
        return self("stream", model=model, messages=user(text), **params)


def user(text: str) -> list[dict]:
    return [{"role": "user", "content": text}]


def streamed_text(events: list[dict]) -> str:
    """What the deltas of a stream add up to."""
    choices = (choice for event in events for choice in event["choices"])
    return "".join(choice["delta"].get("content") or "" for choice in choices)
