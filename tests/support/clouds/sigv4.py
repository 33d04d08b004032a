"""Signatures of requests to AWS, worked out anew by AWS's own library from what came over the wire."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.upstream import Seen

AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})")
STAMP = "%Y%m%dT%H%M%SZ"
# AWS refuses a signature that is older, or further ahead.
TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Keys:
    """A set of keys; those that a service gave have a session token."""

    id: str
    secret: str
    token: str | None = None


def objections(seen: Seen, keys: Keys, region: str, service: str) -> Iterator[str]:
    """What is wrong with the signature of a request that `keys` should have signed."""
    fields = seen.all("authorization")
    match = AUTHORIZATION.fullmatch(fields[0]) if len(fields) == 1 else None
    if match is None:
        yield f"the authorization {fields}"
        return
    key, scope, names, signature = match.groups()
    stamps = seen.all("x-amz-date")
    if len(stamps) != 1 or abs(datetime.now(UTC) - datetime.strptime(stamps[0], STAMP).replace(tzinfo=UTC)) > TOLERANCE:
        yield f"the dates {stamps}"
        return
    if key != keys.id:
        yield f"the keys {key}, not {keys.id}"
    if scope != f"{stamps[0][:8]}/{region}/{service}/aws4_request":
        yield f"the scope {scope}"
    if seen.all("x-amz-security-token") != ([keys.token] if keys.token else []):
        yield f"the session tokens {seen.all('x-amz-security-token')}"
    covered = names.split(";")
    if unsigned := must_be_signed(seen) - set(covered):
        yield f"fields that are not signed: {unsigned}"
    if signature != signed(seen, covered, keys, (region, service), stamps[0]):
        yield "a signature that is not of this request"


def must_be_signed(seen: Seen) -> set[str]:
    """AWS takes no request without a signature over these."""
    names = {name for name, _ in seen.headers}
    return {"host"} | {name for name in names if name == "content-type" or name.startswith("x-amz-")}


def signed(seen: Seen, covered: list[str], keys: Keys, scope: tuple[str, str], stamp: str) -> str:
    region, service = scope
    request = AWSRequest(seen.method, f"http://{seen.get('host')}{seen.target}", data=seen.body)
    for name, value in seen.headers:
        if name in covered:
            request.headers.add_header(name, value)
    request.context["timestamp"] = stamp
    signer = SigV4Auth(Credentials(keys.id, keys.secret, keys.token), service, region)
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
