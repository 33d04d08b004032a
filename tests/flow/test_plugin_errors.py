"""A plugin that cannot be used is told in one sentence, the same by `check`, log and API, and harms its own routes only."""

import json
import pathlib
import subprocess

import pytest

from flow.broken_plugin import SCHEMA, Case
from flow.broken_native import ABORTS, NATIVE, SO
from flow.broken_native import hostile as native_hostile
from flow.broken_python import PLUGIN, PYTHON, python
from support.gateway import BINARY, Gateway, proxy_config, run_tidegate
from support.plugins import HOSTILE, REFUSAL, assert_sentence, route, shown

HOSTILE_WASM = (HOSTILE["wasm"] / "hostile.wasm").read_bytes()
HOSTILE_HOOKS = ["admit", "settle", "transform_request", "transform_event", "moderate_input", "moderate_output", "completed"]


def manifest(*says: str, **plugin) -> Case:
    """Of a plugin with other values in `[plugin]`."""
    return Case(["plugin.toml", *says], plugin=plugin)


def lua(source: str | bytes, *says: str) -> Case:
    return Case(list(says), source)


def configure(body: str, *says: str) -> Case:
    return lua(f"return {{moderate_input = print, configure = function() {body} end}}", *says)


def wasm(source: bytes, *says: str, **more) -> Case:
    return Case(list(says), source, plugin={"runtime": "wasm", **more.pop("plugin", {})}, **more)


def hostile(*says: str, hooks: list[str] = HOSTILE_HOOKS, asks: dict | None = None, **more) -> Case:
    return wasm(HOSTILE_WASM, *says, plugin={"hooks": hooks}, tables={"capabilities": asks or {}}, entry={"grants": asks or {}}, **more)


def importing(name: str) -> bytes:
    """A component that imports an empty interface of this name and does nothing."""
    imported = b"\x01\x00" + bytes([len(name)]) + name.encode() + b"\x05\x00"
    return b"\0asm\x0d\0\x01\0" + b"\x07\x03\x01\x42\x00" + b"\x0a" + bytes([len(imported)]) + imported


# Nobody can tell which hooks such a plugin has.
MANIFESTS = {
    "broken-toml": Case(["plugin.toml: line 2", "string"], manifest=b'[plugin]\nid = "test\n'),
    "empty-manifest": Case(['missing field "plugin"'], manifest=b""),
    "missing-version": manifest('missing field "version"', version=None),
    "missing-contract": manifest('missing field "contract"', contract=None),
    "unknown-key": manifest("line 8", 'unknown field "sandbox"', '"instance"', sandbox=False),
    "unknown-instance": manifest('unknown variant "shared"', '"pooled" or "per_request"', instance="shared"),
    "unknown-table": Case(['unknown field "capability"', '"capabilities"'], tables={"capability": {"kv": True}}),
    "unknown-capability": Case(['unknown field "files"', '"http", "kv"'], tables={"capabilities": {"files": True}}),
    "unknown-mode": Case(['"sliding"', "carry, window, full or watch"], tables={"stream": {"mode": "sliding"}}),
    "unknown-hook": manifest('unknown hook "moderate_inputs"', "contract 0.1 has", "moderate_input", hooks=["moderate_inputs"]),
    "no-hooks": manifest('"hooks" is empty; list the hooks', hooks=[]),
    "one-hook-as-text": manifest("line 7", "expected a sequence", hooks="moderate_input"),
    "bad-id": manifest('"id" must be a name or publisher/name of lower-case letters', id="Not A Name"),
    "other-contract": Case(['contract "9.9"', 'this gateway speaks "0.1"', "build it with a matching SDK"], plugin={"contract": "9.9"}),
    "entry-outside": manifest('"entry" must name a file inside the package', entry="../plugin.lua"),
    "entry-absolute": manifest('"entry" must name a file inside the package', entry="/etc/passwd"),
}
FILES = {
    "no-entry": Case(['plugin.lua" cannot be read', "No such file", "check the path"], source=None),
    "no-schema": Case(['schema.json" cannot be read', "check the path"], tables={"config": {"schema": "schema.json"}}),
    "schema-no-json": Case(['"schema.json" is no JSON'], schema="{"),
}
OTHERS = {
    "unknown-runtime": Case(['runtime "javascript"', "it has wasm, lua"], plugin={"runtime": "javascript"}),
    # The configuration that a filter gives
    "unknown-config-key": Case(['unknown key "word"', 'did you mean "words"?'], schema=json.dumps(SCHEMA), config={"word": []}),
    "wrong-config-type": Case(['"words" must be a list'], schema=json.dumps(SCHEMA), config={"words": "tide"}),
    "wrong-config-item": Case(['an item of "words" must be a text', "quotes"], schema=json.dumps(SCHEMA), config={"words": [1]}),
    # Lua
    "syntax": lua("local M = {\nfunction M.x( end", "plugin.lua", "line 2", "Expected '('"),
    "syntax-at-the-end": lua("return {", "plugin.lua", "line 1", "got <eof>"),
    "fails-at-load": lua("\nlocal x = nil return x.y", "plugin.lua:2: attempt to index nil"),
    "returns-nothing": lua("local M = {}", 'end it with "return M"'),
    "no-function": lua("return {}", "no function that is a hook; it may have authenticate"),
    "unlisted-function": lua("return {moderate_input = print, admit = print}", 'add it to "hooks"'),
    "hook-no-function": lua("return {moderate_input = 1}", '"moderate_input" of the module', "make it a function"),
    "bytecode": lua(b"\x06\x03\x01", "it is no text in UTF-8", "ship the source"),
    "large-source": lua("-- " + "x" * 1024 * 1024, "it is larger than 1024 KiB; move data into its configuration"),
    "configure-refuses": configure("error('\"words\" is missing; list them', 0)", 'configure failed: "words" is missing; list them'),
    "configure-fails": configure("error('no words')", "configure failed: plugin.lua:1: no words"),
    "configure-unknown-key": configure("return {hook = {}}", 'a table with "hook"', "it may have hooks"),
    "configure-unlisted-hook": configure("return {hooks = {'admit'}}", 'asks for the hook "admit"', 'add it to "hooks" there'),
    "configure-unknown-hook": configure("return {hooks = {'admits'}}", 'asks for the hook "admits", which does not exist'),
    "other-dialect": configure("return {dialects = {'other'}}", 'the dialect "other" only', 'routes carry "openai"'),
    "little-memory": Case(["64 KiB of memory", 'raise its "limits.memory"'], entry={"limits": {"memory": "64KiB"}}),
    # WASM
    "no-component": wasm(b"no wasm", 'it is no WASM component; check "entry"'),
    "core-module": wasm(b"\0asm\x01\0\0\0", "it is a core module; make a component of it"),
    "cut-component": wasm(HOSTILE_WASM[:5000], "out of bounds", "build it again"),
    "empty-component": wasm(b"\0asm\x0d\0\x01\0", "it does not export", "build it with the SDK"),
    "imports-other-wasi": wasm(importing("wasi:http/types@0.2.0"), 'imports "wasi:http/types@0.2.0", which no plugin gets'),
    "imports-unknown-service": wasm(importing("tidegate:plugin/files@0.1.0"), 'imports "tidegate:plugin/files"', "matching SDK"),
    "imports-other-contract": wasm(importing("tidegate:plugin/kv@0.2.0"), 'contract "0.2.0"', "build it with a matching SDK"),
    "imports-what-it-does-not-ask-for": hostile('"tidegate:plugin/kv"', 'add "kv = true" to [capabilities] in plugin.toml'),
    "subscribes-to-more": hostile('subscribes to "admit"', 'add it to "hooks"', hooks=["moderate_input"], asks={"kv": True}),
    "component-refuses": hostile("configure failed: on demand", asks={"kv": True}, config={"configure": "fail"}),
    # What the operator grants
    "grants-missing": Case(
        ['kv: true, http: "a.example"', '"grants" does not give; grant it'], tables={"capabilities": {"kv": True, "http": ["a.example"]}}
    ),
    "grants-surplus": Case(
        ['"grants" gives kv: true, secrets: "token"', 'remove it from "grants"'], entry={"grants": {"kv": True, "secrets": {"token": "canary"}}}
    ),
}
TEXTS = {
    "several-lines": configure("error('one\\ntwo', 0)", "one two"),
    "error-without-text": configure("error({})", "it raised a table in place of a text"),
    "error-with-nothing": configure("error()", "it raised nothing"),
    "error-with-empty-text": configure("error('', 0)", "it gave no reason"),
    "broken-schema": Case(['"schema.json"', '"/type" of it'], schema='{"type": "nonsense"}'),
}
MANIFESTS["python-other-contract"] = python(PLUGIN, 'contract "9.9"', "build it with a matching SDK", plugin={"contract": "9.9"})
MANIFESTS["manifest-not-utf8"] = Case(["it is no UTF-8 at byte 15"], manifest=b'[plugin]\nid = "\xff"\n')
OTHERS |= TEXTS | PYTHON | NATIVE
CASES = MANIFESTS | FILES | OTHERS


def config(cases: dict[str, Case], folder: str) -> dict:
    """Two routes for each plugin, one that denies and one that allows where it fails, and one without a filter."""
    plugins = {name: {"path": f"{folder}/{name}", **case.entry} for name, case in cases.items()}
    routes = [
        route(f"{name}.{on_error}", name, case.config, on_error=on_error) for name, case in cases.items() for on_error in ("deny", "allow")
    ]
    routes.append({"name": "open", "backends": [{"cluster": "local"}]})
    return proxy_config({"local": {"provider": "mock"}}, routes=routes, plugins=plugins)


def checked(name: str, case: Case, folder: pathlib.Path, seconds: float = 30) -> subprocess.CompletedProcess:
    case.write(folder / "packages" / name)
    (folder / "tidegate.yaml").write_text(json.dumps(config({name: case}, "packages")))
    return subprocess.run([BINARY, "check"], cwd=folder, capture_output=True, text=True, timeout=seconds)


def sentence(name: str, outcome: subprocess.CompletedProcess) -> str:
    """The only line, from after the plugin's name on."""
    lines = outcome.stderr.splitlines()
    assert outcome.returncode == 1 and len(lines) == 1, outcome.stderr
    place, told, text = lines[0].partition(f': plugin "{name}" is not loaded: ')
    assert place.startswith("tidegate.yaml:") and told, lines[0]
    return text


@pytest.mark.parametrize("name", CASES)
def test_check_tells_it_in_one_line(tmp_path, name):
    text = sentence(name, checked(name, CASES[name], tmp_path))
    assert_sentence(text)
    assert not [part for part in CASES[name].says if part not in text], text
    assert "canary" not in text


@pytest.mark.parametrize("given", [{}, {"words": "tide"}], ids=["missing", "wrong"])
def test_a_required_key_of_a_plugins_configuration(tmp_path, given):
    case = Case([], schema=json.dumps({**SCHEMA, "required": ["words"]}), config=given)
    assert '"words"' in sentence("p", checked("p", case, tmp_path, seconds=5))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Every package, and beside them a configuration that has them all."""
    folder = tmp_path_factory.mktemp("all")
    for name, case in CASES.items():
        case.write(folder / "packages" / name)
    (folder / "tidegate.yaml").write_text(json.dumps(config(CASES, "packages")))
    return folder


@pytest.fixture(scope="module")
def gateway(folder):
    with Gateway(config(CASES, f"{folder}/packages"), patience=60) as gateway:
        yield gateway


@pytest.mark.parametrize("name", CASES)
def test_a_running_gateway_denies_on_its_routes_and_serves_all_others(gateway, name):
    entry = shown(gateway)[name]
    assert (entry["state"], entry["version"]) == ("failed", None)
    assert_sentence(entry["error"])
    assert not [part for part in CASES[name].says if part not in entry["error"]], entry["error"]
    answer = gateway.chat(f"{name}.deny")
    assert (answer.status_code, answer.json()) == (503, REFUSAL)
    assert gateway.chat("open").status_code == 200


@pytest.mark.parametrize("name", OTHERS)
def test_a_running_gateway_passes_it_by_where_the_entry_allows(gateway, name):
    assert gateway.chat(f"{name}.allow").status_code == 200


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_plugin_with_unknown_hooks_may_be_an_auth_filter(gateway, name):
    """And an auth filter that is passed by allows nobody."""
    assert gateway.chat(f"{name}.allow").status_code == 401


@pytest.mark.parametrize("name", FILES)
def test_a_running_gateway_passes_it_by_where_other_files_are_missing(gateway, name):
    assert gateway.chat(f"{name}.allow").status_code == 200


def test_check_log_and_api_say_the_same(gateway, folder):
    """All of them at once, a line each."""
    outcome = run_tidegate("check", cwd=folder)
    assert outcome.returncode == 1
    checked = sorted(line.partition(": plugin ")[2] for line in outcome.stderr.splitlines())
    logged = [json.loads(line) for line in gateway.log if '"plugin not loaded"' in line]
    api = {name: entry["error"] for name, entry in shown(gateway).items()}
    assert {line["plugin"]: line["error"] for line in logged} == api
    here = {name: error.replace(f"{folder}/packages", "packages") for name, error in api.items()}
    assert checked == sorted(f'"{name}" is not loaded: {error}' for name, error in here.items())


def test_native_plugins_are_loaded_only_where_the_operator_allows_them(tmp_path):
    case = native_hostile(SO.read_bytes())
    case.write(tmp_path / "packages/p")
    refusing = {**config({"p": case}, "packages"), "allow_native": False}
    (tmp_path / "tidegate.yaml").write_text(json.dumps(refusing))
    outcome = run_tidegate("check", cwd=tmp_path)
    text = sentence("p", outcome)
    assert_sentence(text)
    assert "native code, which may do all that the gateway may" in text and '"allow_native: true"' in text


@pytest.mark.parametrize("isolation", ["in_process", "process"])
@pytest.mark.parametrize("writable", ["plugin.so", "."])
def test_native_plugins_that_others_may_write_are_refused(tmp_path, writable, isolation):
    case = native_hostile(SO.read_bytes(), entry={"isolation": isolation})
    case.write(tmp_path / "packages/p")
    (tmp_path / "packages/p" / writable).chmod(0o777)
    (tmp_path / "tidegate.yaml").write_text(json.dumps(config({"p": case}, "packages")))
    text = sentence("p", run_tidegate("check", cwd=tmp_path))
    assert_sentence(text)
    assert "can be written by others than its owner; run: chmod go-w" in text


def test_what_would_end_the_gateway_in_a_panic_runs_in_a_process_of_its_own(tmp_path):
    case = native_hostile(ABORTS.read_bytes(), entry={"isolation": "process"}, config={"do": "panic"})
    case.write(tmp_path / "packages/p")
    with Gateway(config({"p": case}, f"{tmp_path}/packages")) as gateway:
        assert gateway.chat("p.deny", headers={"x-request-id": "attack"}).status_code == 503
        assert gateway.chat("p.deny").status_code == 200
