"""The embedded quickstart, as `make run` starts it: what the README promises on the first page."""

import json
import socket

import pytest

from support.clients import user
from support.gateway import Gateway

# Its ports are fixed, so one process runs all of these.
pytestmark = pytest.mark.xdist_group("quickstart")
DEMO = {"authorization": "Bearer demo"}


def taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


@pytest.fixture(scope="module")
def gateway():
    for port in (10000, 9901):
        if taken(port):
            pytest.skip(f"port {port} is in use on this machine, perhaps by a gateway of yours")
    with Gateway(None, patience=60) as gateway:
        yield gateway


def test_it_listens_where_the_documentation_says(gateway):
    assert gateway.addresses == [("127.0.0.1", 10000)]
    assert gateway.admin_address == ("127.0.0.1", 9901)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat"])
def test_chat(gateway, path):
    answer = gateway.post(path, {"model": "anything", "messages": user("hello")}, headers=DEMO)
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"]


def test_stream(gateway):
    answer = gateway.chat(headers=DEMO, stream=True)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.endswith("data: [DONE]\n\n")


def test_models(gateway):
    models = gateway.get("/v1/models", headers=DEMO).json()["data"]
    assert "mock" in [model["id"] for model in models]


def test_a_plugin_of_each_runtime(gateway):
    answer = gateway.post("/v1/chat/completions", {"model": "echo", "messages": user("I am ann@example.com")}, headers=DEMO)
    seen = json.loads(answer.json()["choices"][0]["message"]["content"])["body"]["messages"]
    assert [message["content"] for message in seen] == ["You help demo. Answer in one paragraph.", "I am [email]"]
    plugins = gateway.admin("GET", "/v1/plugins").json()["plugins"]
    assert {(plugin["runtime"], plugin["state"]) for plugin in plugins} == {("lua", "live"), ("wasm", "live")}


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer other"}])
def test_no_other_key(gateway, headers):
    assert gateway.chat(headers=headers).status_code == 401


def test_metrics(gateway):
    assert gateway.metric("tidegate_requests_total") > 0
