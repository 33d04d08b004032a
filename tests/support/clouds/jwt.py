"""Tokens that the gateway signed itself (RFC 7515, RS256), read and verified by another library than its own."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID


class SigningKey:
    """An RSA key with a certificate that it signed itself."""

    def __init__(self):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tides")])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
        builder = builder.serial_number(7).not_valid_before(now).not_valid_after(now + timedelta(days=1))
        self.certificate = builder.sign(self.key, hashes.SHA256())

    @property
    def pem(self) -> str:
        encoding, none = serialization.Encoding.PEM, serialization.NoEncryption()
        return self.key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, none).decode()

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def thumbprint(self) -> str:
        return base64.urlsafe_b64encode(self.certificate.fingerprint(hashes.SHA256())).decode().rstrip("=")

    def read(self, token: str) -> tuple[dict, dict]:
        """Header and claims of a token that this key signed and that holds now; a `ValueError` where it is none."""
        text, _, signature = token.rpartition(".")
        try:
            self.key.public_key().verify(decoded(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise ValueError("the signature is not of this key") from None
        header, claims = (json.loads(decoded(part)) for part in text.split("."))
        if header["alg"] != "RS256" or not claims["iat"] <= time.time() + 1 < claims["exp"]:
            raise ValueError(f"{header} with {claims} does not hold now")
        return header, claims


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
