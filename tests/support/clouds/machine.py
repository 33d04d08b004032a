"""A gateway on a machine that knows of no cloud but what a test tells it."""

import os
import pathlib

from support.clouds.service import MARK
from support.gateway import Gateway, proxy_config

FOREIGN = ("AWS_", "AZURE_", "GOOGLE_", "GCE_", "CLOUDSDK_", "IDENTITY_")
# Nobody answers there, so that a test meets no metadata service of where it happens to run.
NOBODY = {"AWS_EC2_METADATA_DISABLED": "true", "GCE_METADATA_HOST": "127.0.0.1:9"}
# What no log may hold: the secrets of these tests, tokens that somebody signed, and keys.
SECRETS = (MARK, "eyJ", "PRIVATE KEY")


class Machine(Gateway):
    """Its environment is `env`, its home `home`; it logs as much as it can, and fails where a secret stands in that."""

    def __init__(self, config: dict, home: pathlib.Path, env: dict[str, str]):
        nothing = {name: "" for name in os.environ if name.startswith(FOREIGN)}
        super().__init__(config, env={**nothing, **NOBODY, "TIDEGATE_LOG": "debug", "HOME": str(home), **env})

    def __exit__(self, kind, *rest):
        super().__exit__(kind, *rest)
        if kind is None:
            lines = [*self.log, *map(str, self.access)]
            leaks = [line for line in lines if any(secret in line for secret in SECRETS)]
            assert not leaks, f"secrets in the log: {leaks}"


def by_name(clusters: dict, models: dict[str, str] | None = None) -> dict:
    """A configuration in which whoever asks for a model with the name of a cluster gets that of `models` there; one try each."""
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
