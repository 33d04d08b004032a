"""Records what every SDK sends for every conversation: `python tests/oracles/record.py`, with `--check` only compares."""

import argparse
import difflib
import json
import pathlib
import sys
import warnings
from urllib.parse import parse_qsl, unquote, urlsplit

FOLDER = pathlib.Path(__file__).resolve().parent
# What runs as a command finds the packages of the tests as tests do.
sys.path.insert(0, str(FOLDER.parent))

from oracles.conversations import CONVERSATIONS  # noqa: E402
from oracles.neutral import Conversation  # noqa: E402
from oracles.writers import WRITERS, Writer, reasons  # noqa: E402
from support.upstream import Reply, Seen, Upstream  # noqa: E402

# Header fields that say something of the conversation.
MEANING = ("anthropic-version", "anthropic-beta")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a recording is not what SDKs send")
    check = parser.parse_args(arguments).check
    outdated = [name for name in WRITERS if not (compare if check else write)(name, text_of(record(name)))]
    return int(bool(outdated))


def compare(name: str, fresh: str) -> bool:
    """Whether the file is the same; what is not is shown."""
    lines = changes(name, fresh)
    sys.stdout.writelines(lines)
    return not lines


def write(name: str, fresh: str) -> bool:
    file = file_of(name)
    file.parent.mkdir(exist_ok=True)
    file.write_text(fresh)
    return True


def record(name: str) -> dict[str, dict]:
    """What one SDK sends, by conversation."""
    with Upstream(refuse) as upstream:
        writer = WRITERS[name](upstream.url)
        return {conversation.name: take(writer, conversation, upstream) for conversation in CONVERSATIONS}


def take(writer: Writer, conversation: Conversation, upstream: Upstream) -> dict:
    if unsaid := writer.unsaid(conversation):
        return {"unsaid": unsaid}
    before = len(upstream.requests)
    try:
        with warnings.catch_warnings(action="ignore"):  # That a newer way to say it is better.
            writer.say(conversation)
    except Exception as error:  # Each SDK has its own for a refusal.
        if len(upstream.requests) != before + 1:
            raise AssertionError(f"{writer.name} did not send {conversation.name!r} once") from error
    nearly = reasons(writer.nearly, conversation)
    return {**({"nearly": nearly} if nearly else {}), **shown(upstream.requests[-1])}


def refuse(_: Seen, reply: Reply):
    """There is nothing to say: the request is all that is wanted."""
    reply.json({"error": {"message": "recorded", "type": "invalid_request_error", "code": 400}}, 400)


def shown(seen: Seen) -> dict:
    """A request without what is of no meaning."""
    target = urlsplit(seen.target)
    return {
        "method": seen.method,
        "path": unquote(target.path),
        "query": dict(parse_qsl(target.query)),
        "headers": {name: seen.get(name) for name in MEANING if seen.get(name)},
        "body": seen.json,
    }


def file_of(name: str) -> pathlib.Path:
    return FOLDER / "recorded" / f"{name}.json"


def recorded(name: str) -> dict[str, dict]:
    return json.loads(file_of(name).read_text())


def text_of(recording: dict) -> str:
    return json.dumps(recording, indent=1, ensure_ascii=False) + "\n"


def changes(name: str, fresh: str) -> list[str]:
    """The lines in which the file is not what was recorded anew."""
    file = file_of(name)
    kept = file.read_text() if file.exists() else ""
    return list(difflib.unified_diff(kept.splitlines(True), fresh.splitlines(True), file.name, "as sent now", n=2))


if __name__ == "__main__":
    sys.exit(main())
