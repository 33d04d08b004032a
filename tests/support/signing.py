"""Signs requests as clients do: HTTP Message Signatures (RFC 9421) with hmac-sha256, and the digest of the body (RFC 9530)."""

import base64
import hashlib
import hmac
import time


def encode(data: bytes) -> str:
    return f":{base64.b64encode(data).decode()}:"


def content_digest(body: bytes) -> str:
    return f"sha-256={encode(hashlib.sha256(body).digest())}"


def signed(
    secret: str,
    key_id: str,
    method: str,
    path: str,
    body: bytes = b"",
    query: str = "",
    created: int | None = None,
    nonce: str | None = None,
) -> dict[str, str]:
    """The fields to add to a request."""
    values = {"@method": method, "@path": path, "@query": f"?{query}"}
    fields = {}
    if body:
        fields["content-digest"] = values["content-digest"] = content_digest(body)
    covered = " ".join(f'"{name}"' for name in values)
    created = int(time.time()) if created is None else created
    parameters = f'({covered});created={created};keyid="{key_id}"'
    if nonce is not None:
        parameters += f';nonce="{nonce}"'
    lines = [f'"{name}": {value}' for name, value in values.items()]
    lines.append(f'"@signature-params": {parameters}')
    mac = hmac.digest(secret.encode(), "\n".join(lines).encode(), "sha256")
    return fields | {"signature-input": f"sig1={parameters}", "signature": f"sig1={encode(mac)}"}
