"""AWS: the services that give keys, and Bedrock with requests that must be signed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from support.clouds import sigv4
from support.clouds.service import MARK, Service, differs, form
from support.clouds.sigv4 import Keys
from support.upstream import Reply, Seen
from support.vendors import Bedrock, BedrockAnthropic
from support.vendors.vendor import CREDENTIALS

REGION = Bedrock.site["region"]
BASE = Keys("AKIABASE", f"{MARK}-base")
OTHER = Keys("AKIAOTHER", f"{MARK}-other", f"{MARK}-other-token")
ROLE = "arn:aws:iam::123456789012:role/tides"
SIGNED = ("authorization", "x-amz-date", "x-amz-security-token")


class Source(Service):
    """Gives keys, numbered from 1."""

    name = ""

    def keys(self, number: int) -> Keys:
        name = f"{self.name}-{number}"
        return Keys(f"ASIA{name.upper()}", f"{MARK}-{name}", f"{MARK}-{name}-token/+=")

    @property
    def latest(self) -> Keys:
        return self.keys(len(self.given))

    def mint(self) -> Keys:
        self.given.append(self.keys(len(self.given) + 1))
        return self.latest

    @property
    def end(self) -> str:
        return (datetime.now(UTC) + timedelta(seconds=self.life)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Sts(Source):
    """Gives keys of roles, to `caller`, or for `identity`, a token of another issuer."""

    name = "sts"

    def __init__(self, caller: Keys = BASE, **options):
        super().__init__(**options)
        self.caller = caller
        self.identity: str | None = None
        self.asked: list[dict[str, str]] = []

    def env(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL_STS": self.url}

    def objections(self, seen: Seen) -> Iterator[str]:
        yield from differs("the target", (seen.method, seen.target), ("POST", "/"))
        pairs = form(seen)
        yield from differs("the version", pairs.get("Version"), "2011-06-15")
        if pairs.get("Action") == "AssumeRoleWithWebIdentity":
            yield from differs("the token", pairs.get("WebIdentityToken"), self.identity)
            yield from differs("the authorization", seen.all("authorization"), [])
        else:
            yield from differs("the action", pairs.get("Action"), "AssumeRole")
            yield from sigv4.objections(seen, self.caller, REGION, "sts")

    def grant(self, seen: Seen, reply: Reply):
        pairs = form(seen)
        self.asked.append(pairs)
        reply.send(body=granted(pairs["Action"], self.mint(), self.end).encode(), content_type="text/xml")


def granted(action: str, keys: Keys, end: str) -> str:
    return (
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
        "<AssumedRoleUser><AssumedRoleId>AROA:tidegate</AssumedRoleId></AssumedRoleUser><Credentials>"
        f"<AccessKeyId>{keys.id}</AccessKeyId><SecretAccessKey>{keys.secret}</SecretAccessKey>"
        f"<SessionToken>{keys.token}</SessionToken><Expiration>{end}</Expiration>"
        f"</Credentials></{action}Result></{action}Response>"
    )


class Container(Source):
    """The agent of a container, which wants the token that it put into the container's environment."""

    name = "container"
    path = "/v2/credentials/tides"
    secret = f"{MARK}-agent"

    def env(self) -> dict[str, str]:
        full = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url + self.path}
        return {**full, "AWS_CONTAINER_AUTHORIZATION_TOKEN": self.secret}

    def objections(self, seen: Seen) -> Iterator[str]:
        yield from differs("the target", (seen.method, seen.target), ("GET", self.path))
        yield from differs("the authorization", seen.all("authorization"), [self.secret])

    def grant(self, seen: Seen, reply: Reply):
        reply.json(told(self.mint(), self.end))


class Instance(Source):
    """The metadata service of an instance, second version: who has no session gets nothing."""

    name = "instance"
    session = f"{MARK}-session"
    roles = "/latest/meta-data/iam/security-credentials/"

    def env(self) -> dict[str, str]:
        return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url, "AWS_EC2_METADATA_DISABLED": "false"}

    def objections(self, seen: Seen) -> Iterator[str]:
        if seen.method == "PUT":
            yield from differs("the target", seen.target, "/latest/api/token")
            yield from differs("the life", seen.all("x-aws-ec2-metadata-token-ttl-seconds"), ["21600"])
        else:
            if seen.method != "GET" or seen.target not in (self.roles, f"{self.roles}tides"):
                yield "nothing is there"
            yield from differs("the session", seen.all("x-aws-ec2-metadata-token"), [self.session])

    def grant(self, seen: Seen, reply: Reply):
        if seen.method == "PUT":
            reply.send(body=self.session.encode())
        elif seen.target == self.roles:
            reply.send(body=b"tides")
        else:
            reply.json({"Code": "Success", "Type": "AWS-HMAC", **told(self.mint(), self.end)})


def told(keys: Keys, end: str) -> dict[str, str]:
    return {"AccessKeyId": keys.id, "SecretAccessKey": keys.secret, "Token": keys.token, "Expiration": end}


class Signed:
    """A vendor on AWS that takes what one of `keys` has signed, and nothing else."""

    def __init__(self):
        super().__init__()
        self.keys: list[Keys] = [BASE]
        self.signers: list[Keys] = []

    def trespass(self, seen: Seen) -> Iterator[str]:
        more = [name for name in CREDENTIALS if name not in SIGNED and seen.all(name)]
        yield from (f"the credential {name}" for name in more)
        id_of = {keys.id: keys for keys in self.keys}
        match = sigv4.AUTHORIZATION.match(seen.get("authorization") or "")
        keys = id_of.get(match[1]) if match else None
        if keys is None:
            yield f"the authorization {seen.all('authorization')}"
            return
        self.signers.append(keys)
        yield from sigv4.objections(seen, keys, REGION, "bedrock")


class SignedConverse(Signed, Bedrock):
    pass


class SignedInvoke(Signed, BedrockAnthropic):
    pass
