"""Issuers of JSON web tokens (RFC 7519): keys made with another library than the gateway's, and a server with the public ones."""

import base64
import hmac
import json
import time
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from support.upstream import Upstream

AUDIENCE = "gateway"


def encode(data: bytes | dict) -> str:
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(value: int, length: int = 0) -> str:
    return encode(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


class TokenKey:
    """A key that tokens are signed with, for one algorithm."""

    def __init__(self, name: str, algorithm: str = "ES256"):
        self.name, self.algorithm = name, algorithm
        match algorithm:
            case "ES256":
                self.key = ec.generate_private_key(ec.SECP256R1())
            case "EdDSA":
                self.key = ed25519.Ed25519PrivateKey.generate()
            case _:
                self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def jwk(self) -> dict:
        public = self.key.public_key()
        common = {"kid": self.name, "use": "sig", "alg": self.algorithm}
        if self.algorithm == "ES256":
            point = public.public_numbers()
            return {**common, "kty": "EC", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)}
        if self.algorithm == "EdDSA":
            return {**common, "kty": "OKP", "crv": "Ed25519", "x": encode(public.public_bytes_raw())}
        numbers = public.public_numbers()
        return {**common, "kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}

    @property
    def public_pem(self) -> bytes:
        kind = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, kind)

    def sign(self, claims: dict, **header) -> str:
        """A token; what `header` says stands in its head, whatever it is signed with."""
        head = {"typ": "JWT", "alg": self.algorithm, "kid": self.name, **header}
        signed = f"{encode(head)}.{encode(claims)}"
        return f"{signed}.{encode(self._signature(signed.encode()))}"

    def _signature(self, data: bytes) -> bytes:
        match self.algorithm:
            case "ES256":
                r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")
            case "EdDSA":
                return self.key.sign(data)
            case "PS256":
                salted = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
                return self.key.sign(data, salted, hashes.SHA256())
            case _:
                return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def with_secret(secret: bytes, claims: dict, **header) -> str:
    """A token signed with a shared secret (HS256)."""
    signed = f"{encode({'alg': 'HS256', **header})}.{encode(claims)}"
    return f"{signed}.{encode(hmac.digest(secret, signed.encode(), 'sha256'))}"


@dataclass
class Issuer(Upstream):
    """A server with a set of public keys, `published`, and the tokens of its first key."""

    keys: list[TokenKey] = field(default_factory=lambda: [TokenKey("first")])
    status: int = 200

    def __post_init__(self):
        self.published = list(self.keys)
        self.answer = lambda seen, reply: reply.json(self.jwks, self.status)

    @property
    def jwks(self) -> dict:
        return {"keys": [key.jwk for key in self.published]}

    @property
    def name(self) -> str:
        return "https://issuer.example"

    def provider(self, **more) -> dict:
        """The entry of `jwt` for this issuer."""
        return {"issuer": self.name, "audiences": [AUDIENCE], "jwks": {"url": f"{self.url}/jwks"}, **more}

    def claims(self, **changed) -> dict:
        """Those of a good token, with these in their place; `None` removes one."""
        claims = {"iss": self.name, "aud": AUDIENCE, "sub": "alice", "exp": int(time.time()) + 600, **changed}
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, **changed) -> str:
        return self.keys[0].sign(self.claims(**changed))
