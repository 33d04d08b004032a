"""Certificates for tests, from an authority made for the run."""

import pathlib
import ssl

import trustme


class Authority:
    """A certificate authority of one test."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.ca = trustme.CA()
        self.ca_file = folder / "ca.pem"
        self.ca.cert_pem.write_to_path(str(self.ca_file))

    def issue(self, name: str, *identities: str) -> tuple[pathlib.Path, pathlib.Path]:
        """Writes NAME.pem and NAME.key, each renamed into place; returns their paths."""
        leaf = self.ca.issue_cert(*(identities or ("localhost", "127.0.0.1")))
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        for path, blobs in ((certificate, leaf.cert_chain_pems), (key, [leaf.private_key_pem])):
            fresh = path.with_suffix(path.suffix + ".new")
            fresh.write_bytes(b"".join(blob.bytes() for blob in blobs))
            fresh.rename(path)
        return certificate, key

    def server(self, *alpn: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue("upstream"))
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context

    def client(self, *alpn: str) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca_file))
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context
