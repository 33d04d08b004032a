"""Plugin packages for tests: those of this repository, copies that ask for something else, and what a gateway tells of them."""

import json
import os
import pathlib
import re
import shutil
import tomllib

from support.gateway import ROOT, Gateway

HOSTILE = {
    "lua": ROOT / "tests/hostile/plugins/lua",
    "wasm": ROOT / "tests/hostile/plugins/rust",
    "python": ROOT / "tests/hostile/plugins/python",
    "native": ROOT / "tests/hostile/plugins/native",
}
CONFORMANCE = {
    "lua": ROOT / "tests/conformance/plugins/lua",
    "wasm": ROOT / "tests/conformance/plugins/rust",
    "python": ROOT / "tests/conformance/plugins/python",
    "native": ROOT / "tests/conformance/plugins/native",
}
# Those whose plugins run inside of the gateway.
RUNTIMES = ("lua", "wasm")
ENTRIES = {"lua": "plugin.lua", "python": "plugin.py", "native": "plugin.so"}
# What a client is told of a filter that failed, whatever went wrong.
REFUSAL = {
    "error": {
        "message": "a policy of the gateway could not decide; try again",
        "type": "server_error",
        "param": None,
        "code": "filter_failed",
    }
}


def copied(source: pathlib.Path, folder: pathlib.Path, capabilities: dict | None = None, version: str | None = None) -> pathlib.Path:
    """A copy of a package, without its cases and its schema, that asks for other capabilities or is of another version."""
    manifest = tomllib.loads((source / "plugin.toml").read_text())
    entry = manifest["plugin"]["entry"]
    if version is not None:
        manifest["plugin"]["version"] = version
    if capabilities is not None:
        manifest["capabilities"] = capabilities
    manifest.pop("config", None)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plugin.toml").write_text(toml(manifest))
    for file in {source / entry, *source.glob("*.py")}:
        shutil.copyfile(file, folder / file.name)
    return folder


def toml(manifest: dict[str, dict]) -> str:
    """Tables of plain values, as manifests are; JSON's texts, numbers and lists are TOML's too."""
    lines = []
    for table, values in manifest.items():
        lines += [f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items()), ""]
    return "\n".join(lines)


def written(
    folder: pathlib.Path,
    source: str,
    hooks: list[str],
    version: str = "1.0.0",
    capabilities: dict | None = None,
    runtime: str = "lua",
) -> pathlib.Path:
    """A package of one file, of Lua or Python."""
    folder.mkdir(parents=True, exist_ok=True)
    entry = ENTRIES[runtime]
    plugin = {"id": "test", "version": version, "runtime": runtime, "entry": entry, "contract": "0.1", "hooks": hooks}
    (folder / "plugin.toml").write_text(toml({"plugin": plugin, "capabilities": capabilities or {}}))
    (folder / entry).write_text(source)
    return folder


def grants(folder: pathlib.Path, secret: str = "secret") -> dict:
    """What a package asks for, with `secret` for each secret."""
    asked = tomllib.loads((folder / "plugin.toml").read_text()).get("capabilities", {})
    return {**asked, "secrets": {name: secret for name in asked.get("secrets", [])}}


def plugin(folder: pathlib.Path, secret: str = "secret", **keys) -> dict:
    """An entry of `plugins` that grants what the package asks for; native plugins run in processes of their own."""
    is_native = tomllib.loads((folder / "plugin.toml").read_text())["plugin"]["runtime"] == "native"
    confined = {"isolation": "process"} if is_native else {}
    return {"path": str(folder), "grants": grants(folder, secret), **confined, **keys}


def route(name: str, plugin: str, config: dict | None = None, **entry) -> dict:
    """A route for the model of its name, with one filter that is a plugin."""
    filters = [{"plugin": {"name": plugin, "config": config or {}}, **entry}]
    return {"name": name, "match": {"model": name}, "backends": [{"cluster": "local"}], "filters": filters}


def shown(gateway: Gateway) -> dict[str, dict]:
    """`GET /v1/plugins`, by name."""
    return {plugin["name"]: plugin for plugin in gateway.admin("GET", "/v1/plugins").json()["plugins"]}


def failures(gateway: Gateway, request_id: str) -> list[dict]:
    """What the gateway's log has of the filters that failed on a request."""
    lines = [json.loads(line) for line in list(gateway.log) if f'"request_id":"{request_id}"' in line]
    return [line for line in lines if "filter" in line]


def memory(gateway: Gateway) -> int:
    """MiB that the process holds."""
    status = pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) // 1024


def cpu_seconds(gateway: Gateway) -> float:
    """What the process has used so far."""
    fields = pathlib.Path(f"/proc/{gateway.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def assert_sentence(text: str):
    """What is told to an operator is one line, ends without a full stop, and shows nothing of the host's inside."""
    assert text and "\n" not in text and not text.endswith("."), text
    assert len(text) < 1200, text
    assert "0x" not in text and ".cargo" not in text and "stack traceback" not in text, text
