"""The embedded quickstart, as `make run` starts it: what the README promises on the first page."""

import json
import re
import socket
import subprocess
import sys

import pytest

from support.clients import user
from support.gateway import ROOT, Gateway
from support.signing import signed

# Its ports are fixed, so one process runs all of these.
pytestmark = pytest.mark.xdist_group("quickstart")
DEMO = {"authorization": "Bearer demo"}
CHAT = "/v1/chat/completions"
PYTHON = "TIDEGATE_QUICKSTART_PYTHON"
# With what the Python plugin imports, as `make run` sets it.
FULL = {PYTHON: str(ROOT / ".venv-plugins/bin/python")}


def taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def started(env: dict) -> Gateway:
    for port in (10000, 9901):
        if taken(port):
            pytest.skip(f"port {port} is in use on this machine, perhaps by a gateway of yours")
    return Gateway(None, env=env, patience=60)


@pytest.fixture(scope="class")
def gateway():
    with started(FULL) as gateway:
        yield gateway


def seen(answer) -> list[str]:
    """The messages that reached the model."""
    assert answer.status_code == 200, answer.text
    messages = json.loads(answer.json()["choices"][0]["message"]["content"])["body"]["messages"]
    return [message["content"] for message in messages]


class TestQuickstart:
    def test_it_listens_where_the_documentation_says(self, gateway):
        assert gateway.addresses == [("127.0.0.1", 10000)]
        assert gateway.admin_address == ("127.0.0.1", 9901)

    @pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat"])
    def test_chat(self, gateway, path):
        answer = gateway.post(path, {"model": "anything", "messages": user("hello")}, headers=DEMO)
        assert answer.status_code == 200
        assert answer.json()["choices"][0]["message"]["content"]

    def test_stream(self, gateway):
        answer = gateway.chat(headers=DEMO, stream=True)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.text.endswith("data: [DONE]\n\n")

    def test_models(self, gateway):
        models = gateway.get("/v1/models", headers=DEMO).json()["data"]
        assert "mock" in [model["id"] for model in models]

    def test_a_plugin_of_each_runtime(self, gateway):
        plugins = gateway.admin("GET", "/v1/plugins").json()["plugins"]
        live = {plugin["runtime"]: plugin["name"] for plugin in plugins if plugin["state"] == "live"}
        assert live == {
            "lua": "prompt-decorator",
            "wasm": "pii-redact",
            "python": "profanity-filter",
            "native": "hmac-auth",
        }, "hmac-auth is in the binary where scripts/build-native.sh ran before the build"
        assert not [line for line in gateway.log if "goes on without" in line]

    def test_each_plugin_acts(self, gateway):
        answer = gateway.chat("echo", "grün: ann@example.com, no pineapple", headers=DEMO)
        assert seen(answer) == ["You help demo. Answer in one paragraph.", "grün: [email], no ***"]
        body = json.dumps({"model": "echo", "messages": user("hello")}).encode()
        answer = gateway.post(CHAT, body, headers=signed("demo-signing-key", "demo", "POST", CHAT, body))
        assert seen(answer) == ["You help signer. Answer in one paragraph.", "hello"]

    def test_the_signed_request_of_the_readme(self, gateway):
        (block,) = re.findall(r"(?ms)^```sh\n(BODY=.*?)^```$", (ROOT / "README.md").read_text())
        printed = subprocess.run(["bash", "-c", block], capture_output=True, text=True, timeout=60, check=True).stdout
        assert "You help signer." in printed

    def test_a_wrong_signature_is_no_way_in(self, gateway):
        body = json.dumps({"model": "mock", "messages": user("hello")}).encode()
        answer = gateway.post(CHAT, body, headers=signed("another signing key", "demo", "POST", CHAT, body))
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_signature")

    def test_a_large_body_needs_no_signature(self, gateway):
        answer = gateway.chat(text="a" * (3 << 20), headers=DEMO)
        assert answer.status_code == 200

    @pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer other"}])
    def test_no_other_key(self, gateway, headers):
        assert gateway.chat(headers=headers).status_code == 401

    def test_metrics(self, gateway):
        assert gateway.metric("tidegate_requests_total") > 0


@pytest.mark.parametrize(
    ("python", "told"),
    [
        ("/does/not/exist", 'no Python: \\"/does/not/exist\\" is no interpreter'),
        (sys.executable, 'has no package \\"badwords-py\\"; run: python3 -m venv ENV'),
    ],
)
def test_without_what_the_python_plugin_needs(python, told):
    with started({PYTHON: python}) as gateway:
        assert gateway.chat(headers=DEMO).status_code == 200
        assert gateway.chat().status_code == 401
        assert seen(gateway.chat("echo", "ann@example.com, no pineapple", headers=DEMO)) == [
            "You help demo. Answer in one paragraph.",
            "[email], no pineapple",
        ]
        runtimes = {plugin["runtime"] for plugin in gateway.admin("GET", "/v1/plugins").json()["plugins"]}
        assert "python" not in runtimes
        (line,) = [line for line in gateway.log if "goes on without" in line]
        assert told in line
