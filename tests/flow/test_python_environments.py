"""Which Python runs a plugin, and what of its environment it sees: packages that are installed, but nobody else's code at its start."""

import pathlib
import shutil
import subprocess
import sys

import pytest

from support.gateway import ROOT, Gateway, proxy_config
from support.plugins import REFUSAL, assert_sentence, plugin, route, shown, written
from support.processes import workers
from support.wait import until

SOURCE = """
import os, sys
{imports}
from tidegate import Plugin, reply

class One(Plugin):
    def transform_request(self, ctx, headers, body):
        return reply(200, json={told})
"""


def package(folder: pathlib.Path, told: str, imports: str = "") -> pathlib.Path:
    """Of a plugin that answers with what it sees."""
    return written(folder, SOURCE.format(imports=imports, told=told), ["transform_request"], runtime="python")


def config(**plugins: dict) -> dict:
    """A route for each of them that denies, one that allows, and one without a filter."""
    routes = [
        route(f"{name}.{on_error}", name, on_error=on_error, timeout="20s") for name in plugins for on_error in ("deny", "allow")
    ]
    routes.append({"name": "open", "backends": [{"cluster": "local"}]})
    return proxy_config({"local": {"provider": "mock"}}, routes=routes, plugins=plugins)


def seen(gateway: Gateway, name: str):
    answer = gateway.chat(f"{name}.deny")
    assert answer.status_code == 200, answer.text
    return answer.json()


def assert_refused(gateway: Gateway, name: str, *says: str):
    """In a sentence; and nobody else is harmed."""
    entry = shown(gateway)[name]
    assert entry["state"] == "failed"
    assert_sentence(entry["error"])
    assert not [part for part in says if part not in entry["error"]], entry["error"]
    answer = gateway.chat(f"{name}.deny")
    assert (answer.status_code, answer.json()) == (503, REFUSAL)
    assert gateway.chat(f"{name}.allow").status_code == gateway.chat("open").status_code == 200


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> pathlib.Path:
    """With one package, and with two files that code at a start hides in: `touched` is there where one of them ran."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python3*/site-packages")
    (packages / "tide_words.py").write_text('WORD = "of the environment"\n')
    run = f"import pathlib; pathlib.Path({str(folder / 'touched')!r}).touch()\n"
    (packages / "evil.pth").write_text(run)
    (packages / "sitecustomize.py").write_text(run)
    return folder


@pytest.fixture
def untouched(environment):
    (environment / "touched").unlink(missing_ok=True)
    return environment / "touched"


@pytest.mark.parametrize("named", ["folder", "interpreter"])
def test_packages_of_an_environment_can_be_imported(tmp_path, environment, untouched, named):
    python = environment if named == "folder" else environment / "bin/python"
    folder = package(tmp_path / "p", "[WORD, sys.executable]", "from tide_words import WORD")
    with Gateway(config(one=plugin(folder, python=str(python)))) as gateway:
        assert seen(gateway, "one") == ["of the environment", str(environment / "bin/python")]
    assert not untouched.exists()


@pytest.mark.parametrize("site", [False, True])
def test_t_sup_1_what_hides_in_an_environment_runs_only_where_the_operator_says_so(tmp_path, environment, untouched, site):
    folder = package(tmp_path / "p", "WORD", "from tide_words import WORD")
    with Gateway(config(one=plugin(folder, python=str(environment), site=site))) as gateway:
        assert seen(gateway, "one") == "of the environment"
    assert untouched.exists() == site


def test_a_package_that_is_not_in_the_environment_is_a_sentence(tmp_path, environment):
    folder = package(tmp_path / "p", "1", "import tide_nowhere")
    other = package(tmp_path / "other", "1")
    with Gateway(config(one=plugin(folder, python=str(environment)), other=plugin(other, python=str(environment)))) as gateway:
        assert_refused(gateway, "one", 'plugin.py:3: there is no module "tide_nowhere"', "install it into the plugin's environment")
        assert seen(gateway, "other") == 1


def test_packages_of_another_environment_are_not_seen(tmp_path, environment):
    folder = package(tmp_path / "p", "1", "import tide_words")
    with Gateway(config(one=plugin(folder)), env={"PYTHONPATH": str(next(environment.glob("lib/python3*/site-packages")))}) as gateway:
        assert_refused(gateway, "one", 'there is no module "tide_words"')


EXTENSION = ROOT / "target/sdk/tidegate_worker.abi3.so"
is_built = pytest.mark.skipif(not EXTENSION.exists(), reason="scripts/test.sh python builds the extension")


def is_used(folder: pathlib.Path) -> pathlib.Path:
    """A package that tells whether its worker has the extension."""
    return package(folder, "_extension.compiled is not None", "from tidegate import _extension")


@is_built
@pytest.mark.parametrize(("named", "used"), [(str(EXTENSION), True), ("off", False), ("", False), (__file__, False)])
def test_the_extension_is_the_one_that_the_operator_names(tmp_path, named, used):
    with Gateway(config(one=plugin(is_used(tmp_path / "p"))), env={"TIDEGATE_PYTHON_EXT": named}) as gateway:
        assert seen(gateway, "one") is used


@is_built
def test_the_extension_of_an_environment_is_used(tmp_path, environment):
    (packages,) = environment.glob("lib/python3*/site-packages")
    (packages / "tidegate").mkdir()
    shutil.copy(EXTENSION, packages / "tidegate")
    try:
        with Gateway(config(one=plugin(is_used(tmp_path / "p"), python=str(environment)))) as gateway:
            assert seen(gateway, "one") is True
    finally:
        shutil.rmtree(packages / "tidegate")


def test_an_extension_that_is_not_there_is_a_sentence(tmp_path):
    named = str(tmp_path / "nowhere.so")
    with Gateway(config(one=plugin(is_used(tmp_path / "p"))), env={"TIDEGATE_PYTHON_EXT": named}) as gateway:
        assert_refused(gateway, "one", f'"{named}" of TIDEGATE_PYTHON_EXT is no file')


def scripts(folder: pathlib.Path) -> dict[str, tuple[pathlib.Path, str]]:
    """What may be named in place of an interpreter, and what its sentence says."""
    found = {
        "empty": ("", "cannot be started"),
        "text": ("no program\n", "cannot be started"),
        "silent": ("#!/bin/sh\nexit 0\n", "is no Python interpreter"),
        "talks": ("#!/bin/sh\necho Python 3.12\n", "is no Python interpreter"),
        "old": ('#!/bin/sh\necho \'{"version": [3, 6], "executable": "/usr/bin/python3.6"}\'\n', "plugins need 3.10 or newer"),
        "hangs": ("#!/bin/sh\nsleep 1000\n", "does not answer"),
        "lies": ('#!/bin/sh\necho \'{"version": [3, 12], "executable": "/bin/true"}\'\n', "its worker was never ready"),
        "floods": ("#!/bin/sh\nhead -c 1000000 /dev/zero | tr '\\0' x\n", "is no Python interpreter"),
    }
    for name, (text, _) in found.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / "closed").write_text("#!/bin/sh\n")
    return {name: (folder / name, says) for name, (_, says) in found.items()} | {"closed": (folder / "closed", "Permission denied")}


def test_what_is_no_python_is_a_sentence(tmp_path):
    """All at once, since one of them takes its time."""
    folder, named = package(tmp_path / "p", "1"), scripts(tmp_path)
    plugins = {name: plugin(folder, python=str(path)) for name, (path, _) in named.items()}
    with Gateway(config(**plugins), patience=60) as gateway:
        for name, (_, says) in named.items():
            assert_refused(gateway, name, says)


def test_a_plugin_that_takes_longer_than_others_can_be_given_the_time(tmp_path):
    folder = package(tmp_path / "p", "1", "import time; time.sleep(6)")
    with Gateway(config(one=plugin(folder, limits={"configure": "60s"})), patience=60) as gateway:
        assert seen(gateway, "one") == 1


def test_an_environment_that_goes_away_is_told_and_what_runs_runs_on(tmp_path):
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    with Gateway(config(one=plugin(package(tmp_path / "p", "os.getpid()"), python=str(venv), workers=1))) as gateway:
        pid = seen(gateway, "one")
        (venv / "bin/python").unlink()
        assert seen(gateway, "one") == pid
        assert workers(gateway) == {pid}


def test_a_worker_sees_no_keys_of_the_gateway(tmp_path):
    """But what is meant for it."""
    folder = package(tmp_path / "p", "[dict(os.environ), sys.argv, os.getcwd(), sorted(os.listdir('/proc/self/fd'))]")
    secrets = {"OPENAI_API_KEY": "canary", "TIDEGATE_KEY": "canary", "PYTHONSTARTUP": "/canary", "TIDEGATE_PLUGIN_WORD": "seen"}
    with Gateway(config(one=plugin(folder)), env=secrets) as gateway:
        environment, arguments, here, descriptors = seen(gateway, "one")
    assert "canary" not in str((environment, arguments))
    assert environment["TIDEGATE_PLUGIN_WORD"] == "seen"
    assert arguments == ["-c"]
    assert here != str(folder)
    # Three of each process, the socket, and the one that lists them.
    assert len(descriptors) == 5, descriptors


def test_a_stop_ends_workers_that_are_being_started(tmp_path):
    """Also those that are not ready yet."""
    folder = package(tmp_path / "p", "1", "import time; time.sleep(3)")
    with Gateway(config(), patience=60) as gateway:
        gateway.write(config(one=plugin(folder)))
        until(lambda: workers(gateway), "a worker that is being started")
        left = workers(gateway)
        assert gateway.stop() == 0
        until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in left), "its end")
