"""Where a cluster of Azure gets its token: each place and their order; the upstream takes it, and no `api-key` beside it."""

import json
from urllib.parse import quote

import pytest

from support.clouds.azure import CLIENT, FEDERATED, SECRET, TENANT, AppService, Entra, Metadata
from support.clouds.machine import Machine, by_name
from support.clouds.service import MARK, Tokens
from support.upstream import completion

WHO = {"tenant_id": TENANT, "client_id": CLIENT}
ENV_WHO = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT}


def machine(azure, home, env: dict, credentials: dict | str) -> Machine:
    cluster = azure.cluster() | {"credentials": credentials}
    return Machine(by_name({"azure": cluster}, {"azure": azure.model}), home, env)


def shows_the_token(azure, home, service: Tokens, env: dict, credentials: dict | str = "default"):
    """Three requests, which cost one token."""
    azure.auth = ("authorization", f"Bearer {service.token(1)}")
    with machine(azure, home, service.env() | env, credentials) as gateway:
        for _ in range(3):
            answer = gateway.chat("azure", headers={"api-key": "mine"})
            assert answer.status_code == 200, answer.text
    assert service.given == [service.token(1)]


@pytest.fixture
def certificate(home, signing_key):
    file = home / "client.pem"
    file.write_text(signing_key.pem + signing_key.certificate_pem)
    return str(file)


@pytest.fixture
def federated(home):
    file = home / "federated"
    file.write_text(f"{FEDERATED}\n")
    return str(file)


# -- each place ---------------------------------------------------------------------------------------------------


def test_a_secret_of_the_configuration(azure, home):
    with Entra() as entra:
        shows_the_token(azure, home, entra, {}, {"azure": {**WHO, "client_secret": SECRET}})
    assert entra.shown == ["secret"]


def test_a_secret_of_the_environment(azure, home):
    with Entra() as entra:
        shows_the_token(azure, home, entra, {**ENV_WHO, "AZURE_CLIENT_SECRET": SECRET})
    assert entra.shown == ["secret"]


def test_a_certificate_of_the_configuration(azure, home, signing_key, certificate):
    with Entra(signing_key) as entra:
        shows_the_token(azure, home, entra, {}, {"azure": {**WHO, "certificate": certificate}})
    assert entra.shown == ["certificate"]


def test_a_certificate_of_the_environment(azure, home, signing_key, certificate):
    with Entra(signing_key) as entra:
        shows_the_token(azure, home, entra, {**ENV_WHO, "AZURE_CLIENT_CERTIFICATE_PATH": certificate})
    assert entra.shown == ["certificate"]


def test_a_workload_identity(azure, home, federated):
    with Entra() as entra:
        shows_the_token(azure, home, entra, {**ENV_WHO, "AZURE_FEDERATED_TOKEN_FILE": federated})
    assert entra.shown == ["federated"]


AGENTS = [AppService, Metadata]


@pytest.mark.parametrize("agent", AGENTS)
def test_the_identity_of_the_machine(azure, home, agent):
    with agent() as agent:
        shows_the_token(azure, home, agent, {})


@pytest.mark.parametrize("agent", AGENTS)
def test_an_identity_that_was_assigned_to_the_machine(azure, home, agent):
    with agent(CLIENT) as agent:
        shows_the_token(azure, home, agent, {}, {"azure": {"client_id": CLIENT}})


@pytest.mark.parametrize("agent", AGENTS)
def test_an_identity_that_the_environment_names(azure, home, agent):
    with agent(CLIENT) as agent:
        shows_the_token(azure, home, agent, {"AZURE_CLIENT_ID": CLIENT})


def test_a_token_of_the_configuration(azure, home):
    azure.auth = ("authorization", f"Bearer {MARK}-given")
    with machine(azure, home, {}, {"azure": {"access_token": f"{MARK}-given"}}) as gateway:
        assert gateway.chat("azure").status_code == 200


def test_a_key_of_the_configuration_is_sent_without_a_token(azure, home):
    """Also where the machine has an identity."""
    azure.auth = ("api-key", f"{MARK}-key")
    with AppService() as agent, machine(azure, home, agent.env(), {"api_key": f"{MARK}-key"}) as gateway:
        assert gateway.chat("azure").status_code == 200
    assert agent.given == []


@pytest.mark.parametrize("version", [None, "2025-01-01-preview"])
def test_a_token_is_sent_on_both_kinds_of_paths(home, plain, version):
    """Responses are OpenAI's on paths without a version, chats on those of a deployment with one."""
    cluster = plain.cluster("azure-openai") | ({"api_version": version} if version else {})
    with AppService() as agent, Machine(by_name({"azure": cluster}), home, agent.env()) as gateway:
        assert gateway.chat("azure").status_code == 200
        assert gateway.post("/v1/responses", {"model": "azure", "input": "hello"}).status_code == 200
    deployment = f"/openai/deployments/azure/chat/completions?api-version={version}"
    chat = deployment if version else "/openai/v1/chat/completions"
    assert [seen.target for seen in plain.requests] == [chat, "/openai/v1/responses"]
    assert all(seen.all("authorization") == [f"Bearer {agent.token(1)}"] for seen in plain.requests)


# -- their order --------------------------------------------------------------------------------------------------


def test_the_order_of_the_places(azure, home, signing_key, certificate, federated):
    """Each place in its turn, with all those after it there as well."""
    places = [
        ("secret", {"AZURE_CLIENT_SECRET": SECRET}),
        ("certificate", {"AZURE_CLIENT_CERTIFICATE_PATH": certificate}),
        ("federated", {"AZURE_FEDERATED_TOKEN_FILE": federated}),
        (None, {}),
    ]
    for turn, (shown, _) in enumerate(places):
        with Entra(signing_key) as entra, AppService(CLIENT) as agent:
            env = entra.env() | agent.env() | ENV_WHO
            for _, more in places[turn:]:
                env |= more
            shows_the_token(azure, home, entra if shown else agent, env | (entra if shown else agent).env())
        assert entra.shown == ([shown] if shown else [])


def test_a_place_that_is_set_up_wrongly_ends_the_search(azure, home):
    with AppService() as agent:
        env = agent.env() | {"AZURE_CLIENT_SECRET": SECRET}
        with machine(azure, home, env, "default") as gateway:
            assert gateway.chat("azure").status_code == 503
            gateway.log_has("AZURE_TENANT_ID")
        assert agent.upstream.requests == []


QUOTES = {
    "as it is": SECRET,
    "as it was sent": quote(SECRET, safe=""),
    # Of a long text the beginning is told.
    "in the middle of a long text": f"{'.' * 340}{SECRET}",
}


@pytest.mark.parametrize("quoted", QUOTES)
def test_a_refusal_is_told_to_the_operator_without_the_secret(azure, home, quoted):
    """Whatever the server quotes of what it was sent."""
    words = {"error": "invalid_client", "error_description": f"AADSTS7000215: Invalid client secret: {QUOTES[quoted]}"}
    with Entra() as entra:
        entra.grant = lambda seen, reply: reply.json(words, 401)
        with machine(azure, home, entra.env(), {"azure": {**WHO, "client_secret": SECRET}}) as gateway:
            answer = gateway.chat("azure")
            line = json.loads(gateway.log_has("credentials could not be fetched"))
    assert answer.status_code == 503
    assert "AADSTS7000215" in line["error"] and "AADSTS7000215" not in answer.text


@pytest.fixture
def plain(answering):
    """An upstream that takes everything."""
    return answering(completion())
