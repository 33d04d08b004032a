"""A gateway on a machine that knows of no cloud but what a test tells it."""

import os
import pathlib

import httpx

from support.clouds.service import MARK
from support.gateway import Gateway, proxy_config

FOREIGN = ("AWS_", "AZURE_", "GOOGLE_", "GCE_", "CLOUDSDK_", "IDENTITY_")
# Nobody answers there, so that a test meets no metadata service of where it happens to run.
NOBODY = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:9",
    "GCE_METADATA_HOST": "127.0.0.1:9",
}
# What no log may hold: the secrets of these tests, tokens that somebody signed, and keys.
SECRETS = (MARK, "eyJ", "PRIVATE KEY")


class Machine(Gateway):
    """Its environment is `env`, its home `home`. It logs a lot; neither there nor in an answer may a secret stand."""

    def __init__(self, config: dict, home: pathlib.Path, env: dict[str, str]):
        nothing = {name: "" for name in os.environ if name.startswith(FOREIGN)}
        super().__init__(config, env={**nothing, **NOBODY, "TIDEGATE_LOG": "debug", "HOME": str(home), **env})

    def __exit__(self, kind, *rest):
        super().__exit__(kind, *rest)
        if kind is None:
            assert leaks([*self.log, *map(str, self.access)]) == []

    def post(self, path: str, body, **options) -> httpx.Response:
        answer = super().post(path, body, **options)
        assert leaks([answer.text, *map(str, answer.headers.items())]) == []
        return answer


def leaks(texts: list[str]) -> list[str]:
    """Those in which a secret stands."""
    return [text for text in texts if any(secret in text for secret in SECRETS)]


def by_name(clusters: dict, models: dict[str, str] | None = None) -> dict:
    """A configuration in which whoever asks for a model with the name of a cluster gets that of `models`, in one try."""
    models = models or {}
    routes = [
        {
            "name": name,
            "match": {"model": name},
            "backends": [{"cluster": name, **({"model": models[name]} if name in models else {})}],
            "retry": {"attempts": 1},
        }
        for name in clusters
    ]
    return proxy_config(clusters, routes=routes)
