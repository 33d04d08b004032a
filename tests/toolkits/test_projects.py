"""`tidegate plugin new` to the first verdict, in every language, in a folder of its own and without this checkout.

`scripts/test.sh toolkits` sets the languages up before it runs these.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import threading

import httpx
import pytest

from support.backends import free_port
from support.gateway import BINARY
from support.toolkit import PATIENCE, tidegate, works
from support.wait import until

LANGUAGES = ("rust", "go", "cpp", "js", "python", "lua", "native")
HOOKS = ("auth", "transform", "moderation")
# The gateway reads these as they are written.
SOURCES = ("python", "lua")
pytestmark = pytest.mark.timeout(3 * PATIENCE)


@pytest.fixture
def project(tmp_path, request):
    language, hook = request.param
    # By another name in every test: projects of one name would take each other's artefacts where they share a target folder.
    folder = tmp_path / f"my-{re.sub('[^a-z]+', '-', request.node.name.removeprefix('test_')).strip('-')}"
    works("plugin", "new", "--lang", language, "--hook", hook, folder)
    return language, folder


every = pytest.mark.parametrize("project", [(language, hook) for language in LANGUAGES for hook in HOOKS], indirect=True, ids="-".join)
moderation = pytest.mark.parametrize("project", [(language, "moderation") for language in LANGUAGES], indirect=True, ids="-".join)


@every
def test_what_new_writes_builds_and_meets_its_cases(project):
    language, folder = project
    built = works("plugin", "build", folder=folder)
    assert ("nothing to build" in built) == (language in SOURCES)
    told = works("plugin", "test", folder=folder)
    assert " 0 failed" in told and "note " not in told, told
    cases = len(list((folder / "cases").glob("*.json")))
    assert cases > 0 and f"{cases} passed" in told
    shown = works("plugin", "info", folder=folder)
    assert f"plugin        my-team/{folder.name} 0.1.0" in shown
    # What is made of the sources stays out of version control.
    ignored = (folder / ".gitignore").read_text()
    assert ".tidegate" in ignored


@moderation
def test_bench_prints_what_each_hook_costs(project):
    _, folder = project
    works("plugin", "build", folder=folder)
    told = json.loads(works("plugin", "bench", "--json", folder=folder))
    assert set(told["hooks"]) == {"moderate_input", "moderate_output"}
    assert all(cost["calls"] > 0 and 0 < cost["median"] <= cost["p99"] for cost in told["hooks"].values())


class Dev:
    """`plugin dev` at work, and what it has printed."""

    def __init__(self, folder: pathlib.Path):
        self.port, self.admin = free_port(), free_port()
        command = [BINARY, "plugin", "dev", folder, "--port", self.port, "--admin-port", self.admin]
        self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        threading.Thread(target=lambda: self.lines.extend(iter(self.process.stderr.readline, "")), daemon=True).start()

    def __enter__(self):
        until(lambda: "serving on" in self.text or self.process.poll() is not None, "the gateway", PATIENCE)
        until(lambda: self.ready() or self.process.poll() is not None, "the gateway being ready", 60)
        assert self.process.poll() is None, self.text
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(40)

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.admin}/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def digest(self) -> str:
        return httpx.get(f"http://127.0.0.1:{self.admin}/v1/plugins").json()["plugins"][0]["digest"]

    def say(self, text: str) -> httpx.Response:
        body = {"model": "mock", "messages": [{"role": "user", "content": text}]}
        return httpx.post(f"http://127.0.0.1:{self.port}/v1/chat/completions", json=body, timeout=30)


SOURCE = {
    "rust": "src/lib.rs",
    "native": "src/lib.rs",
    "go": "plugin.go",
    "cpp": "plugin.cpp",
    "js": "plugin.ts",
    "python": "plugin.py",
    "lua": "plugin.lua",
}


@moderation
def test_dev_shows_verdicts_and_takes_over_what_is_saved(project):
    language, folder = project
    word = json.loads((folder / "cases").joinpath(sorted(os.listdir(folder / "cases"))[0]).read_text())
    words = word.get("config", {}).get("words") or ["secret"]
    config = folder.parent / "config.json"
    config.write_text(json.dumps({"words": words}))
    with Dev(folder) as dev:
        assert dev.say("hello").status_code == 200
        blocked = dev.say(f"a {words[0]} b")
        assert blocked.status_code in (400, 403), blocked.text
        until(lambda: re.search(r"moderate_input +dev \(my-team/my-[a-z-]+@0\.1\.0\): block", dev.text), "the verdict on the terminal")
        before = dev.digest()
        source = folder / SOURCE[language]
        text = source.read_text()
        found = re.search(r"is not allowed", text)
        assert found, f"{source} says nothing that could be changed"
        source.write_text(text.replace("is not allowed", "is not wanted here"))
        until(lambda: dev.digest() != before, "the new version", PATIENCE)
        assert "is not wanted here" in dev.say(f"a {words[0]} b").text
        # What does not build leaves what is live.
        live = dev.digest()
        source.write_text("%%% no language has this")
        until(lambda: "what was live stays" in dev.text or "plugin is not" in dev.text or "stale" in plugin_state(dev), "the refusal", PATIENCE)
        assert dev.digest() == live
        assert "is not wanted here" in dev.say(f"a {words[0]} b").text


def plugin_state(dev: Dev) -> str:
    return httpx.get(f"http://127.0.0.1:{dev.admin}/v1/plugins").json()["plugins"][0]["state"]


# -- what goes wrong is one sentence with what to do ------------------------------------------------------------------------


@pytest.fixture
def lua(tmp_path):
    folder = tmp_path / "words"
    works("plugin", "new", "--lang", "lua", folder)
    return folder


def refused(*arguments, folder, env=None) -> str:
    ended = tidegate(*arguments, folder=folder, env=env)
    assert ended.returncode == 1, ended.stdout
    assert "panicked" not in ended.stderr
    return ended.stderr.strip()


def edited(file: pathlib.Path, before: str, after: str):
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language not in SOURCES])
def test_a_toolchain_that_is_missing_is_named_with_the_command_that_installs_it(tmp_path, language):
    folder = tmp_path / "words"
    works("plugin", "new", "--lang", language, folder)
    told = refused("plugin", "build", folder=folder, env={"TIDEGATE_TOOLS": str(tmp_path / "none"), "PATH": "/nowhere"})
    assert told.count("\n") == 0 and f'run "tidegate plugin setup --lang {language}"' in told, told


def test_another_version_of_the_contract(lua):
    edited(lua / "plugin.toml", 'contract = "0.1"', 'contract = "9.0"')
    told = refused("plugin", "test", folder=lua)
    assert told.count("\n") == 0 and '"9.0"' in told and '"0.1"' in told


def test_a_plugin_without_hooks(lua):
    (lua / "plugin.lua").write_text("return {}\n")
    told = refused("plugin", "test", folder=lua)
    assert "moderate_input" in told or "no hook" in told


def test_a_case_with_a_typo(lua):
    case = next((lua / "cases").glob("*.json"))
    edited(case, '"steps"', '"stps"')
    told = refused("plugin", "test", folder=lua)
    assert told.count("\n") == 0 and case.name in told and '"stps"' in told


def test_a_configuration_against_its_schema(lua):
    case = next(case for case in (lua / "cases").glob("*.json") if "words" in json.loads(case.read_text()).get("config", {}))
    content = json.loads(case.read_text())
    content["config"]["wrods"] = ["x"]
    case.write_text(json.dumps(content))
    told = refused("plugin", "test", folder=lua)
    assert '"wrods"' in told and "config.schema.json" in told


def test_a_case_may_be_about_what_the_schema_refuses(lua):
    refusal = {"name": "a typo", "config": {"wrods": ["x"]}, "configure": {"error": '"wrods"'}}
    (lua / "cases/typo.json").write_text(json.dumps(refusal))
    assert " 0 failed" in works("plugin", "test", folder=lua)
    (lua / "cases/typo.json").write_text(json.dumps({**refusal, "configure": {"error": "nothing of the kind"}}))
    assert "nothing of the kind" in refused("plugin", "test", folder=lua)


def test_a_hook_without_a_case_is_noted(lua):
    for case in (lua / "cases").glob("*.json"):
        if any(step["hook"] == "moderate_output" for step in json.loads(case.read_text()).get("steps", [])):
            case.unlink()
    assert 'no case asks for "moderate_output"' in works("plugin", "test", folder=lua)


def test_a_folder_that_is_taken_and_one_that_makes_no_name(lua, tmp_path):
    assert "is not empty" in refused("plugin", "new", "--lang", "lua", lua, folder=tmp_path)
    assert "makes no name" in refused("plugin", "new", "--lang", "lua", "1st", folder=tmp_path)
    assert "cannot be read" in refused("plugin", "build", folder=tmp_path)
