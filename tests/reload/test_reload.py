"""A live configuration: how it is taken up, and that a bad one changes nothing."""

import copy
import os
import signal
import socket
import threading
import time

import httpx
import pytest

from support.gateway import Gateway, mock_config, proxy_config
from support.upstream import DONE, Upstream, delta
from support.wait import until
from support.wire import request


def text_of(gateway: Gateway) -> str:
    return gateway.chat().json()["choices"][0]["message"]["content"]


BAD = {
    "syntax": "clusters: [",
    "unknown key": '{"clusters": {"local": {"provider": "mock", "replly": "x"}}}',
    "unknown cluster": '{"virtual_services": [{"name": "a", "hosts": ["*"], "routes": [{"name": "r", "backends": [{"cluster": "nope"}]}]}]}',
}


@pytest.fixture
def gateway():
    with Gateway(mock_config(reply="before")) as gateway:
        assert text_of(gateway) == "before"
        yield gateway


def test_a_save_is_live_within_a_second(gateway):
    gateway.write(mock_config(reply="after"))
    until(lambda: text_of(gateway) == "after", "the new configuration", seconds=1)


def test_a_save_in_place_is_live_within_a_second(gateway):
    """Some editors write into the file rather than beside it."""
    text = gateway.config_file.read_text().replace("before", "after")
    gateway.config_file.write_text(text)
    until(lambda: text_of(gateway) == "after", "the new configuration", seconds=1)


def test_a_symlink_swap_is_live_within_a_second():
    """As Kubernetes mounts a ConfigMap: tidegate.yaml -> ..data/tidegate.yaml, and ..data is swapped."""
    with ConfigMap(mock_config(reply="before")) as gateway:
        assert text_of(gateway) == "before"
        gateway.write(mock_config(reply="after"))
        until(lambda: text_of(gateway) == "after", "the new configuration", seconds=1)


def test_sighup_reloads(gateway):
    before = gateway.metric("tidegate_config_reloads_total")
    gateway.signal(signal.SIGHUP)
    until(lambda: gateway.metric("tidegate_config_reloads_total") > before, "a reload")
    assert text_of(gateway) == "before"


def test_post_reload_answers_when_it_is_live(gateway):
    gateway.write(mock_config(reply="after"))
    assert gateway.admin("POST", "/v1/reload").status_code == 200
    assert text_of(gateway) == "after"


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_changes_nothing_and_says_why(gateway, kind):
    before = gateway.metric("tidegate_config_reloads_total", result="failure")
    gateway.write(BAD[kind])
    answer = gateway.admin("POST", "/v1/reload")
    assert answer.status_code in (400, 409, 422)
    assert "tidegate.yaml:1:" in answer.text
    assert text_of(gateway) == "before"
    gateway.log_has("tidegate.yaml:1:")
    assert gateway.metric("tidegate_config_reloads_total", result="failure") > before
    assert gateway.admin("GET", "/readyz").status_code == 200
    gateway.write(mock_config(reply="mended"))
    until(lambda: text_of(gateway) == "mended", "the mended configuration", seconds=2)


def test_a_missing_file_changes_nothing(gateway):
    gateway.config_file.unlink()
    assert gateway.admin("POST", "/v1/reload").status_code >= 400
    assert text_of(gateway) == "before"


def test_a_keys_file_is_read_again():
    keys = '{"keys": [{"key": "%s", "principal": "p"}]}'
    config = proxy_config({"a": {"provider": "mock"}}, filters=[{"auth_filter": {"api_keys": {"file": "keys.yaml"}}}])
    with Gateway(config, files={"keys.yaml": keys % "old-key"}) as gateway:
        def status(key: str) -> int:
            return gateway.chat(headers={"authorization": f"Bearer {key}"}).status_code

        assert (status("old-key"), status("new-key")) == (200, 401)
        fresh = gateway.folder / "keys.new"
        fresh.write_text(keys % "new-key")
        fresh.rename(gateway.folder / "keys.yaml")
        until(lambda: (status("old-key"), status("new-key")) == (401, 200), "the new keys", seconds=5)


def broken_certificate(gateway: Gateway) -> dict:
    (gateway.folder / "cert.pem").write_text("no certificate")
    (gateway.folder / "key.pem").write_text("no key")
    tls = {"certificate": "cert.pem", "key": "key.pem"}
    return {**mock_config(reply="after"), "listeners": [{"address": "127.0.0.1:0", "tls": tls}]}


def taken_address(gateway: Gateway) -> dict:
    return {**mock_config(reply="after"), "listeners": [{"address": "%s:%d" % gateway.admin_address}]}


@pytest.mark.parametrize("change", [broken_certificate, taken_address])
def test_a_listener_that_cannot_be_opened_is_tried_once_for_each_change(gateway, change):
    gateway.write(change(gateway))
    failures = lambda: gateway.metric("tidegate_config_reloads_total", result="failure")
    until(lambda: failures() == 1, "the refusal")
    time.sleep(2.5)
    assert failures() == 1
    assert len([line for line in gateway.log if "refused" in line]) == 1
    assert text_of(gateway) == "before"
    gateway.write(mock_config(reply="mended"))
    until(lambda: text_of(gateway) == "mended", "the mended configuration")


def test_a_certificate_that_cannot_be_used_is_counted(gateway):
    assert gateway.metric("tidegate_certificate_reload_failures_total") == 0
    gateway.write(broken_certificate(gateway))
    until(lambda: gateway.metric("tidegate_certificate_reload_failures_total") == 1, "its count")
    gateway.write(taken_address(gateway))
    until(lambda: gateway.metric("tidegate_config_reloads_total", result="failure") == 2, "another refusal")
    assert gateway.metric("tidegate_certificate_reload_failures_total") == 1


def test_the_admin_token_changes_live(gateway):
    def status(token: str | None) -> int:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return gateway.admin("GET", "/v1/config", headers=headers).status_code

    def with_token(token: str) -> dict:
        return {**mock_config(), "admin": {"address": "127.0.0.1:0", "token": token}}

    assert status(None) == 200
    gateway.write(with_token("first"))
    until(lambda: (status(None), status("first")) == (401, 200), "the token")
    gateway.write(with_token("second"))
    until(lambda: (status("first"), status("second")) == (401, 200), "another token")
    gateway.write(mock_config())
    until(lambda: status(None) == 200, "no token")


def test_what_is_read_at_the_start_only_is_told(gateway):
    gateway.write({**mock_config(reply="after"), "workers": 3, "admin": {"address": "127.0.0.2:0"}})
    until(lambda: text_of(gateway) == "after", "the new configuration")
    assert "WARN" in gateway.log_has('\\"workers\\"')
    assert "WARN" in gateway.log_has('\\"admin.address\\"')


def keys_file() -> tuple[dict, str, str]:
    filters = [{"auth_filter": {"api_keys": {"file": "keys.yaml"}}}]
    return proxy_config({"a": {"provider": "mock"}}, filters), "keys.yaml", '{"keys": [{"key": "new", "principal": "p"}]}'


def interpolated_file() -> tuple[dict, str, str]:
    return proxy_config({"a": {"provider": "mock", "reply": "${file:reply.txt}"}}), "reply.txt", "after"


@pytest.mark.parametrize("named", [keys_file, interpolated_file])
def test_a_file_that_only_a_refused_configuration_names_is_awaited(gateway, named):
    config, name, content = named()
    gateway.write(config)
    until(lambda: gateway.metric("tidegate_config_reloads_total", result="failure") == 1, "the refusal")
    before = gateway.metric("tidegate_config_reloads_total", result="success")
    (gateway.folder / name).write_text(content)
    until(lambda: gateway.metric("tidegate_config_reloads_total", result="success") > before, "the new configuration")
    assert gateway.chat(headers={"authorization": "Bearer new"}).status_code == 200


def test_requests_in_flight_finish_on_their_snapshot():
    """The stream goes on to its end on a cluster that no longer exists."""
    proceed = threading.Event()

    def stream(seen, reply):
        reply.start_events()
        reply.chunk(delta("first"))
        assert proceed.wait(10)
        reply.chunk(delta("last") + DONE)
        reply.end()

    with Upstream(stream) as upstream, Gateway(proxy_config({"old": upstream.cluster()})) as gateway, gateway.wire() as wire:
        wire.send(request("POST", "/v1/chat/completions", b'{"model":"m","stream":true,"messages":[]}'))
        assert wire.head().status == 200
        data = wire.chunk()
        gateway.write(mock_config(reply="after"))
        assert gateway.admin("POST", "/v1/reload").status_code == 200
        assert text_of(gateway) == "after"
        proceed.set()
        data += b"".join(iter(wire.chunk, b""))
    assert data == delta("first") + delta("last") + DONE


def test_the_connect_timeout_of_a_kept_cluster_changes():
    """Nothing else of the cluster does, so that its connections could stay."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        # As many as the backlog takes: the system leaves further ones without an answer.
        waiting = [socket.socket() for _ in range(3)]
        for waits in waiting:
            waits.setblocking(False)
            waits.connect_ex(address)
        cluster = {"provider": "http", "endpoint": "http://127.0.0.1:%d" % address[1]}
        with Gateway(proxy_config({"a": cluster}, timeouts={"connect": "200ms"})) as gateway:
            assert gateway.get("/first").status_code == 504
            assert "within 0.2 s" in gateway.access_of("/first")[0]["error"]
            gateway.write(proxy_config({"a": cluster}, timeouts={"connect": "400ms"}))
            assert gateway.admin("POST", "/v1/reload").status_code == 200
            assert gateway.get("/second").status_code == 504
            assert "within 0.4 s" in gateway.access_of("/second")[0]["error"]
        for waits in waiting:
            waits.close()


def test_listeners_come_and_go_live(gateway):
    config = mock_config(reply="before")
    more = copy.deepcopy(config)
    more["listeners"] = [*config["listeners"], {"address": "127.0.0.2:0"}]
    gateway.write(more)
    assert gateway.admin("POST", "/v1/reload").status_code == 200
    until(lambda: any(host == "127.0.0.2" for host, _ in gateway.addresses), "the second listener")
    added = next(address for address in gateway.addresses if address[0] == "127.0.0.2")
    url = "http://%s:%d" % added
    assert httpx.get(url + "/v1/models").status_code == 200
    assert text_of(gateway) == "before"
    gateway.write(config)
    assert gateway.admin("POST", "/v1/reload").status_code == 200
    until(lambda: not connects(added), "the end of the second listener")
    assert text_of(gateway) == "before"


def test_listeners_on_port_0_are_each_their_own(gateway):
    """Also where their addresses are the same: each has a port, and closes with its entry."""
    config = mock_config(reply="before")
    gateway.write({**config, "listeners": config["listeners"] * 3})
    assert gateway.admin("POST", "/v1/reload").status_code == 200
    until(lambda: len(gateway.addresses) == 3, "two more listeners")
    assert all(connects(address) for address in gateway.addresses)
    gateway.write(config)
    assert gateway.admin("POST", "/v1/reload").status_code == 200
    first, *others = gateway.addresses
    until(lambda: not any(connects(address) for address in others), "the end of the others")
    assert connects(first)


def test_an_unchanged_listener_keeps_its_connections(gateway):
    with gateway.wire() as wire:
        assert wire.send(request("GET", "/v1/models")).response().status == 200
        gateway.write(mock_config(reply="after"))
        assert gateway.admin("POST", "/v1/reload").status_code == 200
        time.sleep(0.2)
        assert wire.send(request("GET", "/v1/models")).response().status == 200


def connects(address: tuple[str, int]) -> bool:
    try:
        httpx.get("http://%s:%d/v1/models" % address, timeout=2)
        return True
    except httpx.HTTPError:
        return False


class ConfigMap(Gateway):
    """A gateway whose file is mounted as Kubernetes mounts a ConfigMap."""

    def write(self, config):
        version = self.folder / f"..{time.monotonic_ns()}"
        version.mkdir()
        super_file, self.config_file = self.config_file, version / "tidegate.yaml"
        super().write(config)
        self.config_file = super_file
        link = self.folder / "..data.new"
        os.symlink(version.name, link)
        os.rename(link, self.folder / "..data")
        if not self.config_file.is_symlink():
            os.symlink("..data/tidegate.yaml", self.config_file)
