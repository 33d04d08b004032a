"""The definitions name what the runtime gives to plugins, and nothing else.

What it gives stands in the prelude of the runtime, which makes the table `tidegate` in one shape: `T.name = …`,
`function T.name(…)`, and for tables a member a line. The author's page is the second witness.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRELUDE = (ROOT / "host/runtime-lua/src/prelude.luau").read_text("utf-8")
PAGE = (ROOT / "docs/plugins/lua.md").read_text("utf-8")
DEFINITIONS = (ROOT / "sdk-lua/tidegate.d.luau").read_text("utf-8")
CONVERT = (ROOT / "host/runtime-lua/src/convert.rs").read_text("utf-8")



def given() -> set[str]:
    """`pass`, `kv`, `kv.get`: all names of the table that the runtime makes."""
    assert "\ntidegate = freeze(T)\n" in PRELUDE, "the prelude makes the table in another way; mend this test"
    names = set(re.findall(r"^(?:function )?T\.(\w+)(?: =|\()", PRELUDE, re.MULTILINE))
    for table, body in re.findall(r"^T\.(\w+) = (?:setmetatable\(\n\t)?\{(.*?)^[})]", PRELUDE, re.MULTILINE | re.DOTALL):
        members = re.findall(r"^\t(\w+) =", body, re.MULTILINE) or re.findall(r"(\w+) = level\(", body)
        assert members, f"no member of tidegate.{table} is found; mend this test"
        names |= {f"{table}.{member}" for member in members}
    return names


def typed() -> set[str]:
    """The same of the definitions."""
    body = DEFINITIONS.split("\ndeclare tidegate: {\n")[1]
    names, table = set(), ""
    for depth, name in re.findall(r"^(\t+)(\w+): ", body, re.MULTILINE):
        if len(depth) == 1:
            table = name
            names.add(name)
        else:
            names.add(f"{table}.{name}")
    log = DEFINITIONS.split("\nexport type Log = ")[1].split("} :: {\n\t\t__call")[0].split("__call")[0]
    return names | {f"log.{name}" for name in re.findall(r"^\t\t(\w+): \(", log, re.MULTILINE)}


def parts(name: str) -> set[str]:
    """The parts of a type of the definitions."""
    found = re.search(rf"^export type {name} = \{{\n(.*?)^\}}", DEFINITIONS, re.MULTILINE | re.DOTALL)
    assert found, f"there is no type {name}"
    return set(re.findall(r"^\t(\w+): ", found[1], re.MULTILINE))


def test_the_runtime_gives_what_is_known_of_it():
    assert {"pass", "block", "log", "log.warn", "kv.increment", "http.send", "models.ask", "json.null"} <= given()


def test_every_name_of_the_runtime_is_typed():
    assert given() - typed() == set()


def test_every_typed_name_is_one_of_the_runtime():
    assert typed() - given() == set()


def test_the_page_names_what_is_typed():
    unnamed = {name for name in typed() if "." in name and f"`{name}" not in PAGE and f"{name}(" not in PAGE}
    assert unnamed <= {"log.debug", "log.error", "log.warn", "json.null"} and "`log.debug`, `log.warn`, `log.error`" in PAGE
    verdicts = {name for name in typed() if "." not in name} - {name.split(".")[0] for name in typed() if "." in name}
    assert {name for name in verdicts - {"info"} if f"tidegate.{name}(" not in PAGE} == set()


@pytest.mark.parametrize(
    ("type_name", "function"),
    [("Usage", "usage"), ("Outcome", "outcome"), ("Found", "finding"), ("Event", "event")],
)
def test_records_have_the_parts_that_the_runtime_sets(type_name, function):
    body = re.search(rf"fn {function}\(.*?^\}}", CONVERT, re.MULTILINE | re.DOTALL)
    assert body
    names = set(re.findall(r'raw_set\("(\w+)"', body[0])) | set(re.findall(r'^ +\("(\w+)", usage', body[0], re.MULTILINE))
    assert parts(type_name) == names


def test_heads_have_the_parts_that_the_runtime_sets():
    body = re.search(r"fn head\(.*?^\}", CONVERT, re.MULTILINE | re.DOTALL)
    assert body
    assert parts("Head") == {"headers", *re.findall(r'table\.raw_set\("(\w+)"', body[0])}
    assert parts("Client") == set(re.findall(r'client\.raw_set\("(\w+)"', body[0]))


def test_texts_have_the_parts_that_the_runtime_sets():
    assert parts("Text") == set(re.findall(r"raw_set\(&keys\.(\w+),", CONVERT))


def test_contexts_have_the_facts_that_the_runtime_knows():
    context = (ROOT / "host/runtime-lua/src/context.rs").read_text("utf-8")
    body = re.search(r"fn fact\(.*?^\}", context, re.MULTILINE | re.DOTALL)
    assert body
    assert parts("Context") == set(re.findall(r'b"(\w+)" =>', body[0]))


def test_subscriptions_have_the_keys_that_the_runtime_reads():
    source = (ROOT / "host/runtime-lua/src/subscription.rs").read_text("utf-8")
    keys = re.search(r"const KEYS: \[&str; \d+\] =\s*\[(.*?)\];", source, re.DOTALL)
    assert keys
    assert parts("Subscription") == set(re.findall(r'"(\w+)"', keys[1]))


@pytest.mark.parametrize(
    ("type_name", "file", "function"),
    [
        ("Grant", "access", "grant"),
        ("Refusal", "access", "refusal"),
        ("HeaderEdits", "access", "header_edits"),
        ("Change", "transform", "change"),
        ("JsonEdit", "transform", "edit"),
        ("Reply", "transform", "reply"),
        ("Finding", "moderation", "finding"),
        ("TextEdit", "moderation", "edit"),
        ("Options", "moderation", "judged"),
        ("HttpRequest", "../services/http", "one"),
    ],
)
def test_verdicts_and_requests_may_have_what_the_runtime_takes(type_name, file, function):
    source = (ROOT / f"host/runtime-lua/src/verdict/{file}.rs").read_text("utf-8")
    body = re.search(rf"fn {function}\(.*?^\}}", source, re.MULTILINE | re.DOTALL)
    assert body
    taken = set(re.findall(r'^ +b"(\w+)" =>', body[0], re.MULTILINE)) - {"allow", "flag", "redact", "block"}
    assert parts(type_name) == taken
