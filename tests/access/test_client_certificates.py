"""Callers with certificates, which the listener has asked them for."""

import hashlib
import ssl

import httpx
import pytest
import trustme

from support.clients import user
from support.gateway import Gateway
from support.guarded import guarded_config
from support.tls import Authority
from support.wait import until

BODY = {"model": "echo", "messages": user("hello")}
ROBOT = "robot@example.com"


@pytest.fixture
def clients(tmp_path) -> Authority:
    """Who issues the certificates of clients."""
    folder = tmp_path / "clients"
    folder.mkdir()
    return Authority(folder)


def config(authority: Authority, clients: Authority, certificates: list, client_auth: str | None = None, **methods) -> dict:
    certificate, key = authority.issue("server")
    tls = {"certificate": str(certificate), "key": str(key), "client_ca": str(clients.ca_file)}
    tls |= {"client_auth": client_auth} if client_auth else {}
    config = guarded_config({"mtls": {"certificates": certificates}, **methods})
    return config | {"listeners": [{"address": "127.0.0.1:0", "tls": tls}]}


class Caller:
    """A client that shows this certificate, or none."""

    def __init__(self, authority: Authority, shown: trustme.LeafCert | None = None):
        self.tls = authority.client()
        if shown:
            with shown.private_key_and_cert_chain_pem.tempfile() as path:
                self.tls.load_cert_chain(path)

    def ask(self, gateway: Gateway, http2: bool = False, **headers) -> httpx.Response:
        with httpx.Client(http2=http2, http1=not http2, verify=self.tls) as client:
            return client.post("https://localhost:%d/v1/chat/completions" % gateway.address[1], json=BODY, headers=headers)

    def is_refused(self, gateway: Gateway) -> bool:
        """Whether the gateway ends the connection."""
        try:
            self.ask(gateway)
        except (httpx.TransportError, ssl.SSLError):
            return True
        return False


def fingerprint(leaf: trustme.LeafCert) -> str:
    der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())
    return hashlib.sha256(der).hexdigest()


def test_a_certificate_says_who_is_calling(authority, clients):
    one = clients.ca.issue_cert(common_name="one", organization_name="Acme, Inc.", organization_unit_name="unit")
    host, service = clients.ca.issue_cert("a.example.com"), clients.ca.issue_cert(ROBOT)
    pinned, other = clients.ca.issue_cert("pinned.example.org"), clients.ca.issue_cert("other.example.org")
    certificates = [
        {"sha256": fingerprint(pinned), "principal": "pinned", "tenant": "acme"},
        {"san": "email:*@example.com"},
        {"san": "DNS:*.example.com", "principal": "any-host"},
        {"subject": r"CN=one,OU=unit,O=Acme\, Inc.", "principal": "by-subject"},
    ]
    with Gateway(config(authority, clients, certificates)) as gateway:
        for http2 in (False, True):
            for shown in (pinned, service, host, one):
                answer = Caller(authority, shown).ask(gateway, http2)
                assert answer.status_code == 200, answer.text
        answer = Caller(authority, other).ask(gateway)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_certificate")
        lines = gateway.access_of("/v1/chat/completions", 9)
        assert [line.get("principal") for line in lines] == ["pinned", ROBOT, "any-host", "by-subject"] * 2 + [None]
        assert lines[0]["tenant"] == "acme"


def test_a_certificate_of_strangers_ends_the_handshake(authority, clients, tmp_path):
    stranger = trustme.CA().issue_cert("a.example.com")
    for client_auth in ("require", "request"):
        with Gateway(config(authority, clients, [{"san": "DNS:*", "principal": "p"}], client_auth)) as gateway:
            assert Caller(authority, stranger).is_refused(gateway)
            assert Caller(authority, clients.ca.issue_cert("a.example.com")).ask(gateway).status_code == 200


def test_without_a_certificate(authority, clients):
    certificates, keys = [{"san": "DNS:*", "principal": "p"}], {"keys": [{"key": "demo", "principal": "by-key"}]}
    with Gateway(config(authority, clients, certificates)) as gateway:
        assert Caller(authority).is_refused(gateway), "a certificate is required unless said otherwise"
    with Gateway(config(authority, clients, certificates, "request", api_keys=keys)) as gateway:
        nobody, somebody = Caller(authority), Caller(authority, clients.ca.issue_cert("a.example.com"))
        assert nobody.ask(gateway).status_code == 401
        assert nobody.ask(gateway, authorization="Bearer demo").status_code == 200
        assert somebody.ask(gateway, authorization="Bearer demo").status_code == 200
        assert somebody.ask(gateway, authorization="Bearer other").status_code == 401
        assert somebody.ask(gateway).status_code == 200
        principals = [line.get("principal") for line in gateway.access_of("/v1/chat/completions", 5)]
        assert principals == [None, "by-key", "by-key", None, "p"]


def test_t_auth_2_fields_are_no_certificate(authority, clients):
    with Gateway(config(authority, clients, [{"san": "DNS:*", "principal": "p"}], "request")) as gateway:
        forged = {"x-forwarded-client-cert": "Subject=\"CN=a\";DNS=a", "x-client-cert": "a", "x-ssl-client-verify": "SUCCESS"}
        assert Caller(authority).ask(gateway, **forged).status_code == 401


def test_a_resumed_session_is_of_the_same_caller(authority, clients):
    certificates = [{"san": "DNS:a.example.com", "principal": "a"}]
    with Gateway(config(authority, clients, certificates, "request")) as gateway:
        caller = Caller(authority, clients.ca.issue_cert("a.example.com"))
        request = b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n"
        with gateway.wire(tls=caller.tls) as wire:
            wire.send(request)
            assert wire.response().status == 200
            session = wire.socket.session
        with gateway.wire() as wire:
            resumed = caller.tls.wrap_socket(wire.socket, server_hostname="localhost", session=session)
            resumed.sendall(request)
            assert resumed.recv(12) == b"HTTP/1.1 200" and resumed.session_reused


def test_authorities_are_read_again(authority, clients, tmp_path):
    with Gateway(config(authority, clients, [{"san": "DNS:*", "principal": "p"}])) as gateway:
        shown = clients.ca.issue_cert("a.example.com")
        assert Caller(authority, shown).ask(gateway).status_code == 200
        others = trustme.CA()
        new = clients.ca_file.with_suffix(".new")
        others.cert_pem.write_to_path(str(new))
        new.rename(clients.ca_file)
        until(lambda: Caller(authority, shown).is_refused(gateway), "the end of the authority")
        assert Caller(authority, others.issue_cert("a.example.com")).ask(gateway).status_code == 200
