"""How long what a cloud gave is kept: fetched once, renewed before its end, over failures, reloads and refusals."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from support.backends import free_port
from support.clouds.aws import BASE, REGION, ROLE, Sts
from support.clouds.azure import CLIENT, SECRET, TENANT, Entra
from support.clouds.google import MetadataServer
from support.clouds.machine import Machine, by_name
from support.clouds.service import Service
from support.upstream import Upstream, completion
from support.vendors import Vertex
from support.wait import until
from support.wire import request

AT_ONCE = 100
HOUR = 3600
OTHER_ROLE = f"{ROLE}-two"


@dataclass
class Case:
    """A service of a cloud, a cluster there, and where a request shows what the service gave."""

    service: Service
    cluster: dict
    field: str = "authorization"

    def shown(self, seen) -> str:
        return seen.get(self.field).removeprefix("Bearer ")


def azure(life: float) -> Case:
    credentials = {"azure": {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET}}
    return Case(Entra(life=life), {"provider": "azure-openai", "credentials": credentials})


def google(life: float) -> Case:
    return Case(MetadataServer(life=life), {"provider": "gcp-vertex", **Vertex.site})


def aws(life: float) -> Case:
    keys = {"access_key_id": BASE.id, "secret_access_key": BASE.secret, "role_arn": ROLE}
    cluster = {"provider": "aws-bedrock", "region": REGION, "credentials": {"aws": keys}}
    return Case(Sts(life=life), cluster, "x-amz-security-token")


CLOUDS = {"azure": azure, "google": google, "aws": aws}
every_cloud = pytest.mark.parametrize("cloud", CLOUDS)
ANSWERS = {
    "azure-openai": completion(),
    "gcp-vertex": {"candidates": [{"content": {"role": "model", "parts": [{"text": "hi"}]}, "finishReason": "STOP"}]},
    "aws-bedrock": {
        "output": {"message": {"role": "assistant", "content": [{"text": "hi"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10},
    },
}


class World:
    """A service of a cloud, a provider there, and a gateway between a client and that."""

    def __init__(self, cloud: str, home, life: float = HOUR, env: dict | None = None):
        self.case = CLOUDS[cloud](life)
        self.service = self.case.service
        self.home, self.env = home, env or {}
        self.refusal: tuple[int, dict] | None = None
        self.refused: set[str] = set()
        self.upstream = Upstream(self._answer)

    def __enter__(self):
        self.service.__enter__()
        self.upstream.__enter__()
        self.gateway = Machine(self.config(), self.home, self.service.env() | self.env)
        self.gateway.__enter__()
        return self

    def __exit__(self, *raised):
        self.gateway.__exit__(*raised)
        self.upstream.__exit__(*raised)
        self.service.__exit__(*raised)

    def config(self, **cluster) -> dict:
        return by_name({"one": {**self.case.cluster, "endpoint": self.upstream.url, **cluster}})

    def _answer(self, seen, reply):
        """Takes every credential but those that are `refused`."""
        if self.case.shown(seen) in self.refused:
            status, fields = self.refusal
            reply.json({"message": "who are you?"}, status, **fields)
        else:
            reply.json(ANSWERS[self.case.cluster["provider"]])

    def ask(self) -> int:
        return self.gateway.chat("one").status_code

    def shown(self) -> str:
        """What a request shows that goes well."""
        answer = self.gateway.chat("one")
        assert answer.status_code == 200, answer.text
        return self.case.shown(self.upstream.requests[-1])

    def nth(self, number: int) -> str:
        """What a request shows that was made with what the service gave the n-th time."""
        given = self.service.given[number - 1]
        return given if isinstance(given, str) else given.token

    @property
    def calls(self) -> int:
        return len(self.service.upstream.requests)


# -- fetched once -------------------------------------------------------------------------------------------------


@every_cloud
def test_many_requests_at_a_cold_gateway_cost_one_call(home, cloud):
    with World(cloud, home) as world, ThreadPoolExecutor(AT_ONCE) as clients:
        world.service.gate.clear()
        asked = [clients.submit(world.ask) for _ in range(AT_ONCE)]
        until(lambda: world.gateway.metric("tidegate_requests_in_flight") == AT_ONCE, "all requests on their way")
        world.service.gate.set()
        assert {one.result() for one in asked} == {200}
        assert world.calls == 1
        assert {world.case.shown(seen) for seen in world.upstream.requests} == {world.nth(1)}


def test_who_leaves_while_it_is_fetched_takes_it_from_nobody(home):
    with World("azure", home) as world, ThreadPoolExecutor(1) as clients:
        world.service.gate.clear()
        with world.gateway.wire() as wire:
            body = json.dumps({"model": "one", "messages": [{"role": "user", "content": "hi"}]}).encode()
            wire.send(request("POST", "/v1/chat/completions", body))
            until(lambda: world.calls == 1, "the call")
        asked = clients.submit(world.ask)
        until(lambda: world.gateway.access_of("/v1/chat/completions"), "the end of the first")
        world.service.gate.set()
        assert asked.result() == 200
        assert world.calls == 1


# -- renewed ------------------------------------------------------------------------------------------------------


@every_cloud
def test_it_is_renewed_before_its_end_and_no_request_fails(home, cloud):
    """One after the other, all the time."""
    with World(cloud, home, life=6) as world:
        shown = [world.shown()]
        until(lambda: shown.append(world.shown()) or shown[-1] != shown[0], "another one", seconds=10)
        assert shown == [world.nth(1)] * (len(shown) - 1) + [world.nth(2)]


@every_cloud
def test_a_service_that_is_down_at_the_renewal_does_no_harm_while_the_old_one_lives(home, cloud):
    with World(cloud, home, life=12) as world:
        assert world.shown() == world.nth(1)
        world.service.fail(503)
        while world.service.failures < 2:
            assert world.shown() == world.nth(1)
        world.service.fail(None)
        until(lambda: world.shown() != world.nth(1), "another one", seconds=10)


# -- a service that is down ---------------------------------------------------------------------------------------

WORDS = {
    "/v1/chat/completions": lambda body: (body["error"]["type"], body["error"]["code"]),
    "/v1/messages": lambda body: (body["type"], body["error"]["type"]),
    "/v1beta/models/one:generateContent": lambda body: (body["error"]["code"], body["error"]["status"]),
    "/model/one/converse": lambda body: tuple(body),
}
SAID = {
    "/v1/chat/completions": ("server_error", "upstream_credentials"),
    "/v1/messages": ("error", "api_error"),
    "/v1beta/models/one:generateContent": (503, "UNAVAILABLE"),
    "/model/one/converse": ("message",),
}
QUESTION = [{"role": "user", "content": "hi"}]
BODIES = {
    "/v1/chat/completions": {"model": "one", "messages": QUESTION},
    "/v1/messages": {"model": "one", "max_tokens": 9, "messages": QUESTION},
    "/v1beta/models/one:generateContent": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
    "/model/one/converse": {"messages": [{"role": "user", "content": [{"text": "hi"}]}]},
}


@every_cloud
def test_a_service_that_is_down_at_the_start_is_told_in_the_clients_words_until_it_is_back(home, cloud):
    """The client learns which cluster it is and where the cause stands, the operator the cause."""
    with World(cloud, home) as world:
        world.service.fail(503)
        for path, words in WORDS.items():
            answer = world.gateway.post(path, BODIES[path])
            assert (answer.status_code, words(answer.json())) == (503, SAID[path]), answer.text
            assert 'cluster \\"one\\" has no credentials' in answer.text and "operator" in answer.text
        line = json.loads(world.gateway.log_has("credentials could not be fetched"))
        assert line["credentials"] == "one" and f'{world.service.url}" answered with status 503' in line["error"]
        assert world.gateway.admin("GET", "/readyz").status_code == 200
        world.service.fail(None)
        until(lambda: world.ask() == 200, "a request that goes well, without a restart", seconds=10)


def test_a_service_that_cannot_be_reached_is_told_with_its_address(home):
    nowhere = f"http://127.0.0.1:{free_port()}"
    with World("azure", home, env={"AZURE_AUTHORITY_HOST": nowhere}) as world:
        assert world.ask() == 503
        line = json.loads(world.gateway.log_has("credentials could not be fetched"))
        assert f'"{nowhere}" gives no answer' in line["error"] and "reachable" in line["error"]


def test_a_service_that_is_down_is_not_asked_for_every_request(home):
    """Within a second of a failure nobody is asked."""
    with World("azure", home) as world, ThreadPoolExecutor(AT_ONCE) as clients:
        world.service.fail(503)
        began = time.monotonic()
        assert set(clients.map(lambda _: world.ask(), range(AT_ONCE))) == {503}
        assert world.service.failures <= 1 + (time.monotonic() - began)


def test_another_cluster_takes_over_where_there_are_no_credentials(home):
    with World("azure", home) as world, Upstream() as second:
        world.service.fail(503)
        config = world.config()
        config["clusters"]["two"] = second.cluster()
        route = config["virtual_services"][0]["routes"][0]
        route["backends"].append({"cluster": "two", "priority": 1})
        del route["retry"]
        world.gateway.write(config)
        assert world.gateway.admin("POST", "/v1/reload").status_code == 200
        assert world.ask() == 200
    assert len(second.requests) == 1


# -- reloads ------------------------------------------------------------------------------------------------------


def reload(world: World, **cluster):
    world.gateway.write(world.config(**cluster))
    assert world.gateway.admin("POST", "/v1/reload").status_code == 200


@every_cloud
def test_a_reload_keeps_what_was_fetched(home, cloud):
    with World(cloud, home) as world:
        assert world.shown() == world.nth(1)
        reload(world)
        reload(world, timeout="9s", models=["one"])
        assert world.shown() == world.nth(1)
        assert world.calls == 1


def test_another_role_is_assumed_anew(home):
    with World("aws", home) as world:
        assert world.shown() == world.nth(1)
        keys = world.case.cluster["credentials"]["aws"]
        reload(world, credentials={"aws": keys | {"role_arn": OTHER_ROLE}})
        assert world.shown() == world.nth(2)
        assert [asked["RoleArn"] for asked in world.service.asked] == [ROLE, OTHER_ROLE]


def test_what_replaces_a_secret_is_used_from_the_next_request_on(home):
    with World("azure", home) as world:
        assert world.shown() == world.nth(1)
        azure = world.case.cluster["credentials"]["azure"]
        reload(world, credentials={"azure": azure | {"client_secret": f"{SECRET}-2"}})
        assert world.ask() == 503
        assert [problem for problem in world.service.problems if "the secret is" in problem]
        world.service.problems.clear()


# -- refused by the provider --------------------------------------------------------------------------------------

REFUSALS = {
    "azure 401": ("azure", 401, {}),
    "google 401": ("google", 401, {}),
    "aws expired": ("aws", 403, {"x_amzn_ErrorType": "ExpiredTokenException:http://internal.amazon.com/coral/"}),
    "aws unknown": ("aws", 403, {"x_amzn_ErrorType": "UnrecognizedClientException"}),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_the_provider_refuses_is_fetched_anew_for_the_next_request(home, refusal):
    """The answer passes as it is; the client's next try finds another token."""
    cloud, status, fields = REFUSALS[refusal]
    with World(cloud, home) as world:
        first = world.shown()
        world.refusal, world.refused = (status, fields), {first}
        assert world.ask() == status
        assert world.shown() == world.nth(2)
        world.gateway.log_has("credentials were refused and are fetched anew")


def test_what_an_identity_may_not_do_is_no_reason_to_fetch_it_anew(home):
    with World("aws", home) as world:
        first = world.shown()
        world.refusal, world.refused = (403, {"x_amzn_ErrorType": "AccessDeniedException"}), {first}
        assert [world.ask() for _ in range(3)] == [403] * 3
        assert world.calls == 1


def test_a_provider_that_refuses_everything_costs_few_calls(home):
    with World("azure", home) as world, ThreadPoolExecutor(AT_ONCE) as clients:
        world.refusal = (401, {})
        world.refused = {world.service.token(number) for number in range(1, 9)}
        began = time.monotonic()
        assert set(clients.map(lambda _: world.ask(), range(3 * AT_ONCE))) == {401}
        assert world.calls <= 2 + (time.monotonic() - began) / 10


def test_what_was_refused_serves_on_where_no_other_is_to_be_had(home):
    """A refusal may be about one model only."""
    with World("azure", home) as world:
        first = world.shown()
        world.refusal, world.refused = (401, {}), {first}
        assert world.ask() == 401
        world.service.fail(503)
        world.refused = set()
        assert world.shown() == first
        assert world.service.failures >= 1
