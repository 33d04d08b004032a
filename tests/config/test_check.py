"""The commands that end by themselves: check, schema, and what they say to a wrong line."""

import json
import pathlib
import shutil

import pytest

from support.gateway import ROOT, Gateway, run_tidegate

HERE = pathlib.Path(__file__).parent
# What only a whole gateway can tell, since it knows plugins and the settings of filters, stands apart.
INVALID = sorted([*HERE.glob("invalid/*.yaml"), *HERE.glob("invalid_plugins/*.yaml")])
VALID = sorted([*HERE.glob("valid/*.yaml"), *HERE.glob("valid_filters/*.yaml")])


def place(source: pathlib.Path, folder: pathlib.Path):
    """A copy under the usual name, beside what the files of its folder refer to."""
    shutil.copytree(source.parent, folder, dirs_exist_ok=True)
    shutil.copyfile(source, folder / "tidegate.yaml")


def checked(source: pathlib.Path, folder: pathlib.Path):
    place(source, folder)
    return run_tidegate("check", "-c", "tidegate.yaml", cwd=folder)


def test_there_are_cases():
    assert len(INVALID) > 10 and VALID


@pytest.mark.parametrize("source", INVALID, ids=lambda path: path.stem)
def test_invalid(source, tmp_path):
    outcome = checked(source, tmp_path)
    assert outcome.returncode == 1
    said = (outcome.stdout + outcome.stderr).splitlines()
    assert [line for line in said if line.startswith("tidegate.yaml")] == source.with_suffix(".txt").read_text().splitlines()


@pytest.mark.parametrize("source", VALID, ids=lambda path: path.stem)
def test_valid(source, tmp_path):
    outcome = checked(source, tmp_path)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("source", INVALID, ids=lambda path: path.stem)
def test_invalid_is_refused_at_the_start(source, tmp_path):
    """What `check` refuses, `run` refuses for the same reasons, before it listens."""
    place(source, tmp_path)
    outcome = run_tidegate("run", "-c", "tidegate.yaml", cwd=tmp_path)
    assert outcome.returncode != 0
    assert "listening" not in outcome.stderr


def test_schema_is_the_committed_one():
    outcome = run_tidegate("schema")
    assert outcome.returncode == 0
    assert outcome.stdout == (ROOT / "docs/tidegate.schema.json").read_text()
    assert json.loads(outcome.stdout)["$schema"]


def test_missing_file(tmp_path):
    outcome = run_tidegate("check", "-c", "nowhere.yaml", cwd=tmp_path)
    assert outcome.returncode == 1
    assert "nowhere.yaml" in outcome.stderr + outcome.stdout


@pytest.mark.parametrize("arguments", [["--nonsense"], ["run", "--nonsense"], ["nonsense"], ["check", "-c"]])
def test_wrong_arguments(arguments):
    outcome = run_tidegate(*arguments)
    assert outcome.returncode == 2
    assert outcome.stderr.startswith("error: ")


def test_version():
    outcome = run_tidegate("--version")
    assert (outcome.returncode, outcome.stdout.split()[0]) == (0, "tidegate")


@pytest.mark.parametrize("place", ["listener", "cluster"])
def test_certificates_are_read(authority, tmp_path, place):
    """What `run` would stumble over, `check` tells."""
    certificate, key = authority.issue("server")
    other, _ = authority.issue("other")
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")

    def check(certificate, key, ca):
        if place == "listener":
            config = {"listeners": [{"address": "127.0.0.1:0", "tls": {"certificate": str(certificate), "key": str(key)}}]}
        else:
            tls = {"ca": str(ca), "certificate": str(certificate), "key": str(key)}
            config = {"clusters": {"a": {"provider": "openai", "endpoint": "https://localhost:1", "tls": tls}}}
        (tmp_path / "tidegate.yaml").write_text(json.dumps(config))
        return run_tidegate("check", "-c", "tidegate.yaml", cwd=tmp_path)

    assert check(certificate, key, authority.ca_file).returncode == 0
    wrong = [(broken, key, authority.ca_file), (certificate, broken, authority.ca_file), (other, key, authority.ca_file)]
    if place == "cluster":
        wrong.append((certificate, key, broken))
    for files in wrong:
        outcome = check(*files)
        assert outcome.returncode == 1, files
        assert any(str(file) in outcome.stderr for file in files)


def test_unset_variable_names_its_place(tmp_path):
    (tmp_path / "tidegate.yaml").write_text("clusters:\n  a: {provider: mock, reply: \"${TIDEGATE_TEST_UNSET}\"}\n")
    outcome = run_tidegate("check", "-c", "tidegate.yaml", cwd=tmp_path)
    assert outcome.returncode == 1
    assert "tidegate.yaml:2:" in outcome.stdout + outcome.stderr
    assert "TIDEGATE_TEST_UNSET" in outcome.stdout + outcome.stderr
    good = run_tidegate("check", "-c", "tidegate.yaml", cwd=tmp_path, env={"TIDEGATE_TEST_UNSET": "x"})
    assert good.returncode == 0


def test_secrets_are_not_shown_in_errors(tmp_path):
    (tmp_path / "tidegate.yaml").write_text("limits: {body: \"${TIDEGATE_TEST_SECRET}\"}\n")
    outcome = run_tidegate("check", "-c", "tidegate.yaml", cwd=tmp_path, env={"TIDEGATE_TEST_SECRET": "sk-canary"})
    assert outcome.returncode == 1
    assert "sk-canary" not in outcome.stdout + outcome.stderr


def test_relative_files_are_beside_the_configuration():
    keys = "keys: [{key: demo, principal: p}]"
    config = """
listeners: [{address: "127.0.0.1:0"}]
admin: {address: "127.0.0.1:0"}
clusters: {a: {provider: mock, reply: "${file:reply.txt}", models: [m]}}
virtual_services:
  - name: main
    hosts: ["*"]
    filters: [{auth_filter: {api_keys: {file: keys.yaml}}}]
    routes: [{name: all, backends: [{cluster: a}]}]
"""
    with Gateway(config, files={"keys.yaml": keys, "reply.txt": "from a file"}) as gateway:
        answer = gateway.chat(headers={"authorization": "Bearer demo"})
        assert answer.json()["choices"][0]["message"]["content"].strip() == "from a file"
        assert gateway.get("/v1/models").status_code == 401
