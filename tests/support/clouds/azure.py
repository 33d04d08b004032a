"""Azure: Microsoft Entra and the agents of machines, which give tokens, and Azure OpenAI, which takes them."""

import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from support.clouds.jwt import SigningKey
from support.clouds.service import MARK, Tokens, differs, form
from support.upstream import Reply, Seen

TENANT, CLIENT = "tides.example", "11111111-2222-3333-4444-555555555555"
SECRET = f"{MARK}-client/+="
FEDERATED = f"{MARK}-federated"
RESOURCE = "https://cognitiveservices.azure.com"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Entra(Tokens):
    """Takes a secret, an assertion that `key` signed, or the token of another issuer; `shown` tells which of them was."""

    name = "entra"

    def __init__(self, key: SigningKey | None = None, **options):
        super().__init__(**options)
        self.key = key
        self.shown: list[str] = []
        self.used: set[str] = set()

    def env(self) -> dict[str, str]:
        return {"AZURE_AUTHORITY_HOST": f"{self.url}/"}

    @property
    def path(self) -> str:
        return f"/{TENANT}/oauth2/v2.0/token"

    def objections(self, seen: Seen) -> Iterator[str]:
        yield from differs("the target", (seen.method, seen.target), ("POST", self.path))
        pairs = form(seen)
        yield from differs("the grant", pairs.get("grant_type"), "client_credentials")
        yield from differs("the client", pairs.get("client_id"), CLIENT)
        yield from differs("the scope", pairs.get("scope"), f"{RESOURCE}/.default")
        if "client_secret" in pairs:
            self.shown.append("secret")
            yield from differs("the secret", pairs["client_secret"], SECRET)
        else:
            yield from differs("the kind of proof", pairs.get("client_assertion_type"), ASSERTION)
            yield from self._of_assertion(pairs.get("client_assertion", ""))

    def _of_assertion(self, assertion: str) -> Iterator[str]:
        if assertion == FEDERATED:
            self.shown.append("federated")
            return
        self.shown.append("certificate")
        try:
            header, claims = self.key.read(assertion)
        except ValueError as error:
            yield str(error)
            return
        yield from differs("the certificate", header["x5t#S256"], self.key.thumbprint)
        yield from differs("the audience", claims["aud"], self.url + self.path)
        yield from differs("issuer and subject", (claims["iss"], claims["sub"]), (CLIENT, CLIENT))
        if claims["jti"] in self.used:
            yield f"the token {claims['jti']} for the second time"
        self.used.add(claims["jti"])

    def grant(self, seen: Seen, reply: Reply):
        reply.json({"token_type": "Bearer", "expires_in": self.life, "access_token": self.mint()})


class Agent(Tokens):
    """What gives tokens of the machine's identity, or of the one of a client id."""

    def __init__(self, client: str | None = None, **options):
        super().__init__(**options)
        self.client = client

    path, version = "", ""

    def objections(self, seen: Seen) -> Iterator[str]:
        target = urlsplit(seen.target)
        yield from differs("the target", (seen.method, target.path), ("GET", self.path))
        wanted = {"api-version": [self.version], "resource": [RESOURCE]}
        wanted |= {"client_id": [self.client]} if self.client else {}
        yield from differs("the query", parse_qs(target.query), wanted)

    def grant(self, seen: Seen, reply: Reply):
        """As the agents write it: the end as a moment, in a text."""
        reply.json({"access_token": self.mint(), "expires_on": str(int(time.time() + self.life)), "token_type": "Bearer"})


class AppService(Agent):
    """The agent of App Service, Functions and Container Apps."""

    name, path, version = "app-service", "/msi/token", "2019-08-01"
    secret = f"{MARK}-identity"

    def env(self) -> dict[str, str]:
        return {"IDENTITY_ENDPOINT": self.url + self.path, "IDENTITY_HEADER": self.secret}

    def objections(self, seen: Seen) -> Iterator[str]:
        yield from super().objections(seen)
        yield from differs("the header", seen.all("x-identity-header"), [self.secret])


class Metadata(Agent):
    """The metadata service of a virtual machine."""

    name, path, version = "azure-vm", "/metadata/identity/oauth2/token", "2018-02-01"

    def env(self) -> dict[str, str]:
        return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": self.url}

    def objections(self, seen: Seen) -> Iterator[str]:
        yield from super().objections(seen)
        yield from differs("the header", seen.all("metadata"), ["true"])
