"""Google Cloud: the servers that give tokens, for keys, logins, tokens of others and machines."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from support.clouds.jwt import SigningKey
from support.clouds.service import MARK, Tokens, differs, form
from support.upstream import Reply, Seen

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
ACCOUNT = "tides@tides.iam.gserviceaccount.com"
SUBJECT = f"{MARK}-subject"
AUDIENCE = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/tides"
USER = {"client_id": "tides", "client_secret": f"{MARK}-client", "refresh_token": f"{MARK}-refresh"}


class TokenServer(Tokens):
    """Takes assertions that `key` signed for the account, and what remains of a person's login."""

    name = "google"

    def __init__(self, key: SigningKey | None = None, **options):
        super().__init__(**options)
        self.key = key

    @property
    def token_uri(self) -> str:
        return f"{self.url}/token"

    def service_account(self, **more) -> dict:
        account = {"client_email": ACCOUNT, "private_key_id": "k-1", "private_key": self.key.pem}
        return {"type": "service_account", "project_id": "tides", "token_uri": self.token_uri, **account, **more}

    def authorized_user(self) -> dict:
        return {"type": "authorized_user", "token_uri": self.token_uri, **USER}

    def objections(self, seen: Seen) -> Iterator[str]:
        yield from differs("the target", (seen.method, seen.target), ("POST", "/token"))
        pairs = form(seen)
        if pairs.pop("grant_type") == "refresh_token":
            yield from differs("the login", pairs, USER)
            return
        try:
            header, claims = self.key.read(pairs["assertion"])
        except ValueError as error:
            yield str(error)
            return
        yield from differs("the key", header.get("kid"), "k-1")
        yield from differs("the account", claims["iss"], ACCOUNT)
        yield from differs("scope and audience", (claims["scope"], claims["aud"]), (SCOPE, self.token_uri))

    def grant(self, seen: Seen, reply: Reply):
        reply.json({"access_token": self.mint(), "expires_in": self.life, "token_type": "Bearer"})


class MetadataServer(Tokens):
    """The metadata server of a machine, which says that it is one."""

    name = "metadata"
    fields = {"Metadata_Flavor": "Google"}

    def env(self) -> dict[str, str]:
        return {"GCE_METADATA_HOST": f"127.0.0.1:{self.upstream.port}"}

    def objections(self, seen: Seen) -> Iterator[str]:
        target = urlsplit(seen.target)
        place = "/computeMetadata/v1/instance/service-accounts/default/token"
        yield from differs("the target", (seen.method, target.path), ("GET", place))
        yield from differs("the query", parse_qs(target.query), {"scopes": [SCOPE]})
        yield from differs("the flavor", seen.all("metadata-flavor"), ["Google"])

    def grant(self, seen: Seen, reply: Reply):
        token = {"access_token": self.mint(), "expires_in": self.life, "token_type": "Bearer"}
        reply.json(token, **self.fields)


class Federation(Tokens):
    """Exchanges the token of another issuer, and the one that it gave for it for one of the account."""

    name = "account"
    federated = f"{MARK}-federated"
    impersonation = f"/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"

    def external_account(self, source: dict, impersonates: bool = True) -> dict:
        account = {"audience": AUDIENCE, "subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}
        account |= {"token_url": f"{self.url}/v1/token", "credential_source": source}
        if impersonates:
            account["service_account_impersonation_url"] = self.url + self.impersonation
            account["service_account_impersonation"] = {"token_lifetime_seconds": 1200}
        return {"type": "external_account", **account}

    def objections(self, seen: Seen) -> Iterator[str]:
        if seen.target == self.impersonation:
            yield from differs("the authorization", seen.all("authorization"), [f"Bearer {self.federated}"])
            yield from differs("the body", seen.json, {"scope": [SCOPE], "lifetime": "1200s"})
            return
        yield from differs("the target", (seen.method, seen.target), ("POST", "/v1/token"))
        kind = "urn:ietf:params:oauth:token-type"
        wanted = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "requested_token_type": f"{kind}:access_token",
            "subject_token_type": f"{kind}:jwt",
            "subject_token": SUBJECT,
            "audience": AUDIENCE,
            "scope": SCOPE,
        }
        yield from differs("the exchange", form(seen), wanted)

    def grant(self, seen: Seen, reply: Reply):
        if seen.target != self.impersonation:
            reply.json({"access_token": self.federated, "expires_in": 3600, "token_type": "Bearer"})
            return
        end = datetime.now(UTC) + timedelta(seconds=self.life)
        reply.json({"accessToken": self.mint(), "expireTime": end.strftime("%Y-%m-%dT%H:%M:%SZ")})


def saved(path, value: dict) -> str:
    """A file with what Google gives as JSON; its path."""
    path.write_text(json.dumps(value))
    return str(path)
