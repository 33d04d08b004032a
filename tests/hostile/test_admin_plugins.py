"""T-ADM-2, T-ADM-4: what a body of the admin API cannot do: start a process, load what lies elsewhere, or read the gateway's secrets."""

import itertools
import json
import os
import pathlib

import pytest

from support.gateway import Gateway, proxy_config
from support.plugins import HOSTILE, assert_sentence, copied, plugin, route, shown, written
from support.processes import workers
from support.upstream import Upstream

LUA = "return {moderate_input = function() end}"
# A plugin of Python that leaves a file as soon as anybody looks at it.
MARKING = "import pathlib\npathlib.Path(%r).write_text('started')\n"
MARK = "marked"
VARIABLE, CONTENT = "canary-of-the-environment", "canary-of-a-file"


class Folders:
    """Packages inside and outside of the one folder that the operator allows."""

    def __init__(self, root: pathlib.Path):
        self.root, self.allowed = root, root / "dirs"
        self.marking = MARKING % str(root / MARK)
        self.outside = self.package(root / "outside")
        self.twin = self.package(root / "dirs-of-others" / "package")
        self.good = written(self.allowed / "good", LUA, ["moderate_input"], "2.0.0")
        self.filed = written(root / "filed", LUA, ["moderate_input"])
        (self.allowed / "link").symlink_to(self.outside)
        (self.allowed / "up").symlink_to("..")
        (self.allowed / "file").write_text("no folder")
        (self.allowed / "empty").mkdir()

    def package(self, folder: pathlib.Path) -> pathlib.Path:
        return written(folder, self.marking, ["moderate_input"], runtime="python")

    @property
    def marked(self) -> bool:
        return (self.root / MARK).exists()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return Folders(tmp_path_factory.mktemp("plugins"))


def config(folders: Folders, **top) -> dict:
    routes = [route("guarded", "guard")]
    plugins = {"guard": {"path": str(folders.filed)}}
    dirs = {"plugin_dirs": [str(folders.allowed)], "allow_native": False}
    return proxy_config({"local": {"provider": "mock"}}, routes=routes, plugins=plugins, **{**dirs, **top})


@pytest.fixture(scope="module")
def gateway(folders):
    with Gateway(config(folders), env={"CANARY": VARIABLE}) as gateway:
        (gateway.folder / "canary").write_text(CONTENT)
        yield gateway


def put(gateway: Gateway, body, name: str = "guard"):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return gateway.admin("PUT", f"/v1/plugins/{name}", content=content)


def assert_refused(gateway: Gateway, folders: Folders, body, name: str = "guard"):
    """With a sentence; and neither a process nor a change comes of it."""
    before = shown(gateway), workers(gateway), gateway.admin("GET", "/v1/config").json()
    answer = put(gateway, body, name)
    assert answer.status_code in (400, 413), (body, answer.text)
    if answer.headers["content-type"] == "application/json":
        assert_sentence(answer.json()["error"]["message"])
    assert (shown(gateway), workers(gateway), gateway.admin("GET", "/v1/config").json()) == before, body
    assert not folders.marked, f"code outside of the folder ran: {body}"


def places(folders: Folders) -> list[str]:
    """Paths that lead out of the folder, or to nothing in it."""
    outside = str(folders.outside)
    return [
        *(outside, f"{outside}/", f"/{outside}", f"file://{outside}", f"/proc/self/root{outside}", f"/proc/self/cwd/{outside}"),
        *("../outside", "good/../../outside", "./../outside", "good/..", "..", ".", "", "/", "//", "good/../link/.", "link/../outside"),
        *("link", "link/", "up/outside", "up/dirs/../outside", str(folders.allowed), str(folders.twin), "../dirs-of-others/package"),
        *("file", "empty", "nowhere", "~", "~root", "$HOME", "%2e%2e/outside", "..%2foutside", "..\\outside", "good\0/../../outside"),
        *(" good", "\u2025/outside", "/dev/stdin", "/dev/fd/0", "/etc", "http://127.0.0.1/good", "oci://127.0.0.1/good"),
    ]


def test_t_adm_2_nothing_is_loaded_from_elsewhere(gateway, folders):
    for path, name in itertools.product(places(folders), ("guard", "fresh")):
        assert_refused(gateway, folders, {"path": path}, name)


def test_t_adm_2_a_refusal_is_one_line(gateway, folders):
    assert_refused(gateway, folders, {"path": "good\n"})


# What other gateways have taken from a body: programs, their arguments and environment, code, rights.
FIELDS = {
    "command": "/bin/sh",
    "args": ["-c", "true"],
    "env": {"LD_PRELOAD": "/tmp/x.so"},
    "interpreter": "/bin/sh",
    "python": "/bin/sh",
    "site": True,
    "runtime": "python",
    "entry": "../outside/plugin.py",
    "allow_native": True,
    "isolation": "in_process",
    "plugin_dirs": ["/"],
    "grants": {"http": ["*"], "kv": True},
    "capabilities": {"http": ["*"]},
    "limits": {"memory": "1TiB"},
    "workers": 64,
    "config": {},
    "code": "import os",
    "script": "import os",
    "upload": "AGFzbQ==",
    "bytes": "AGFzbQ==",
    "url": "http://127.0.0.1/plugin.tar",
    "name": "other",
    "put": True,
    "state": "live",
}


@pytest.mark.parametrize("field", FIELDS)
def test_t_adm_2_a_body_has_no_other_fields(gateway, folders, field):
    assert_refused(gateway, folders, {"path": "good", field: FIELDS[field]})
    assert_refused(gateway, folders, {field: FIELDS[field]}, "fresh")


WASM = b"\0asm\x01\0\0\0"
SHAPES = [
    *(b"", b"null", b"[]", b'["good"]', b'"good"', b"1", b"{", b"{}", b'{"path": null}', b'{"path": 1}', b'{"path": ["good"]}', b'{"path": {}}'),
    *(b'{"path": "good", "path": "../outside"}', b'{"PATH": "good"}', b'{"path": "good"}{"path": "good"}', b'{"path": "good",}', b"path=good"),
    *(WASM, b"\x7fELF", b"PK\x03\x04", b"\x1f\x8b\x08", b"#!/bin/sh\ntrue\n", b"path: good\n", b"[" * 30_000, b'{"path": "%s"}' % (b"a" * 70_000)),
    *(b'{"package": "a/b@1"}', b'{"path": "good", "package": "a/b@1"}', b'{"package": "../outside"}', b'\xef\xbb\xbf{"path": "../outside"}'),
]


@pytest.mark.parametrize("body", SHAPES, ids=lambda body: repr(body[:24]))
def test_t_adm_2_a_body_names_a_folder_and_nothing_else(gateway, folders, body):
    assert_refused(gateway, folders, body)


# Of `plugin.toml`: each would lead to a program, to a file outside of the package, or to a right that nobody granted.
MANIFESTS = {
    "entry above": {"entry": "../../outside/plugin.py"},
    "entry absolute": {"entry": "/bin/true"},
    "entry and a way out": {"entry": "x/../../../outside/plugin.py"},
    "entry empty": {"entry": ""},
    "runtime unknown": {"runtime": "sh"},
    "runtime as a path": {"runtime": "/bin/sh"},
    "command": {"command": "/bin/sh"},
    "python": {"python": "/bin/sh"},
    "interpreter": {"interpreter": "/bin/sh"},
    "build": {"build": "make"},
    "site": {"site": True},
}


@pytest.mark.parametrize("what", MANIFESTS)
def test_t_adm_2_a_manifest_names_no_program_and_no_file_elsewhere(gateway, folders, what):
    package = folders.package(folders.allowed / "manifest")
    lines = dict(line.split(" = ", 1) for line in (package / "plugin.toml").read_text().splitlines() if " = " in line)
    changed = lines | {key: json.dumps(value) for key, value in MANIFESTS[what].items()}
    (package / "plugin.toml").write_text("[plugin]\n" + "".join(f"{key} = {value}\n" for key, value in changed.items()))
    assert_refused(gateway, folders, {"path": "manifest"})


@pytest.mark.parametrize("name", ["guard", "fresh"])
def test_t_adm_2_native_code_is_loaded_only_where_the_file_allows_it(gateway, folders, name):
    copied(HOSTILE["native"], folders.allowed / "native", {})
    before = libraries(gateway)
    answer = put(gateway, {"path": "native"}, name)
    gateway.admin("DELETE", f"/v1/plugins/{name}")
    assert not workers(gateway) and libraries(gateway) == before
    assert answer.status_code == 400 and "allow_native" in answer.json()["error"]["message"], answer.text


def libraries(gateway: Gateway) -> set[str]:
    """The files whose code is in its memory."""
    lines = pathlib.Path(f"/proc/{gateway.process.pid}/maps").read_text().splitlines()
    return {line.split(maxsplit=5)[5] for line in lines if "r-xp" in line and "/" in line}


def test_t_adm_2_a_file_of_a_package_is_no_way_out(gateway, folders):
    package = written(folders.allowed / "linked", LUA, ["moderate_input"], "5.0.0")
    (package / "plugin.lua").unlink()
    (package / "plugin.lua").symlink_to(folders.filed / "plugin.lua")
    answer = put(gateway, {"path": "linked"})
    gateway.admin("DELETE", "/v1/plugins/guard")
    assert answer.status_code == 400, answer.text


def test_t_adm_2_without_folders_that_are_allowed_nothing_is_loaded(folders):
    with Gateway(config(folders, plugin_dirs=[])) as gateway:
        for path in ("good", str(folders.good), "../dirs/good", "/", "."):
            assert_refused(gateway, folders, {"path": path})


def test_t_adm_2_a_link_that_is_turned_after_it_was_checked_changes_nothing(gateway, folders):
    """What was checked is what is live, until somebody asks again."""
    package = written(folders.allowed / "a", LUA, ["moderate_input"], "3.0.0")
    turning = folders.allowed / "turning"
    turning.symlink_to(package)
    assert put(gateway, {"path": "turning"}).json()["version"] == "3.0.0"
    turning.unlink()
    turning.symlink_to(folders.outside)
    assert gateway.admin("POST", "/v1/reload").status_code == 200
    assert (shown(gateway)["guard"]["version"], workers(gateway), folders.marked) == ("3.0.0", set(), False)
    assert_refused(gateway, folders, {"path": "turning"})
    assert gateway.admin("DELETE", "/v1/plugins/guard").status_code == 200


@pytest.mark.parametrize("name", ["..", "..%2f..%2foutside", "a%2fb", "%2fetc%2fpasswd", "a%0ab", "a%00b", "%22%7d", "x" * 5000, "%ff", "fil%E2%80%A8e", "-c"])
def test_t_adm_2_a_name_is_no_path_and_splits_no_line(gateway, folders, name):
    """Where it is taken, it names this plugin and no file; and it can be taken away again."""
    before, lines = set(os.listdir(folders.root)), len(gateway.log)
    answer = put(gateway, {"path": "good"}, name)
    assert answer.status_code in (200, 400, 404, 405, 414, 431), answer.text
    if answer.status_code == 200:
        assert gateway.admin("DELETE", f"/v1/plugins/{name}").status_code == 200
    assert set(shown(gateway)) == {"guard"} and set(os.listdir(folders.root)) == before
    assert all(line.startswith("{") and line.endswith("}") for line in gateway.log[lines:])


def test_t_adm_2_what_is_put_in_place_gets_no_more_than_was_granted(gateway, folders):
    """A package of the folder that asks for hosts and secrets; nobody granted any."""
    asks = {"http": ["127.0.0.1"], "kv": True, "secrets": ["token"]}
    written(folders.allowed / "asking", LUA, ["moderate_input"], "4.0.0", asks)
    assert_refused(gateway, folders, {"path": "asking"})


@pytest.mark.parametrize("runtime", ["python"])
def test_t_adm_2_processes_are_started_for_packages_of_the_folder_alone(folders, runtime):
    """The same packages, inside and outside of it: it is the place that decides, and the ones outside are no broken ones."""
    copied(HOSTILE[runtime], folders.allowed / "inside", {})
    copied(HOSTILE[runtime], folders.root / "same", {})
    config_of_it = config(folders)
    config_of_it["plugins"]["guard"] = plugin(folders.allowed / "inside", workers=1)
    with Gateway(config_of_it, patience=60) as gateway:
        known = workers(gateway)
        assert len(known) == 1
        assert_refused(gateway, folders, {"path": "../same"})
        assert workers(gateway) == known


# -- references ------------------------------------------------------------------------------------------------------


def references(gateway: Gateway) -> list[str]:
    """Of this gateway's configuration, and of others."""
    file = gateway.folder / "canary"
    return [
        *("${CANARY}", "${CANARY:-default}", "$${CANARY}", "$CANARY", "%CANARY%", "env:CANARY", "env://CANARY", "os.environ/CANARY"),
        *(f"${{file:{file}}}", "${file:canary}", f"file:{file}", f"file://{file}", f"oidc/file/{file}", f"@{file}", f"!include {file}"),
        *("{{ CANARY }}", "{{ env.CANARY }}", "#{ENV['CANARY']}", f"{{{{ readFile '{file}' }}}}", f"${{{{file:{file}}}}}", "${${CANARY}}"),
    ]


def assert_unresolved(gateway: Gateway, *texts: str):
    """Neither in these answers, nor in anything that the gateway wrote."""
    shows = [gateway.admin("GET", path).text for path in ("/v1/config", "/v1/plugins", "/v1/traces", "/metrics")]
    written = "\n".join([*texts, *shows, *gateway.log, *map(json.dumps, gateway.access)])
    assert VARIABLE not in written and CONTENT not in written


def test_t_adm_4_the_configuration_file_has_references(gateway):
    """What is not to be found below is there."""
    gateway.write({**config_with(gateway, reply="${CANARY} ${file:canary}")})
    assert gateway.admin("POST", "/v1/reload").status_code == 200
    assert gateway.chat("plain").json()["choices"][0]["message"]["content"] == f"{VARIABLE} {CONTENT}"
    gateway.write(config_with(gateway))
    assert gateway.admin("POST", "/v1/reload").status_code == 200
    assert_unresolved(gateway)


def config_with(gateway: Gateway, **mock) -> dict:
    """Its configuration as it stands, with a route for everybody to a model with these settings."""
    written = json.loads(gateway.config_file.read_text())
    written["clusters"]["plain"] = {"provider": "mock", **mock}
    routes = [entry for entry in written["virtual_services"][0]["routes"] if entry["name"] != "plain"]
    written["virtual_services"][0]["routes"] = [*routes, {"name": "plain", "backends": [{"cluster": "plain"}]}]
    return written


def test_t_adm_4_no_body_and_no_path_of_the_admin_api_has_any(gateway, folders):
    texts = []
    for reference in references(gateway):
        bodies = [{"path": reference}, {"path": f"good/{reference}"}, {"package": reference}, {reference: "good"}, {"path": "good", "env": reference}]
        for body in bodies:
            assert_refused(gateway, folders, body)
            texts.append(put(gateway, body).text)
        for method, path in (("GET", "/v1/traces/%s"), ("GET", "/v1/plugins/%s"), ("DELETE", "/v1/plugins/%s"), ("POST", "/v1/reload?x=%s")):
            texts.append(gateway.admin(method, path % quoted(reference), headers={"x-trace": reference}).text)
        texts.append(gateway.admin("POST", "/v1/reload", content=reference).text)
    assert_unresolved(gateway, *texts)


def quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def test_t_adm_4_no_manifest_has_any(gateway, folders):
    for number, reference in enumerate(references(gateway)):
        version = f"1.0.{number}"
        package = written(folders.allowed / "referring", LUA, ["moderate_input"], version)
        manifest = (package / "plugin.toml").read_text()
        (package / "plugin.toml").write_text(manifest.replace("[capabilities]", f"summary = {json.dumps(reference)}\n[capabilities]"))
        assert put(gateway, {"path": "referring"}).json()["version"] == version
        (package / "plugin.toml").write_text(manifest.replace(json.dumps(version), json.dumps(reference)))
        assert_unresolved(gateway, put(gateway, {"path": "referring"}).text)
    assert gateway.admin("DELETE", "/v1/plugins/guard").status_code == 200


def test_t_adm_4_no_request_of_a_client_has_any(folders):
    """Upstreams get what was written."""
    with Upstream() as upstream, Gateway(config(folders), env={"CANARY": VARIABLE}) as gateway:
        (gateway.folder / "canary").write_text(CONTENT)
        written = json.loads(gateway.config_file.read_text())
        written["clusters"]["local"] = upstream.cluster(credentials={"api_key": "sk"})
        written["virtual_services"][0]["routes"] = [{"name": "all", "backends": [{"cluster": "local"}]}]
        gateway.write(written)
        assert gateway.admin("POST", "/v1/reload").json()["changed"]
        for reference in references(gateway):
            answer = gateway.chat(reference, reference, headers={"x-note": reference, "x-request-id": reference}, user=reference)
            assert answer.status_code == 200, answer.text
            seen = upstream.requests[-1]
            body = seen.json
            assert (body["model"], body["user"], body["messages"][0]["content"]) == (reference,) * 3
            assert seen.get("x-note") == reference
            assert VARIABLE not in str(seen) and CONTENT not in str(seen)
            assert_unresolved(gateway, answer.text, str(answer.headers))
