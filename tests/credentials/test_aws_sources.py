"""Where a cluster on AWS gets its keys: each place, their order, and roles; Bedrock checks who signed."""

import json
import textwrap

import pytest

from support.clouds.aws import BASE, OTHER, ROLE, Container, Instance, Keys, Sts
from support.clouds.machine import Machine, by_name
from support.clouds.service import MARK

OIDC = f"{MARK}-oidc"
EXTERNAL = "external-id=1"
FILED = Keys("AKIAFILED", f"{MARK}-filed")
NAMED = Keys("AKIANAMED", f"{MARK}-named", f"{MARK}-named-token")


def machine(bedrock, home, env: dict, credentials: dict | str = "default") -> Machine:
    cluster = bedrock.cluster() | {"credentials": credentials}
    return Machine(by_name({"aws": cluster}, {"aws": bedrock.model}), home, env)


def ask(gateway):
    answer = gateway.chat("aws")
    assert answer.status_code == 200, answer.text


def signer(bedrock, home, env: dict, credentials: dict | str = "default") -> Keys:
    """Whose keys signed a request."""
    with machine(bedrock, home, env, credentials) as gateway:
        ask(gateway)
    return bedrock.signers[-1]


@pytest.fixture
def filed(home):
    (home / ".aws").mkdir()
    (home / ".aws/credentials").write_text(
        textwrap.dedent(f"""\
            [default]
            aws_access_key_id = {FILED.id}
            aws_secret_access_key = {FILED.secret}
            [named]
            aws_access_key_id={NAMED.id}
            aws_secret_access_key={NAMED.secret}
            aws_session_token={NAMED.token}
            """)
    )


def profile(home, text: str):
    (home / ".aws/config").write_text(textwrap.dedent(text))


# -- each place ---------------------------------------------------------------------------------------------------


def test_keys_of_the_environment(bedrock, home, base_env):
    assert signer(bedrock, home, base_env) == BASE


def test_keys_of_the_environment_with_a_session_token(bedrock, home):
    bedrock.keys = [OTHER]
    env = {"AWS_ACCESS_KEY_ID": OTHER.id, "AWS_SECRET_ACCESS_KEY": OTHER.secret, "AWS_SESSION_TOKEN": OTHER.token}
    assert signer(bedrock, home, env) == OTHER


def test_keys_of_the_configuration_go_before_all_others(bedrock, home, base_env):
    bedrock.keys = [BASE, OTHER]
    keys = {"access_key_id": OTHER.id, "secret_access_key": OTHER.secret, "session_token": OTHER.token}
    assert signer(bedrock, home, base_env, {"aws": keys}) == OTHER


@pytest.mark.parametrize(("env", "keys"), [({}, FILED), ({"AWS_PROFILE": "named"}, NAMED)])
def test_keys_of_a_profile(bedrock, home, filed, env, keys):
    bedrock.keys = [FILED, NAMED]
    assert signer(bedrock, home, env) == keys


def test_a_profile_whose_role_another_profile_may_assume(bedrock, home, filed):
    profile(
        home,
        f"""\
        [profile tides]
        role_arn = {ROLE}
        source_profile = named
        external_id = {EXTERNAL}
        role_session_name = harbour
        duration_seconds = 900
        """,
    )
    with Sts(caller=NAMED) as sts:
        bedrock.keys = [sts.keys(1)]
        assert signer(bedrock, home, sts.env() | {"AWS_PROFILE": "tides"}) == sts.latest
    asked = sts.asked[0]
    assert (asked["RoleArn"], asked["ExternalId"]) == (ROLE, EXTERNAL)
    assert (asked["RoleSessionName"], asked["DurationSeconds"]) == ("harbour", "900")


def test_a_web_identity(bedrock, home):
    """The token is written anew by its issuer, so each role is assumed with what the file holds by then."""
    file = home / "token"
    file.write_text(f"{OIDC}\n")
    with Sts() as sts:
        sts.identity = OIDC
        bedrock.keys = [sts.keys(1)]
        env = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(file), "AWS_ROLE_ARN": ROLE, "AWS_ROLE_SESSION_NAME": "pod"}
        assert signer(bedrock, home, sts.env() | env) == sts.latest
    assert (sts.asked[0]["RoleArn"], sts.asked[0]["RoleSessionName"]) == (ROLE, "pod")


def test_the_agent_of_a_container(bedrock, home):
    with Container() as container:
        bedrock.keys = [container.keys(1)]
        assert signer(bedrock, home, container.env()) == container.latest


def test_the_agent_of_a_container_whose_token_is_in_a_file(bedrock, home):
    """As EKS gives it to pods, which replaces it there."""
    file = home / "agent"
    file.write_text(Container.secret)
    with Container() as container:
        bedrock.keys = [container.keys(1)]
        env = container.env() | {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "stale"}
        assert signer(bedrock, home, env | {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(file)}) == container.latest


def test_the_metadata_service_of_an_instance_asked_for_a_session_first(bedrock, home):
    with Instance() as instance:
        bedrock.keys = [instance.keys(1)]
        assert signer(bedrock, home, instance.env()) == instance.latest
    asked = [(seen.method, seen.target) for seen in instance.upstream.requests]
    assert asked == [("PUT", "/latest/api/token"), ("GET", Instance.roles), ("GET", f"{Instance.roles}tides")]


# -- their order --------------------------------------------------------------------------------------------------


def test_the_order_of_the_places(bedrock, home, filed, base_env):
    """Each place in its turn, with all those after it there as well."""
    file = home / "token"
    file.write_text(OIDC)
    with Sts() as sts, Container() as container, Instance() as instance:
        sts.identity = OIDC
        web = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(file), "AWS_ROLE_ARN": ROLE}
        places = [
            (BASE, base_env),
            (sts.keys(1), sts.env() | web),
            (FILED, {}),
            (container.keys(1), container.env()),
            (instance.keys(1), instance.env()),
        ]
        bedrock.keys = [keys for keys, _ in places]
        for turn, (keys, _) in enumerate(places):
            env = {name: value for _, more in reversed(places[turn:]) for name, value in more.items()}
            if keys not in (BASE, FILED, sts.keys(1)):
                (home / ".aws/credentials").unlink(missing_ok=True)
            assert signer(bedrock, home, env) == keys


def test_a_place_that_is_set_up_wrongly_ends_the_search(bedrock, home, base_env):
    """Else a request would go out under an identity that nobody meant."""
    with Instance() as instance:
        env = instance.env() | {"AWS_ACCESS_KEY_ID": BASE.id}
        with machine(bedrock, home, env) as gateway:
            assert gateway.chat("aws").status_code == 503
            gateway.log_has("AWS_SECRET_ACCESS_KEY")
        assert instance.upstream.requests == []
    assert bedrock.upstream.requests == []


def test_no_place_has_any(bedrock, home):
    """The client is told which cluster it is, the operator every place that was tried and what to do."""
    with machine(bedrock, home, {}) as gateway:
        answer = gateway.chat("aws")
        line = json.loads(gateway.log_has("no credentials of AWS were found"))
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "upstream_credentials"
    assert 'cluster "aws"' in answer.json()["error"]["message"]
    told = json.dumps(line)
    for place in ("the environment", "a web identity", "the shared files", "the container", "the instance"):
        assert f"{place}: " in told
    assert "give this machine a role" in told


# -- roles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["configuration", "environment", "profile"])
def test_a_role_over_other_keys_is_assumed_once(bedrock, home, base_env, place):
    keys = {"access_key_id": BASE.id, "secret_access_key": BASE.secret} if place == "configuration" else {}
    if place == "profile":
        profile_of_base = f"[default]\naws_access_key_id = {BASE.id}\naws_secret_access_key = {BASE.secret}\n"
        (home / ".aws").mkdir()
        (home / ".aws/credentials").write_text(profile_of_base)
    env = base_env if place == "environment" else {}
    role = {"role_arn": ROLE, "external_id": EXTERNAL}
    with Sts(caller=BASE) as sts:
        bedrock.keys = [sts.keys(1)]
        with machine(bedrock, home, sts.env() | env, {"aws": keys | role}) as gateway:
            for _ in range(3):
                ask(gateway)
    assert len(sts.asked) == 1
    asked = sts.asked[0]
    assert (asked["RoleArn"], asked["ExternalId"], asked["RoleSessionName"]) == (ROLE, EXTERNAL, "tidegate")
    assert bedrock.signers == [sts.keys(1)] * 3


def test_a_role_over_keys_that_end_shows_their_session_token(bedrock, home):
    with Container() as container, Sts(caller=container.keys(1)) as sts:
        bedrock.keys = [sts.keys(1)]
        assert signer(bedrock, home, sts.env() | container.env(), {"aws": {"role_arn": ROLE}}) == sts.latest


def test_a_role_that_is_refused_is_told_with_its_name_and_the_reason(bedrock, home, base_env):
    with Sts() as sts:
        sts.fail(403)
        with machine(bedrock, home, sts.env() | base_env, {"aws": {"role_arn": ROLE}}) as gateway:
            answer = gateway.chat("aws")
            line = gateway.log_has("credentials could not be fetched")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "upstream_credentials")
    assert ROLE not in answer.text
    assert ROLE in line and "403" in line
