"""Keys that clients send along: each kind at each provider, in nobody else's request, and never beyond the gateway."""

import collections
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.clouds.aws import BASE, OTHER, Keys, SignedConverse, SignedInvoke
from support.clouds.machine import Machine, by_name
from support.clouds.service import MARK
from support.upstream import Upstream, completion
from support.vendors import PROVIDERS

PREFIX = "x-up-"
KEY, TOKEN = f"{MARK}-mine", f"{MARK}-mine-token"
# By what name each of them takes a key; the others have tokens only.
NAMES = {
    "openai": "authorization",
    "azure-openai": "api-key",
    "anthropic": "x-api-key",
    "aws-bedrock": "authorization",
    "gemini": "x-goog-api-key",
}
TAKERS = [*NAMES, "gcp-vertex", "aws-bedrock-anthropic", "gcp-vertex-anthropic"]
PAIR = {"access-key-id": OTHER.id, "secret-access-key": OTHER.secret}
FULL = PAIR | {"session-token": OTHER.token}
AT_ONCE = 200


def shown(name: str, key: str) -> tuple[str, str]:
    """As a key goes out; in `authorization` it is a bearer token."""
    return name, f"Bearer {key}" if name == "authorization" else key


def rule(required: bool = False) -> dict:
    return {"per_request": {"headers": PREFIX, "required": required}}


def fields(given: dict[str, str]) -> dict[str, str]:
    return {PREFIX + name: value for name, value in given.items()}


class Front:
    """A gateway in front of one vendor, whose own key is `own`."""

    def __init__(self, vendor, home, env: dict | None = None, **credentials):
        self.vendor = vendor
        cluster = vendor.cluster() | {"credentials": credentials}
        self.machine = Machine(by_name({"one": cluster}, {"one": vendor.model}), home, env or {})

    def __enter__(self):
        self.machine.__enter__()
        return self

    def __exit__(self, *raised):
        self.machine.__exit__(*raised)

    def ask(self, given: dict[str, str]):
        return self.machine.chat("one", headers=fields(given))

    def shows(self, auth: tuple[str, str], given: dict[str, str]):
        """The vendor has an objection to every other credential."""
        self.vendor.auth = auth
        answer = self.ask(given)
        assert answer.status_code == 200, answer.text
        assert not [name for name, _ in self.vendor.upstream.requests[-1].headers if name.startswith(PREFIX)]


@pytest.fixture
def vendor(request):
    with PROVIDERS[request.param]() as vendor:
        yield vendor
    assert vendor.problems == []


def of(*providers: str):
    return pytest.mark.parametrize("vendor", providers, indirect=True)


# -- each kind ----------------------------------------------------------------------------------------------------


@of(*NAMES)
def test_a_key_goes_out_by_the_name_of_its_provider(vendor, home):
    name = NAMES[vendor.provider]
    with Front(vendor, home, api_key=f"{MARK}-own", **rule()) as front:
        front.shows(shown(name, KEY), {"api-key": KEY})
        front.shows(shown(name, f"{MARK}-own"), {})


@of(*TAKERS)
def test_a_token_is_a_bearer_token_everywhere(vendor, home):
    with Front(vendor, home, **rule(required=True)) as front:
        front.shows(shown("authorization", TOKEN), {"access-token": TOKEN})


@of("gcp-vertex", "gcp-vertex-anthropic")
def test_a_token_takes_the_place_of_the_clusters(vendor, home):
    with Front(vendor, home, gcp={"access_token": f"{MARK}-own"}, **rule()) as front:
        front.shows(shown("authorization", TOKEN), {"access-token": TOKEN})
        front.shows(shown("authorization", f"{MARK}-own"), {})


@pytest.mark.parametrize("kind", [SignedConverse, SignedInvoke])
def test_keys_of_aws_sign_in_the_place_of_the_clusters(home, base_env, kind):
    short = Keys(OTHER.id, OTHER.secret)
    with kind() as vendor, Front(vendor, home, base_env, **rule()) as front:
        for given, keys in ((PAIR, short), (FULL, OTHER), ({}, BASE)):
            vendor.keys = [keys]
            assert front.ask(given).status_code == 200
            assert vendor.signers[-1] == keys
    assert vendor.problems == []


# -- none, or half of them ----------------------------------------------------------------------------------------

SHAPES = {
    "openai": ("/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}]}, lambda body: body["error"]["code"]),
    "anthropic": (
        "/v1/messages",
        {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]},
        lambda body: (body["type"], body["error"]["type"]),
    ),
    "gemini": (
        "/v1beta/models/one:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
        lambda body: (body["error"]["code"], body["error"]["status"]),
    ),
    "bedrock": ("/model/one/converse", {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}, lambda body: list(body)),
}
KINDS = {
    "openai": "missing_upstream_credential",
    "anthropic": ("error", "authentication_error"),
    "gemini": (401, "UNAUTHENTICATED"),
    "bedrock": ["message"],
}


@of(*TAKERS)
def test_where_one_is_required_a_request_without_is_refused_in_the_clients_words(vendor, home):
    with Front(vendor, home, **rule(required=True)) as front:
        for dialect, (path, body, kind) in SHAPES.items():
            answer = front.machine.post(path, {"model": "one", **body} if dialect in ("openai", "anthropic") else body)
            assert (answer.status_code, kind(answer.json())) == (401, KINDS[dialect]), answer.text
            assert f"{PREFIX}api-key" in answer.text
    assert vendor.upstream.requests == []


HALVES = {
    "no secret": ({"access-key-id": OTHER.id}, "secret-access-key"),
    "no id": ({"secret-access-key": OTHER.secret}, "access-key-id"),
    "a session only": ({"session-token": OTHER.token}, "access-key-id"),
    "an empty secret": (PAIR | {"secret-access-key": ""}, "secret-access-key"),
}


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("required", [False, True])
def test_half_of_a_pair_is_the_clients_mistake(bedrock, home, base_env, half, required):
    """Never a request in the name of the gateway, which the client did not mean."""
    given, missing = HALVES[half]
    with Front(bedrock, home, base_env, **rule(required)) as front:
        answer = front.ask(given)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_upstream_credential")
    assert f'"{PREFIX}{missing}"' in answer.json()["error"]["message"]
    assert bedrock.upstream.requests == []


@of("openai", "gcp-vertex")
def test_keys_of_aws_for_a_provider_elsewhere_are_the_clients_mistake(vendor, home):
    with Front(vendor, home, **rule(required=True)) as front:
        answer = front.ask(FULL)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_upstream_credential")
    assert vendor.upstream.requests == []


@of("openai")
@pytest.mark.parametrize("values", [[""], [KEY, KEY]])
def test_a_key_that_is_none_does_not_become_the_clusters(vendor, home, values):
    with Front(vendor, home, api_key=f"{MARK}-own", **rule()) as front:
        answer = front.machine.chat("one", headers=[(f"{PREFIX}api-key", value) for value in values])
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_upstream_credential")
    assert vendor.upstream.requests == []


# -- whose they are -----------------------------------------------------------------------------------------------


def test_the_fields_of_all_clusters_end_at_the_gateway_whichever_takes_the_request(home):
    with Upstream() as upstream:
        clusters = {
            "takes": upstream.cluster(credentials=rule(required=True)),
            "own": upstream.cluster(credentials={"api_key": f"{MARK}-own"}),
            "none": upstream.cluster("http"),
            "other": upstream.cluster(credentials={"per_request": {"headers": "x-other-", "required": True}}),
        }
        with Machine(by_name(clusters), home, {}) as gateway:
            given = {**fields({"api-key": KEY, "anything": "1"}), "x-other-api-key": TOKEN}
            for name in clusters:
                assert gateway.chat(name, headers=given).status_code == 200
    sent = [(seen.json["model"], seen.all("authorization")) for seen in upstream.requests]
    own = {"takes": [f"Bearer {KEY}"], "own": [f"Bearer {MARK}-own"], "none": [], "other": [f"Bearer {TOKEN}"]}
    assert sent == list(own.items())
    left = [name for seen in upstream.requests for name, _ in seen.headers if name.startswith((PREFIX, "x-other-"))]
    assert left == []


def test_many_clients_at_once_keep_their_keys_apart(home):
    """Each says in its text whose it is."""
    with Upstream(lambda seen, reply: reply.json(completion(seen.json["messages"][0]["content"]))) as upstream:
        config = by_name({"one": upstream.cluster(credentials=rule(required=True))})
        with Machine(config, home, {}) as gateway, ThreadPoolExecutor(AT_ONCE) as clients:

            def ask(number: int):
                return gateway.chat("one", str(number), headers=fields({"api-key": f"{KEY}-{number}"}))

            answers = list(clients.map(ask, range(AT_ONCE)))
    told = [answer.json()["choices"][0]["message"]["content"] for answer in answers]
    assert told == [str(number) for number in range(AT_ONCE)]
    sent = {(seen.json["messages"][0]["content"], seen.get("authorization")) for seen in upstream.requests}
    assert sent == {(str(number), f"Bearer {KEY}-{number}") for number in range(AT_ONCE)}


def test_many_clients_at_once_sign_with_their_own_keys(bedrock, home):
    clients_keys = [Keys(f"AKIA{number}", f"{MARK}-{number}", f"{MARK}-{number}-token") for number in range(50)]
    bedrock.keys = clients_keys
    with Front(bedrock, home, **rule(required=True)) as front, ThreadPoolExecutor(len(clients_keys)) as clients:

        def ask(keys):
            given = {"access-key-id": keys.id, "secret-access-key": keys.secret, "session-token": keys.token}
            return front.ask(given).status_code

        assert set(clients.map(ask, clients_keys)) == {200}
    assert collections.Counter(bedrock.signers) == collections.Counter(clients_keys)
