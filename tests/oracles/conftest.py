"""One gateway in front of a recording upstream for every provider."""

import httpx
import pytest

from oracles.record import refuse
from oracles.writers import PROVIDERS
from support.gateway import PLAIN, Gateway, proxy_config
from support.upstream import Upstream


@pytest.fixture(scope="package")
def upstreams():
    upstreams = {name: Upstream(refuse) for name in PROVIDERS}
    for upstream in upstreams.values():
        upstream.__enter__()
    yield upstreams
    for upstream in upstreams.values():
        upstream.__exit__()


@pytest.fixture(scope="package")
def gateway(upstreams):
    """The header `x-oracle` picks the provider, whatever the client calls its model."""
    clusters = {name: upstreams[name].cluster(name, **writer.cluster) for name, writer in PROVIDERS.items()}
    routes = [
        {
            "name": name,
            "match": {"headers": {"x-oracle": name}},
            "backends": [{"cluster": name, "model": writer.model}],
            "retry": {"attempts": 1},
        }
        for name, writer in PROVIDERS.items()
    ]
    with Gateway(proxy_config(clusters, routes=routes)) as gateway:
        yield gateway


@pytest.fixture(scope="package")
def client(gateway):
    """Connections are kept: there are thousands of requests."""
    with httpx.Client(base_url=gateway.url, verify=PLAIN, timeout=20) as client:
        yield client
