"""Where a cluster on Google Cloud gets its token: each place and their order; it arrives at the path of the project."""

import pytest

from support.clouds.google import SUBJECT, Federation, MetadataServer, TokenServer, saved
from support.clouds.machine import Machine, by_name
from support.clouds.service import MARK, Tokens


def machine(vertex, home, env: dict, credentials: dict | str = "default") -> Machine:
    cluster = vertex.cluster() | {"credentials": credentials}
    return Machine(by_name({"vertex": cluster}, {"vertex": vertex.model}), home, env)


def shows_the_token(vertex, home, service: Tokens, env: dict, credentials: dict | str = "default"):
    """A plain request and one for a stream, which cost one token."""
    vertex.auth = ("authorization", f"Bearer {service.token(1)}")
    with machine(vertex, home, env, credentials) as gateway:
        for stream in (False, True):
            answer = gateway.chat("vertex", stream=stream, headers={"x-goog-api-key": "mine"})
            assert answer.status_code == 200, answer.text
            assert vertex.upstream.requests[-1].target == vertex.paths()[stream]
    assert service.given == [service.token(1)]


def of_configuration(path: str) -> dict:
    return {"gcp": {"service_account": path}}


@pytest.fixture
def vertex(request, google, claude):
    return {"google": google, "anthropic": claude}[getattr(request, "param", "google")]


# -- each place ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vertex", ["google", "anthropic"], indirect=True)
@pytest.mark.parametrize("place", ["configuration", "environment"])
def test_the_key_of_a_service_account(vertex, home, signing_key, place):
    with TokenServer(signing_key) as server:
        path = saved(home / "account.json", server.service_account())
        if place == "configuration":
            shows_the_token(vertex, home, server, {}, of_configuration(path))
        else:
            shows_the_token(vertex, home, server, {"GOOGLE_APPLICATION_CREDENTIALS": path})


def test_the_login_of_a_person(vertex, home):
    folder = home / ".config/gcloud"
    folder.mkdir(parents=True)
    with TokenServer() as server:
        saved(folder / "application_default_credentials.json", server.authorized_user())
        shows_the_token(vertex, home, server, {})


@pytest.mark.parametrize("vertex", ["google", "anthropic"], indirect=True)
def test_the_account_of_the_machine(vertex, home):
    with MetadataServer() as server:
        shows_the_token(vertex, home, server, server.env())


SOURCES = {
    "text": ({}, f"{SUBJECT}\n"),
    "json": ({"format": {"type": "json", "subject_token_field_name": "tide"}}, f'{{"tide": "{SUBJECT}"}}'),
}


@pytest.mark.parametrize("form", SOURCES)
@pytest.mark.parametrize("place", ["configuration", "environment"])
def test_the_token_of_another_issuer_in_a_file(vertex, home, form, place):
    """Exchanged for a federated one, and that for one of the account, which is what arrives."""
    format_, text = SOURCES[form]
    (home / "subject").write_text(text)
    with Federation() as federation:
        account = federation.external_account({"file": str(home / "subject"), **format_})
        path = saved(home / "external.json", account)
        if place == "configuration":
            shows_the_token(vertex, home, federation, {}, of_configuration(path))
        else:
            shows_the_token(vertex, home, federation, {"GOOGLE_APPLICATION_CREDENTIALS": path})


def test_the_token_of_another_issuer_from_a_server(vertex, home, answering):
    with Federation() as federation:
        issuer = answering({"access_token": SUBJECT})
        source = {"url": f"{issuer.url}/token", "headers": {"x-pass": f"{MARK}-pass"}, "format": {"type": "json"}}
        path = saved(home / "external.json", federation.external_account(source))
        shows_the_token(vertex, home, federation, {}, of_configuration(path))
    assert [seen.get("x-pass") for seen in issuer.requests] == [f"{MARK}-pass"]


def test_a_federated_token_without_an_account(vertex, home):
    (home / "subject").write_text(SUBJECT)
    vertex.auth = ("authorization", f"Bearer {Federation.federated}")
    with Federation() as federation:
        account = federation.external_account({"file": str(home / "subject")}, impersonates=False)
        path = saved(home / "external.json", account)
        with machine(vertex, home, {}, of_configuration(path)) as gateway:
            assert gateway.chat("vertex").status_code == 200


def test_a_token_of_the_configuration(vertex, home):
    vertex.auth = ("authorization", f"Bearer {MARK}-given")
    with machine(vertex, home, {}, {"gcp": {"access_token": f"{MARK}-given"}}) as gateway:
        assert gateway.chat("vertex").status_code == 200


@pytest.mark.parametrize("place", ["file", "environment"])
def test_the_project_that_is_charged(vertex, home, signing_key, place):
    env = {"GOOGLE_CLOUD_QUOTA_PROJECT": "harbour"} if place == "environment" else {}
    more = {"quota_project_id": "harbour"} if place == "file" else {}
    with TokenServer(signing_key) as server:
        path = saved(home / "account.json", server.service_account(**more))
        shows_the_token(vertex, home, server, env, of_configuration(path))
    assert vertex.upstream.requests[-1].all("x-goog-user-project") == ["harbour"]


# -- their order --------------------------------------------------------------------------------------------------


def test_the_order_of_the_places(vertex, home, signing_key):
    """Each place in its turn, with all those after it there as well."""
    folder = home / ".config/gcloud"
    folder.mkdir(parents=True)
    with TokenServer(signing_key) as named, TokenServer() as person, MetadataServer() as server:
        person.name = "person"
        login = folder / "application_default_credentials.json"
        saved(login, person.authorized_user())
        file = {"GOOGLE_APPLICATION_CREDENTIALS": saved(home / "account.json", named.service_account())}
        shows_the_token(vertex, home, named, server.env() | file)
        shows_the_token(vertex, home, person, server.env())
        login.unlink()
        shows_the_token(vertex, home, server, server.env())


def test_a_file_that_was_named_and_is_missing_ends_the_search(vertex, home):
    with MetadataServer() as server:
        env = server.env() | {"GOOGLE_APPLICATION_CREDENTIALS": str(home / "none.json")}
        with machine(vertex, home, env) as gateway:
            assert gateway.chat("vertex").status_code == 503
            gateway.log_has("none.json")
        assert server.upstream.requests == []


def test_whoever_answers_in_the_place_of_the_metadata_server_is_not_believed(vertex, home, answering):
    impostor = answering({"access_token": f"{MARK}-forged", "expires_in": 3600})
    with machine(vertex, home, {"GCE_METADATA_HOST": f"127.0.0.1:{impostor.port}"}) as gateway:
        assert gateway.chat("vertex").status_code == 503
    assert vertex.upstream.requests == []
