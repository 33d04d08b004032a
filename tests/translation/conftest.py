"""One gateway in front of every vendor, and a process of every client, for all tests of this folder."""

import pytest

from support.clients import Client
from support.gateway import Gateway, proxy_config
from support.speakers import SPEAKERS
from support.vendors import ALL

SAME = {"responses": "python", "responses-node": "node"}


@pytest.fixture(scope="package")
def vendors():
    """The upstreams by the name of their provider."""
    vendors = {vendor.provider: vendor() for vendor in ALL}
    for vendor in vendors.values():
        vendor.__enter__()
    yield vendors
    for vendor in vendors.values():
        vendor.__exit__()


@pytest.fixture(scope="package")
def gateway(vendors):
    """Whoever asks for a model with the name of a provider gets a model of that provider; `X-drops` leaves fields out."""
    clusters, routes = {}, []
    for name, vendor in vendors.items():
        for model, more in ((name, {}), (f"{name}-drops", {"unsupported_fields": "drop"})):
            clusters[model] = vendor.cluster(**more)
            backends = [{"cluster": model, "model": vendor.model}]
            routes.append({"name": model, "match": {"model": model}, "backends": backends, "retry": {"attempts": 1}})
    with Gateway(proxy_config(clusters, routes=routes)) as gateway:
        yield gateway


@pytest.fixture(scope="package")
def clients():
    """All at once: their start takes longest. One that has two dialects is one process all the same."""
    clients = {kind: Client(kind, "") for kind in SPEAKERS if kind not in SAME}
    clients |= {kind: clients[other] for kind, other in SAME.items()}
    yield clients
    for kind in clients.keys() - SAME.keys():
        clients[kind].__exit__()


@pytest.fixture
def kind(request) -> str:
    return request.param


@pytest.fixture
def client(clients, gateway, kind) -> Client:
    clients[kind].turn_to(gateway.url)
    return clients[kind]


@pytest.fixture
def speaker(kind):
    return SPEAKERS[kind]


@pytest.fixture
def vendor(request, vendors):
    """An upstream, which must have had no objection at the end."""
    vendor = vendors[request.param]
    vendor.problems.clear()
    yield vendor
    assert vendor.problems == []
