"""HTTP/2 and TLS on both sides."""

import ssl
import time
import warnings

import httpx
from hyperframe.frame import PingFrame, SettingsFrame

from support.clients import user
from support.gateway import Gateway, mock_config, proxy_config
from support.h2_upstream import H2Upstream
from support.h2_wire import H2Wire
from support.upstream import Upstream
from support.wait import until

BODY = {"model": "mock", "messages": user("hello")}


def tls_config(certificate, key) -> dict:
    listener = {"address": "127.0.0.1:0", "tls": {"certificate": str(certificate), "key": str(key)}}
    return {**mock_config(reply="hi"), "listeners": [listener]}


def https(gateway: Gateway) -> str:
    return "https://localhost:%d" % gateway.address[1]


def test_h2c_with_prior_knowledge():
    with Gateway(mock_config(reply="hi")) as gateway, httpx.Client(http1=False, http2=True) as client:
        answers = [client.post(gateway.url + "/v1/chat/completions", json=BODY) for _ in range(3)]
    assert {(answer.http_version, answer.status_code) for answer in answers} == {("HTTP/2", 200)}


def test_h2_streams_events():
    with Gateway(mock_config(reply="hi there")) as gateway, httpx.Client(http1=False, http2=True) as client:
        answer = client.post(gateway.url + "/v1/chat/completions", json={**BODY, "stream": True})
    assert answer.text.endswith("data: [DONE]\n\n")


def test_alpn_picks_the_protocol(authority):
    with Gateway(tls_config(*authority.issue("server"))) as gateway:
        for http2, version in ((True, "HTTP/2"), (False, "HTTP/1.1")):
            with httpx.Client(http2=http2, verify=authority.client()) as client:
                answer = client.post(https(gateway) + "/v1/chat/completions", json=BODY)
                assert (answer.http_version, answer.status_code) == (version, 200)
        with gateway.wire(tls=authority.client("h2", "http/1.1")) as wire:
            assert wire.socket.selected_alpn_protocol() == "h2"


def test_old_tls_is_refused(authority):
    with Gateway(tls_config(*authority.issue("server"))) as gateway:
        old = authority.client()
        with warnings.catch_warnings(action="ignore"):
            old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        try:
            gateway.wire(tls=old)
        except (ssl.SSLError, ConnectionError):
            return
    raise AssertionError("TLS 1.1 was accepted")


def serial(gateway: Gateway, authority) -> int:
    with gateway.wire(tls=authority.client()) as wire:
        return int(wire.socket.getpeercert()["serialNumber"], 16)


def test_a_renewed_certificate_is_served(authority):
    with Gateway(tls_config(*authority.issue("server"))) as gateway:
        before = serial(gateway, authority)
        with gateway.wire(tls=authority.client()) as old:
            authority.issue("server")
            until(lambda: serial(gateway, authority) != before, "the new certificate", seconds=10, pause=0.1)
            old.send("GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert old.response().status == 200


def test_a_broken_certificate_changes_nothing(authority):
    certificate, key = authority.issue("server")
    with Gateway(tls_config(certificate, key)) as gateway:
        before = serial(gateway, authority)
        certificate.write_text("not a certificate")
        time.sleep(1)
        assert serial(gateway, authority) == before


def test_upstream_over_tls_with_its_own_authority(authority):
    with Upstream(tls=authority.server("http/1.1")) as upstream:
        cluster = upstream.cluster(tls={"ca": str(authority.ca_file)})
        with Gateway(proxy_config({"a": cluster})) as gateway:
            assert gateway.chat().status_code == 200


def test_upstream_certificate_nobody_vouches_for_is_refused(authority):
    with Upstream(tls=authority.server("http/1.1")) as upstream:
        with Gateway(proxy_config({"a": upstream.cluster()})) as gateway:
            assert gateway.chat().status_code == 502
    assert not upstream.requests


def test_upstream_certificate_for_another_name_is_refused(authority, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("other", "other.example"))
    with Upstream(tls=context) as upstream:
        cluster = upstream.cluster(tls={"ca": str(authority.ca_file)})
        with Gateway(proxy_config({"a": cluster})) as gateway:
            assert gateway.chat().status_code == 502
    assert not upstream.requests


def test_upstream_over_h2c():
    with H2Upstream() as upstream:
        cluster = {"provider": "openai", "endpoint": upstream.url, "http2": True}
        with Gateway(proxy_config({"a": cluster})) as gateway:
            answers = [gateway.chat(headers={"connection": "keep-alive", "te": "trailers"}) for _ in range(5)]
    assert {answer.json()["choices"][0]["message"]["content"] for answer in answers} == {"over h2"}
    assert upstream.connections == 1, "HTTP/2 connections are shared"
    first = upstream.requests[0]
    assert first[":path"] == "/v1/chat/completions" and first[":scheme"] == "http"
    assert not {"connection", "host", "transfer-encoding", "keep-alive"} & set(first)


def test_an_h2_connection_without_a_request_is_kept_for_the_idle_time():
    """Settings, pings and their acknowledgements are no head that has begun."""
    with Gateway({**mock_config(), "timeouts": {"header": "300ms"}}) as gateway, H2Wire(gateway.address) as wire:
        for _ in range(3):
            assert wire.data(wire.request("GET", "/v1/models")) > 0
            wire.send(SettingsFrame(0))
            wire.send(PingFrame(0, b"12345678"))
            time.sleep(0.8)


def test_an_unused_h2_connection_is_told_before_it_is_closed():
    with Gateway({**mock_config(), "timeouts": {"idle": "300ms"}}) as gateway, H2Wire(gateway.address) as wire:
        wire.data(wire.request("GET", "/v1/models"))
        started = time.monotonic()
        while wire.frame():
            pass
        assert wire.goaways and set(wire.goaways) == {0}
        assert time.monotonic() - started < 5


def test_a_slow_h2_reader_is_not_idle():
    """It takes its answer in pieces, each in time, for longer than a connection may be unused."""
    size = 50_000
    with Upstream(lambda seen, reply: reply.send(200, b"x" * size)) as upstream:
        config = proxy_config({"a": upstream.cluster("http")}, timeouts={"header": "1s", "idle": "1s"})
        with Gateway(config) as gateway, H2Wire(gateway.address, window=1000) as wire:
            stream = wire.request("GET", "/large")
            taken = wire.data_until(stream, lambda: gateway.access)
            for _ in range(4):
                time.sleep(0.6)
                taken += wire.data(stream, 1000)
            assert taken + wire.data(stream) == size
