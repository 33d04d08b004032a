"""T-ADM-1, T-ADM-3, T-ADM-5: who may use the admin listener, for every path that it has, and which pages of the web may not."""

import base64
import hashlib
import itertools
import re
from dataclasses import dataclass

import pytest

from support.gateway import ROOT, Gateway, proxy_config, run_tidegate
from support.plugins import written
from support.wire import Wire, request

TOKEN = "open-sesame-of-the-operator"
CLIENT_KEY = "key-of-a-client"
CLIENTS = [{"auth_filter": {"api_keys": {"keys": [{"key": CLIENT_KEY, "principal": "ann"}]}}}]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
LUA = "return {moderate_input = function() end}"


@dataclass(frozen=True)
class Endpoint:
    """A path of the admin listener: whether it needs the token, and what each of its methods comes to for who has it."""

    path: str
    guarded: bool
    statuses: dict[str, int]

    def expected(self, method: str, known: bool) -> int:
        if self.guarded and not known:
            return 401
        return self.statuses.get("GET" if method == "HEAD" else method, 405)

    def at(self) -> str:
        """With a name in each of its places."""
        return self.path.replace("{name}", "guard").replace("{request_id}", "nobody").replace("{id}", "none")


# `guard` stands in the configuration file, so it cannot be deleted; it has no version before, no key has the id `none`, no account of
# usage is kept, and the bodies sent here are empty.
ENDPOINTS = [
    Endpoint("/healthz", False, {"GET": 200}),
    Endpoint("/readyz", False, {"GET": 200}),
    Endpoint("/metrics", False, {"GET": 200}),
    Endpoint("/v1/reload", True, {"POST": 200}),
    Endpoint("/v1/config", True, {"GET": 200}),
    Endpoint("/v1/plugins", True, {"GET": 200}),
    Endpoint("/v1/plugins/{name}", True, {"GET": 200, "PUT": 400, "DELETE": 409}),
    Endpoint("/v1/plugins/{name}/rollback", True, {"POST": 409}),
    Endpoint("/v1/keys", True, {"GET": 200, "POST": 400}),
    Endpoint("/v1/keys/{id}", True, {"GET": 404, "PATCH": 400, "DELETE": 404}),
    Endpoint("/v1/keys/{id}/rotate", True, {"POST": 404}),
    Endpoint("/v1/usage", True, {"GET": 404}),
    Endpoint("/v1/traces", True, {"GET": 200}),
    Endpoint("/v1/traces/{request_id}", True, {"GET": 404}),
]
GUARDED = [endpoint for endpoint in ENDPOINTS if endpoint.guarded]
by_path = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
# Paths that somebody could take for one of the above.
ALIASES = [
    *("/v1", "/v1/", "/v1/nothing", "/v1/config/", "/v1//config", "//v1/config", "/V1/config", "/v1/CONFIG", "/v2/config"),
    *("/%761/config", "/v1/%63onfig", "/v1%2fconfig", "/v1/config%00", "/v1/config;a=b", "/v1/config.json", "/v1\\config"),
    *("/healthz/../v1/config", "/healthz/%2e%2e/v1/config", "/metrics/v1/config", "/v1/./config", "/./v1/config"),
    *("/config", "/reload", "/plugins", "/traces", "/admin/v1/config", "/config_dump", "/debug/pprof", "/shutdown", "/quitquitquit"),
]


def guard(folder) -> dict:
    return {"guard": {"path": str(written(folder / "guard", LUA, ["moderate_input"]))}}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """With a token, and clients that have keys."""
    plugins = guard(tmp_path_factory.mktemp("admin"))
    admin = {"address": "127.0.0.1:0", "token": TOKEN}
    with Gateway(proxy_config({"local": {"provider": "mock"}}, CLIENTS, plugins=plugins, admin=admin)) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """On loopback, without a token."""
    with Gateway(proxy_config({"local": {"provider": "mock"}}, plugins=guard(tmp_path_factory.mktemp("local")))) as gateway:
        yield gateway


def asked(gateway: Gateway, method: str, target: str, *lines: str, host: str | None = "127.0.0.1"):
    """The answer to a request with exactly these field lines; its token is what the lines say."""
    fields = [*([] if host is None else [f"Host: {host}"]), *lines]
    head = "".join(f"{line}\r\n" for line in [f"{method} {target} HTTP/1.1", *fields, "Content-Length: 0"])
    with Wire(("127.0.0.1", gateway.admin_address[1])) as wire:
        return wire.send(head + "\r\n").response(method)


def bearer(token: str) -> str:
    return f"Authorization: Bearer {token}"


# -- every path and method -------------------------------------------------------------------------------------------


def test_t_adm_3_every_path_of_the_admin_listener_stands_in_the_table():
    """A new route has to say here who may use it."""
    source = (ROOT / "host/admin/src/routes.rs").read_text()
    routes = [(path, handlers) for path, handlers in re.findall(r'\.route\(\s*"([^"]+)",\s*(.+)\)\s*$', source, re.M)]
    assert len(routes) == source.count(".route("), "the test cannot read all routes"
    assert re.findall(r'\.nest\(\s*"([^"]+)"', source) == ["/v1"] and ".merge(" not in source
    # Those of `/v1` come before its router is named.
    nested = source.index(".layer(middleware::from_fn_with_state(access, guarded))")
    known = {endpoint.path: (endpoint.guarded, set(endpoint.statuses)) for endpoint in ENDPOINTS}
    found = {}
    for path, handlers in routes:
        is_guarded = source.index(f'"{path}"') < nested
        methods = {method.upper() for method in re.findall(r"\b(get|post|put|patch|delete|options|head|any)\(", handlers)}
        found[f"/v1{path}" if is_guarded else path] = (is_guarded, methods)
    assert found == known


@by_path
@pytest.mark.parametrize("who", ["nobody", "wrong token", "client", "operator"])
def test_t_adm_3_who_may_do_what(gateway, endpoint, who):
    lines = {"nobody": [], "wrong token": [bearer("wrong")], "client": [bearer(CLIENT_KEY)], "operator": [bearer(TOKEN)]}[who]
    for method in METHODS:
        answer = asked(gateway, method, endpoint.at(), *lines)
        assert answer.status == endpoint.expected(method, known=who == "operator"), (method, answer)
        assert answer.status != 401 or answer.get("www-authenticate") == "Bearer"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ALIASES)
def test_t_adm_3_what_is_not_in_the_table_is_closed(gateway, method, path):
    for lines in ([], [bearer(CLIENT_KEY)]):
        answer = asked(gateway, method, path, *lines)
        assert answer.status in (400, 401, 404), (answer.status, answer.body)
        assert b"clusters" not in answer.body and b"generation" not in answer.body
    assert asked(gateway, method, path, bearer(TOKEN)).status in (400, 404, 405)


@pytest.mark.parametrize("name", ["x-http-method-override", "x-original-url", "x-rewrite-url", "x-forwarded-for", "x-real-ip", "x-forwarded-host"])
def test_t_adm_3_fields_open_no_other_path(gateway, name):
    for value in ("GET", "/healthz", "127.0.0.1"):
        for endpoint in GUARDED:
            assert asked(gateway, "GET", endpoint.at(), f"{name}: {value}").status == 401
        assert b"clusters" not in asked(gateway, "GET", "/healthz", f"{name}: /v1/config").body


def test_t_adm_3_a_reload_reads_the_file_and_nothing_of_its_request(gateway):
    before = gateway.admin("GET", "/v1/config", headers={"authorization": f"Bearer {TOKEN}"}).json()
    for body in ({"config": {"clusters": {}}}, {"path": "/etc/passwd"}, {"token": "mine"}, {"admin": {"token": "mine"}}):
        answer = gateway.admin("POST", "/v1/reload?path=/etc/passwd&config=x", json=body, headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code in (200, 400) and "root:" not in answer.text
        if answer.status_code == 200:
            assert answer.json()["changed"] is False
    assert gateway.admin("GET", "/v1/config", headers={"authorization": f"Bearer {TOKEN}"}).json() == before
    assert asked(gateway, "GET", "/v1/config", bearer("mine")).status == 401


def test_t_adm_3_an_id_means_itself_and_no_pattern(gateway):
    """Wildcards, paths and the like name no trace and no plugin."""
    for name in ("%25", "*", "_____", "gu%25", ".", "..%2fguard", "guard%00", "guard%20", "GUARD", "%27%20or%201=1--", "guard%2f", "__proto__"):
        for path in (f"/v1/plugins/{name}", f"/v1/traces/{name}"):
            answer = asked(gateway, "GET", path, bearer(TOKEN))
            assert answer.status in (400, 404), (path, answer)
        for method, path in (("DELETE", f"/v1/plugins/{name}"), ("POST", f"/v1/plugins/{name}/rollback")):
            assert asked(gateway, method, path, bearer(TOKEN)).status in (400, 404, 405), path
    assert asked(gateway, "GET", "/v1/plugins/guard", bearer(TOKEN)).status == 200


@pytest.mark.parametrize("key", [None, CLIENT_KEY, TOKEN])
def test_t_adm_3_the_data_listener_has_none_of_these_paths(key):
    """Where a client's key fits it is the path that is unknown; the operator's token is no client's key."""
    routes = [{"name": "only", "match": {"path": {"exact": "/only"}}, "backends": [{"cluster": "local"}]}]
    filters = CLIENTS if key else None
    admin = {"address": "127.0.0.1:0", "token": TOKEN}
    with Gateway(proxy_config({"local": {"provider": "mock"}}, filters, routes, admin=admin)) as gateway:
        for endpoint, method in itertools.product(ENDPOINTS, METHODS[:-1]):
            with gateway.wire() as wire:
                sent = request(method, endpoint.at(), **({"authorization": f"Bearer {key}"} if key else {}))
                answer = wire.send(sent).response(method)
            assert answer.status == (401 if key == TOKEN else 404), (endpoint, method, answer)


# -- the token -------------------------------------------------------------------------------------------------------


def refused_forms(token: str) -> dict[str, list[str]]:
    """Field lines that come near the token, or carry it in another place."""
    other = [f"Bearer {changed}" for changed in (token[:-1], token[:16], token + "x", token * 2, token.swapcase(), f'"{token}"')]
    plain = base64.b64encode(token.encode()).decode()
    pair = base64.b64encode(f"admin:{token}".encode()).decode()
    digest = hashlib.sha256(token.encode()).hexdigest()
    forms = {
        "nothing": [],
        "empty": ["Authorization:"],
        "scheme only": ["Authorization: Bearer"],
        "scheme and a space": ["Authorization: Bearer "],
        "no scheme": [f"Authorization: {token}"],
        "comma": [f"Authorization: Bearer {token}, Bearer {token}"],
        "with another": [f"Authorization: Bearer {token} {token}"],
        "tab": [f"Authorization: Bearer\t{token}"],
        "twice": [bearer(token), bearer(token)],
        "after a wrong one": [bearer("wrong"), bearer(token)],
        "digest": [bearer(digest)],
        "encoded": [bearer(plain)],
        "percent-encoded": [bearer("".join(f"%{byte:02x}" for byte in token.encode()))],
    }
    schemes = [f"Basic {pair}", f"Basic {plain}", f"Token {token}", f"Digest {token}", f"Bearerx {token}", f"ApiKey {token}"]
    elsewhere = ["X-Api-Key", "Api-Key", "X-Admin-Token", "X-Auth-Token", "Proxy-Authorization", "X-Tidegate-Token"]
    for value in [*other, *schemes]:
        forms[f"Authorization: {value}"] = [f"Authorization: {value}"]
    for name in elsewhere:
        forms[name] = [f"{name}: {token}"]
        forms[f"{name} with a scheme"] = [f"{name}: Bearer {token}"]
    forms["cookie"] = [f"Cookie: token={token}; authorization=Bearer {token}; session={token}"]
    return forms


def assert_token_alone_opens(gateway: Gateway, token: str):
    for what, lines in refused_forms(token).items():
        assert asked(gateway, "GET", "/v1/config", *lines).status == 401, what
    for query in (f"token={token}", f"access_token={token}", f"key={token}", f"authorization=Bearer%20{token}"):
        assert asked(gateway, "GET", f"/v1/config?{query}").status == 401, query
    assert asked(gateway, "GET", "/v1/config", bearer(token)).status == 200


def test_t_adm_1_the_token_opens_in_one_form_and_place(gateway):
    assert_token_alone_opens(gateway, TOKEN)


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0"])
def test_t_adm_1_a_token_is_made_and_told_once_where_others_reach_the_address(address):
    config = proxy_config({"local": {"provider": "mock"}}, admin={"address": address})
    with Gateway(config) as gateway:
        [line] = [line for line in gateway.log if made(line)]
        token = made(line)
        assert "admin.token" in line and not line.startswith("{"), "a line of its own"
        assert_token_alone_opens(gateway, token)
        shown = [asked(gateway, "GET", path, bearer(token)).body.decode() for path in ("/v1/config", "/metrics", "/v1/plugins", "/v1/traces")]
        gateway.write({**config, "workers": 1})
        shown.append(asked(gateway, "POST", "/v1/reload", bearer(token)).body.decode())
        assert "success" in shown[-1]
        assert asked(gateway, "GET", "/v1/config", bearer(token)).status == 200, "it holds until the process ends"
        assert gateway.chat().status_code == 200
        assert token not in "".join(shown)
        assert [line for line in gateway.log if token in line] == [line], "it is told once"
    assert not [line for line in gateway.access if token in str(line)]


def test_t_adm_1_every_start_makes_another():
    config = proxy_config({"local": {"provider": "mock"}}, admin={"address": "0.0.0.0:0"})
    tokens = set()
    for _ in range(3):
        with Gateway(config) as gateway:
            tokens |= {made(line) for line in gateway.log if made(line)}
    assert len(tokens) == 3


def made(line: str) -> str | None:
    """The 256 bits of a token in a line."""
    found = re.search(r"\b[0-9a-f]{64}\b", line)
    return found and found[0]


@pytest.mark.parametrize("address", ["127.0.0.1:0", "127.8.9.10:0"])
def test_t_adm_1_on_loopback_no_token_is_made(address):
    with Gateway(proxy_config({"local": {"provider": "mock"}}, admin={"address": address})) as gateway:
        assert gateway.admin("GET", "/v1/config").status_code == 200
        assert not [line for line in gateway.log if made(line)]


@pytest.mark.parametrize("token", ["", "${ADMIN_TOKEN:-}", "${file:empty}"])
@pytest.mark.parametrize("address", ["127.0.0.1:0", "0.0.0.0:0"])
def test_t_adm_1_an_empty_token_is_no_token_and_no_open_door(tmp_path, token, address):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "tidegate.yaml").write_text(f'admin: {{address: "{address}", token: "{token}"}}\n')
    outcome = run_tidegate("check", "-c", "tidegate.yaml", cwd=tmp_path)
    assert outcome.returncode == 1 and "token" in outcome.stdout + outcome.stderr


# -- pages of the web ------------------------------------------------------------------------------------------------

FOREIGN_HOSTS = [
    *("evil.example", "evil.example:9901", "localhost.evil.example", "127.0.0.1.evil.example", "evil-localhost", "localhost@evil.example"),
    *("0.0.0.0", "0", "[::]", "192.168.0.1", "10.0.0.1", "169.254.169.254", "2130706433", "0x7f000001", "127.1", "localhost."),
    *("localhost, evil.example", "localhost evil.example", "localhost/", "localhost?", "", "[::1", "[fe80::1]", "[::ffff:10.0.0.1]"),
]
FOREIGN_ORIGINS = [
    *("http://evil.example", "https://evil.example", "null", "", "file://", "about:blank", "http://localhost.evil.example", "localhost"),
    *("http://127.0.0.1.evil.example", "http://localhost@evil.example", "http://evil.example#localhost", "http://evil.example/localhost"),
    *("chrome-extension://localhost", "moz-extension://127.0.0.1", "http://0.0.0.0", "http://localhost http://evil.example", "//localhost"),
]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_t_adm_5_a_name_that_was_bound_anew_opens_nothing(local, host):
    """A page of `evil.example` whose name leads to 127.0.0.1 by now."""
    for endpoint, method in itertools.product(GUARDED, ("GET", "POST", "PUT", "DELETE")):
        answer = asked(local, method, endpoint.at(), host=host)
        assert answer.status in (400, 403), (method, endpoint, answer)
        assert b"clusters" not in answer.body


@pytest.mark.parametrize("lines", [["Host: localhost", "Host: localhost"], ["Host: localhost", "Host: evil.example"], []], ids=["same", "two", "none"])
def test_t_adm_5_without_one_clear_host_nothing_opens(local, lines):
    assert asked(local, "GET", "/v1/config", *lines, host=None).status in (400, 403)


@pytest.mark.parametrize("target", ["http://evil.example/v1/config", "http://localhost@evil.example/v1/config"])
def test_t_adm_5_a_target_that_names_another_host_opens_nothing(local, target):
    assert asked(local, "GET", target, host="localhost").status in (400, 403)


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_t_adm_5_a_page_of_others_opens_nothing(local, origin):
    for endpoint, method in itertools.product(GUARDED, ("GET", "POST", "PUT", "DELETE", "OPTIONS")):
        answer = asked(local, method, endpoint.at(), f"Origin: {origin}", "Access-Control-Request-Method: POST")
        assert answer.status == 403, (method, endpoint, answer)
    assert asked(local, "GET", "/v1/config", "Origin: http://localhost", f"Origin: {origin}").status == 403


def test_t_adm_5_this_machine_s_own_names_open(local):
    for host in ("localhost", "LOCALHOST:9901", "127.0.0.1", "127.0.0.1:1", "127.9.9.9", "[::1]", "[::1]:9901", "[::ffff:127.0.0.1]"):
        assert asked(local, "GET", "/v1/config", host=host).status == 200, host
    for origin in ("http://localhost", "http://localhost:3000", "https://127.0.0.1", "http://[::1]:8080"):
        assert asked(local, "GET", "/v1/config", f"Origin: {origin}").status == 200, origin


def test_t_adm_5_what_no_page_may_do_changed_nothing(local):
    """Also a form of another page, which a browser sends without asking first."""
    before = local.metric("tidegate_config_reloads_total")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"):
        headers = {"origin": "http://evil.example", "content-type": kind, "cookie": "a=b"}
        assert local.admin("POST", "/v1/reload", headers=headers, content=b"a=b").status_code == 403
    assert local.metric("tidegate_config_reloads_total") == before


@pytest.mark.parametrize("who", ["local", "gateway"])
@by_path
def test_t_adm_5_no_answer_lets_a_page_read_frame_or_keep_it(request, who, endpoint):
    asking = request.getfixturevalue(who)
    lines = [bearer(TOKEN), "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: authorization"]
    for method, origin, host in itertools.product(METHODS, (None, "http://evil.example", "http://localhost"), ("localhost", "evil.example")):
        answer = asked(asking, method, endpoint.at(), *lines, *([f"Origin: {origin}"] if origin else []), host=host)
        fields = {name for name, _ in answer.headers}
        assert not {name for name in fields if name.startswith("access-control-")} and "set-cookie" not in fields
        assert answer.get("x-content-type-options") == "nosniff" and answer.get("cache-control") == "no-store"
        assert answer.get("content-security-policy") == "default-src 'none'; frame-ancestors 'none'"
        assert answer.get("cross-origin-resource-policy") == "same-origin"
        assert "html" not in (answer.get("content-type") or "")


def test_t_adm_5_a_token_is_nothing_that_a_browser_sends_by_itself(gateway):
    """So that no page can use it, whatever its origin: neither a cookie nor Basic, for which a browser would ask."""
    answer = asked(gateway, "GET", "/v1/config", "Origin: http://evil.example", host="evil.example")
    assert answer.status == 401 and answer.all("www-authenticate") == ["Bearer"]
