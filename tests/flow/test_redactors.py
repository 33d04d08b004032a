"""T-GRD-2: redactors of every runtime, in every mode and dialect: whatever way an answer is cut, no secret leaves and nothing else is lost.

Each answer has secrets at random places of several texts that arrive between each other. Its events are spelled in any legal
way and cut anywhere. A failure tells its seed: `TIDEGATE_SEED=… pytest tests/flow/test_redactors.py` plays it again.
"""

import itertools
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from support.answers import DIALECTS, heard, pieces, read, stream, written
from support.gateway import ROOT, Gateway, proxy_config
from support.upstream import Upstream

SOURCES = pathlib.Path(__file__).parent / "redactors"
MODES = ("carry", "window", "full")
# Every secret that is looked for is shorter than the overlap.
WINDOWS = {"min": 32, "max": 160, "overlap": 64, "max_hold_ms": 300}
OUT = "<*>"
# A test run is the same each time; `make proof` adds texts that nobody has seen, `TIDEGATE_SEED` those of one number.
SEEDS = (1, 2, 3)
MORE = [int(seed) for seed in os.environ.get("TIDEGATE_SEED", "").split()]
if os.environ.get("TIDEGATE_PROOF"):
    MORE += [random.SystemRandom().randrange(1_000_000) for _ in range(3)]


# -- what stands in the answers -------------------------------------------------------------------------------------------

PLAIN = ["grün und ", "🌲", "日本 ", "naïve, ", "e\u0301 ", "a b c ", "... ", "{x} ", "<b>", "ſ ", "👩\u200d🚀 "]
# What JSON or SSE must not take for something else.
SHARP = ['"quoted" ', "back\\slash ", "line\nbreak ", "\r\n", "\t", "\u2028 ", "data: {", "[DONE] ", "\\u0073 ", "\x7f", "\ufffd "]
# What begins like a secret and is none.
NEARLY = ["ship-12 ", "ship ", "ships ", "alice@ ", "geheime ", "DE89 ", "sk- ", "ghp_abc ", "shi ", "how to "]


def letters(pick: random.Random, count: int) -> str:
    return "".join(pick.choice("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(count))


def keys(pick: random.Random) -> str:
    return f"ship-{pick.randrange(1_000_000):06}"


def personal(pick: random.Random) -> str:
    return pick.choice(
        [
            f"{letters(pick, 5).lower()}@example.com",
            "4111 1111 1111 1111",
            "5555555555554444",
            "DE89 3704 0044 0532 0130 00",
            "GB82WEST12345698765432",
            "+49 30 1234567",
            f"ghp_{letters(pick, 36)}",
        ]
    )


def rules(pick: random.Random) -> str:
    return pick.choice([keys, personal, lambda pick: pick.choice(["geheime kommandosache", "GEHEIME\u00a0Kommandosache", "Geheime\nKommandosache"])])(pick)


def profane(pick: random.Random) -> str:
    return pick.choice(["shit", "SH1T", "shiiit", "s.h.i.t", "sh\u200bit", "how to kill"])


@dataclass
class Answer:
    """Texts with secrets in them, and what is to become of them."""

    texts: dict = field(default_factory=dict)
    wanted: dict = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)


def composed(answer: Answer, secret: Callable, filler: list[str], pick: random.Random) -> tuple[str, str]:
    text = wanted = ""
    for _ in range(pick.randrange(1, 9)):
        if pick.random() < 0.4:
            answer.secrets.append(secret(pick))
            text += f" und {answer.secrets[-1]}, und "
            wanted += f" und {OUT}, und "
        else:
            word = pick.choice(filler)
            text, wanted = text + word, wanted + word
    # Also at the very end.
    if pick.random() < 0.3:
        answer.secrets.append(secret(pick))
        text, wanted = f"{text} und {answer.secrets[-1]}", f"{wanted} und {OUT}"
    return text, wanted


def answer_of(dialect, redactor: "Redactor", pick: random.Random) -> Answer:
    answer = Answer()
    for lane in dialect.lanes:
        if not lane[1].startswith("arguments"):
            answer.texts[lane], answer.wanted[lane] = composed(answer, redactor.secret, PLAIN + SHARP + NEARLY, pick)
            continue
        filler = PLAIN + NEARLY + (SHARP if redactor.reads_escapes else [])
        pairs = [composed(answer, redactor.secret, filler, pick) for _ in range(2)]
        given, wanted = ({"q": one, "more": [other, 7, None]} for one, other in zip(*pairs, strict=True))
        answer.texts[lane] = written(given, pick) if redactor.reads_escapes else json.dumps(given, ensure_ascii=False)
        answer.wanted[lane] = wanted
    return answer


# -- who redacts ----------------------------------------------------------------------------------------------------------


@dataclass
class Redactor:
    name: str
    secret: Callable[[random.Random], str]
    # Whether it looks into the strings of arguments, not at their JSON.
    reads_escapes: bool = False
    config: dict = field(default_factory=dict)


REDACTORS = {
    redactor.name: redactor
    for redactor in (
        Redactor("builtin", rules, reads_escapes=True),
        Redactor("lua", keys),
        Redactor("wasm", personal, config={"replace_with": OUT}),
        Redactor("python", keys),
        Redactor("profanity", profane, config={"replace_with": OUT}),
        Redactor("native", keys),
        Redactor("native-process", keys),
        # One behind the other, each with its own mode.
        Redactor("chain", lambda pick: pick.choice([keys, personal])(pick)),
    )
}
PROFANITY_PYTHON = ROOT / ".venv-plugins"


def is_here(name: str) -> bool:
    needed = {"profanity": PROFANITY_PYTHON.exists(), "native": shutil.which("cc"), "native-process": shutil.which("cc")}
    return bool(needed.get(name, True))


def package(folder: pathlib.Path, runtime: str, mode: str, library: pathlib.Path | None) -> pathlib.Path:
    """One of the redactors of this folder, that asks for this mode."""
    folder.mkdir(parents=True)
    source = library or SOURCES / {"lua": "redactor.lua", "python": "redactor.py"}[runtime]
    shutil.copyfile(source, folder / source.name)
    head = {"id": "test/redactor", "version": "1.0.0", "runtime": runtime, "entry": source.name, "contract": "0.1", "hooks": ["moderate_output"]}
    manifest(folder, {"plugin": head, "stream": {"mode": mode, **WINDOWS, "max_match": 16}})
    return folder


def manifest(folder: pathlib.Path, tables: dict[str, dict]):
    lines = [line for table, values in tables.items() for line in (f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items()))]
    (folder / "plugin.toml").write_text("\n".join(lines))


def in_mode(source: pathlib.Path, folder: pathlib.Path, mode: str) -> pathlib.Path:
    """A copy of a plugin of this repository that asks for this mode."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("src", "cases", "tests", "target", "__pycache__"))
    text = (folder / "plugin.toml").read_text()
    windows = "\n".join(f"{key} = {value}" for key, value in {**WINDOWS}.items())
    (folder / "plugin.toml").write_text(re.sub(r'mode = "carry"', f'mode = "{mode}"\n{windows}', text))
    return folder


def plugins(root: pathlib.Path) -> dict[str, dict]:
    made = {}
    library = root / "redactor.so"
    if is_here("native"):
        flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden", "-Wl,-z,nodelete"]
        subprocess.run(["cc", *flags, "-I", ROOT / "plugin-sdk/abi/include", "-o", library, SOURCES / "redactor.c"], check=True)
    for name, mode in itertools.product(REDACTORS, MODES):
        folder, workers = root / f"{name}-{mode}", {"workers": 1}
        match name:
            case "lua":
                entry = {"path": package(folder, name, mode, None)}
            case "python":
                entry = {"path": package(folder, name, mode, None), **workers}
            case "wasm":
                entry = {"path": in_mode(ROOT / "plugins/pii-redact", folder, mode)}
            case "profanity":
                entry = {"path": in_mode(ROOT / "plugins/profanity-filter", folder, mode), "python": PROFANITY_PYTHON, **workers}
            case "native" | "native-process":
                isolation = {} if name == "native" else {"isolation": "process", **workers}
                entry = {"path": package(folder, "native", mode, library), **isolation} if is_here(name) else None
            case _:
                continue
        if is_here(name):
            made[f"{name}-{mode}"] = {key: str(value) if isinstance(value, pathlib.Path) else value for key, value in entry.items()}
    return made


def filters(redactor: Redactor, mode: str) -> list[dict]:
    if redactor.name != "chain":
        return [entry(redactor, mode)]
    others = [other for other in MODES if other != mode]
    return [entry(REDACTORS["lua"], others[0]), entry(REDACTORS["builtin"], mode), entry(REDACTORS["wasm"], others[1])]


def entry(redactor: Redactor, mode: str) -> dict:
    if redactor.name != "builtin":
        return {"plugin": {"name": f"{redactor.name}-{mode}", "config": redactor.config}, "timeout": "20s"}
    windows = {"min": WINDOWS["min"], "max": WINDOWS["max"], "overlap": WINDOWS["overlap"], "max_hold": "300ms"} if mode == "window" else {}
    found = {"patterns": ["ship-[0-9]{6}"], "words": ["geheime kommandosache"], "detect": "all"}
    return {"content_moderation": {**found, "action": "redact", "replace_with": OUT, "stream": {"mode": mode, **windows}}, "timeout": "20s"}


class Said:
    """An upstream that says what a test has written down under a number, which the request carries."""

    def __init__(self):
        self.scripts: dict[int, tuple[bool, list[bytes]]] = {}

    def note(self, is_stream: bool, data: list[bytes]) -> str:
        self.scripts[len(self.scripts)] = (is_stream, data)
        return f"script {len(self.scripts) - 1}"

    def __call__(self, request, reply):
        is_stream, data = self.scripts[int(re.search(rb"script (\d+)", request.body)[1])]
        if is_stream:
            reply.start_events()
            for piece in data:
                reply.chunk(piece)
            reply.end()
        else:
            reply.send(200, b"".join(data), "application/json")


@pytest.fixture(scope="module")
def said():
    return Said()


@pytest.fixture(scope="module")
def gateway(said, tmp_path_factory):
    with Upstream(said) as upstream:
        clusters = {name: upstream.cluster(name, credentials={"api_key": "k"}) for name in ("openai", "anthropic")}
        routes = [
            {"name": f"{name}-{mode}-{cluster}", "match": {"model": f"{name}-{mode}-{cluster}"}, "filters": filters(REDACTORS[name], mode), "backends": [{"cluster": cluster}]}
            for name, mode, cluster in itertools.product(filter(is_here, REDACTORS), MODES, clusters)
        ]
        made = plugins(tmp_path_factory.mktemp("redactors"))
        with Gateway(proxy_config(clusters, routes=routes, plugins=made), patience=90) as gateway:
            yield gateway


# -- what the client gets -------------------------------------------------------------------------------------------------


def strings(value) -> list[str]:
    if isinstance(value, dict):
        return [text for of in value.values() for text in strings(of)]
    if isinstance(value, list):
        return [text for of in value for text in strings(of)]
    return [value] if isinstance(value, str) else []


def check(dialect, answer: Answer, raw: str, values: list, why: str):
    told = heard(dialect, values)
    shown = "\0".join([raw, told.tokens, *told.texts.values(), *strings(values)])
    for secret in answer.secrets:
        spellings = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
        assert not any(spelling in shown for spelling in spellings), f"{why}: {secret!r} leaked"
    for lane, wanted in answer.wanted.items():
        got = told.texts[lane]
        assert (json.loads(got) if isinstance(wanted, dict) else got) == wanted, f"{why}: {lane}"
    for lane, text in told.repeated:
        assert text == told.texts[lane], f"{why}: {lane} is told in another way at its end"
    assert told.usage == dialect.usage, why


def ask(gateway, said, redactor: Redactor, mode: str, dialect, is_stream: bool, data: list[bytes]) -> str:
    cluster = "anthropic" if dialect is DIALECTS["messages"] else "openai"
    body = json.dumps({"model": f"{redactor.name}-{mode}-{cluster}", "stream": is_stream, **dialect.asked})
    answer = gateway.post(dialect.path, json.loads(body.replace("KEY", said.note(is_stream, data))))
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", REDACTORS)
def test_no_secret_leaves_and_nothing_else_is_lost(gateway, said, name, mode, dialect):
    if not is_here(name):
        pytest.skip(f"what {name} needs is not on this machine")
    redactor, api = REDACTORS[name], DIALECTS[dialect]
    for seed in (*SEEDS, *MORE):
        pick, why = random.Random(f"{seed} {name} {dialect}"), f"TIDEGATE_SEED={seed}"
        answer = answer_of(api, redactor, pick)
        text = ask(gateway, said, redactor, mode, api, True, pieces(stream(api, answer.texts, pick), pick))
        values = read(text)
        check(api, answer, text, values, f"{why}, streamed")
        assert heard(api, values).ended, why
        answer = answer_of(api, redactor, pick)
        text = ask(gateway, said, redactor, mode, api, False, [written(api.plain(answer.texts), pick).encode()])
        check(api, answer, text, [json.loads(text)], f"{why}, plain")
    assert gateway.metric("tidegate_moderation_skipped_total") == 0
