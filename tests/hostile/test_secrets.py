"""T-SEC-1: a marked secret in every place that takes one; after successes and failures of all sorts it stands nowhere else."""

import base64
import contextlib
import hashlib
import json
import os
import pathlib
import resource

import httpx
import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from support.backends import free_port
from support.gateway import Gateway, proxy_config, run_tidegate
from support.h2_upstream import H2Upstream
from support.plugins import CONFORMANCE, HOSTILE, plugin, route
from support.signing import signed
from support.upstream import Upstream, completion
from support.wait import until
from support.wire import request

CHAT = "/v1/chat/completions"


def canary(what: str) -> str:
    return f"canary-of-{what}-c0ffee"


# Those of clusters, each with the upstream that may see it; in the environment, in a file and as they stand.
CLUSTERS = ["variable", "file", "literal", "header", "anthropic", "h2", "refusing", "down", "slow", "garbage", "cut"]
GIVEN = canary("a client for its provider")
CLIENT, BASIC, SIGNER, ADMIN = canary("client"), canary("password"), canary("signer"), canary("admin")
PLUGINS = {"hostile": canary("hostile plugin"), "shown": canary("shown plugin"), "crashing": canary("crashing plugin")}
INTROSPECTION, EXTERNAL, WEBHOOK = canary("introspection"), canary("external"), canary("webhook")
WRONG, QUERY, COOKIE, OPAQUE = canary("wrong key"), canary("query"), canary("cookie"), canary("opaque token")
SECRETS = [
    *map(canary, CLUSTERS),
    *(GIVEN, CLIENT, BASIC, SIGNER, ADMIN, *PLUGINS.values(), INTROSPECTION, EXTERNAL, WEBHOOK, WRONG, QUERY, COOKIE, OPAQUE),
]


def forms(secret: str) -> list[str]:
    """As it is, and as it stands where it was encoded or hashed."""
    data = secret.encode()
    coded = [base64.b64encode(b"x" * shift + data).decode()[4:-4] for shift in range(3)]
    digest = hashlib.sha256(data)
    return [secret, *coded, data.hex(), str(list(data))[1:-1], digest.hexdigest(), base64.b64encode(digest.digest()).decode()]


def found(text: str) -> list[str]:
    return [secret for secret in SECRETS if any(form in text for form in forms(secret))]


def hashed(password: str) -> str:
    return Argon2id(salt=b"salt-of-16-bytes", length=32, iterations=1, lanes=1, memory_cost=64).derive_phc_encoded(password.encode())


class Surroundings:
    """The servers around a gateway, each of which records what it was told."""

    def __init__(self, stack: contextlib.ExitStack):
        answers = {
            "refusing": lambda seen, reply: reply.json({"error": {"message": "no such key", "code": "invalid_api_key"}}, 401),
            "slow": lambda seen, reply: reply.gone(10),
            "garbage": lambda seen, reply: (reply.raw(b"\0\1\2 nonsense\r\n\r\n"), reply.cut()),
            "cut": lambda seen, reply: (reply.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"), reply.cut()),
            "introspection": lambda seen, reply: reply.json({"active": False}),
            "external": lambda seen, reply: reply.send(200, x_user="alice"),
            "webhook": lambda seen, reply: reply.json({"action": "allow"}),
        }
        names = [*CLUSTERS, "given", "introspection", "external", "webhook"]
        usual = lambda seen, reply: reply.json(completion())  # noqa: E731
        self.servers = {name: stack.enter_context(Upstream(answers.get(name, usual))) for name in names if name not in ("h2", "down")}
        self.h2 = stack.enter_context(H2Upstream())

    def __getitem__(self, name: str) -> Upstream:
        return self.servers[name]

    def seen(self) -> dict[str, str]:
        """By server, all that reached it."""
        told = {name: "\n".join(map(repr, server.requests)) for name, server in self.servers.items()}
        return {**told, "h2": repr(self.h2.requests)}


def key_of(cluster: str) -> dict:
    return {"credentials": {"api_key": canary(cluster)}}


def config_of(around: Surroundings) -> dict:
    """Every key of the configuration that takes a secret has one."""
    clusters = {name: around[name].cluster(**key_of(name)) for name in CLUSTERS if name not in ("h2", "down")}
    clusters["variable"]["credentials"]["api_key"] = "${KEY}"
    clusters["file"]["credentials"]["api_key"] = "${file:key}"
    clusters["header"] = around["header"].cluster("http", headers={"set": {"authorization": f"Bearer {canary('header')}"}})
    clusters["anthropic"]["provider"] = "anthropic"
    clusters["slow"]["timeout"] = "300ms"
    clusters["h2"] = {"provider": "openai", "endpoint": around.h2.url, "http2": True, **key_of("h2")}
    clusters["down"] = {"provider": "openai", "endpoint": f"http://127.0.0.1:{free_port()}", **key_of("down")}
    clusters["given"] = around["given"].cluster(credentials={"per_request": {"headers": "x-up-", "required": True}})
    clusters["local"] = {"provider": "mock", "echo": True}
    routes = [{"name": name, "match": {"model": name}, "backends": [{"cluster": name}]} for name in clusters]
    echo = {"hooks": {"transform_request": {"answer": "echo"}}}
    routes += [route("shown", "shown", echo), route("leaves", "crashing", {"do": "exit_at_once"}), route("raises", "crashing", {"do": "fail"})]
    routes += [route("loops", "hostile", {"do": "loop"}, timeout="200ms"), {**route("moderated", "hostile"), "filters": [asking(around)]}]
    plugins = {name: plugin(folder, PLUGINS[name]) for name, folder in PACKAGES.items()}
    config = proxy_config(clusters, [clients(around)], routes, plugins=plugins, telemetry={"hook_traces": {"sample": 1}})
    config["admin"] = {**config["admin"], "token": ADMIN}
    config["virtual_services"].append(decided(around))
    return config


PACKAGES = {"hostile": HOSTILE["lua"], "shown": CONFORMANCE["lua"], "crashing": HOSTILE["python"]}


def clients(around: Surroundings) -> dict:
    keys = [{"key": CLIENT, "principal": "ann"}, {"sha256": hashlib.sha256(b"of-another").hexdigest(), "principal": "bob"}]
    asked = {"url": around["introspection"].url, "client_id": "gateway", "client_secret": INTROSPECTION}
    methods = {
        "api_keys": {"keys": keys},
        "basic": {"users": [{"name": "cleo", "hash": hashed(BASIC)}]},
        "hmac": {"keys": [{"id": "dan", "secret": SIGNER, "principal": "dan"}]},
        "introspection": asked,
    }
    return {"auth_filter": methods, "timeout": "5s"}


def asking(around: Surroundings) -> dict:
    service = {"kind": "webhook", "url": around["webhook"].url, "headers": {"x-guard-key": WEBHOOK}}
    return {"content_moderation": {"service": service, "on": ["input"]}, "timeout": "5s"}


def decided(around: Surroundings) -> dict:
    """A service of another host, where a server decides."""
    settings = {"url": around["external"].url, "principal_header": "x-user", "set_headers": {"x-gateway-key": EXTERNAL}}
    filters = [{"auth_filter": {"external": settings}}]
    return {"name": "decided", "hosts": ["decided.example"], "filters": filters, "routes": [{"backends": [{"cluster": "local"}]}]}


class Life:
    """A gateway that all of it happened to, and what it said meanwhile."""

    def __init__(self, gateway: Gateway, around: Surroundings):
        self.gateway, self.around = gateway, around
        self.answers: list[str] = []
        self.by_model: dict[str, int] = {}

    def ask(self, model: str, headers: dict, query: str = "", **body):
        body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 9, **body}
        answer = self.gateway.post(CHAT + query, body, headers={"x-tidegate-trace": "1", **headers})
        self.take(answer)
        return answer

    def take(self, answer: httpx.Response):
        self.answers.append(f"{answer.status_code} {answer.headers} {answer.text}")

    def admin(self, method: str, path: str, token: str = ADMIN, **options) -> httpx.Response:
        return self.gateway.admin(method, path, headers={"authorization": f"Bearer {token}"}, **options)

    def pass_by(self):
        self._models()
        self._credentials()
        self._admin()
        self._nonsense()
        self.gateway.access_of(CHAT, 40)

    def _models(self):
        known = {"authorization": f"Bearer {CLIENT}"}
        for model in [*CLUSTERS, "local", "shown", "leaves", "raises", "loops", "moderated", "given"]:
            given = {"x-up-api-key": GIVEN} if model == "given" else {}
            attack = {"x-request-id": "attack"} if model in ("leaves", "raises", "loops") else {}
            for stream in (False, True):
                # Of an answer that is cut there is nothing to take.
                with contextlib.suppress(httpx.RemoteProtocolError):
                    self.by_model[model] = self.ask(model, {**known, **given, **attack}, stream=stream).status_code
        self.ask("given", known)
        self.ask("given", {**known, "x-up-api-key": ""})
        # Named where nobody asks for it.
        self.ask("local", {**known, "cookie": f"session={COOKIE}", "proxy-authorization": f"Basic {COOKIE}"}, f"?key={QUERY}")
        self.ask("variable", {"x-goog-api-key": CLIENT, "cookie": f"session={COOKIE}"})

    def _credentials(self):
        pair = lambda name, password: "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()  # noqa: E731
        for authorization in (pair("cleo", BASIC), pair("cleo", WRONG), pair("nobody", BASIC), f"Bearer {WRONG}", f"Bearer {OPAQUE}", f"Digest {WRONG}", WRONG):
            self.ask("local", {"authorization": authorization})
        for name in ("x-api-key", "api-key", "x-goog-api-key"):
            self.ask("local", {name: WRONG})
        self.ask("local", {"authorization": f"Bearer {CLIENT}", "x-api-key": WRONG})
        self.ask("local", {}, f"?key={QUERY}")
        body = json.dumps({"model": "local", "messages": []}).encode()
        for secret in (SIGNER, WRONG):
            fields = signed(secret, "dan", "POST", CHAT, body)
            self.take(self.gateway.post(CHAT, body, headers={"content-type": "application/json", **fields}))
        for host in ("decided.example", "nobody.example"):
            self.ask("local", {"host": host})

    def _admin(self):
        for token in (ADMIN, WRONG, ADMIN[:-1]):
            for method, path in (("GET", "/v1/plugins"), ("GET", "/v1/nothing"), ("POST", "/v1/reload"), ("DELETE", "/v1/plugins/shown")):
                self.take(self.admin(method, path, token))

    def _nonsense(self):
        """Requests that end before anybody knows whose they are."""
        for raw in (
            f"GET {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {CLIENT}\r\nbad header: {WRONG}\r\n\r\n",
            f"POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {CLIENT}\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            f"GET //x?key={QUERY} HTTP/1.1\r\nhost: a\r\ncookie: {COOKIE}\r\n\r\n",
            f"GET {CHAT}?key={QUERY} HTTP/9.9\r\nhost: a\r\n\r\n",
            f"GET /{'x' * 70_000}?key={QUERY} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {CLIENT}\r\n\r\n",
        ):
            with self.gateway.wire() as wire:
                self.answers.append(wire.send(raw).rest().decode("latin-1"))
        with self.gateway.wire() as wire:
            body = json.dumps({"model": "slow", "messages": []}).encode()
            wire.send(request("POST", CHAT, body, authorization=f"Bearer {CLIENT}", content_type="application/json"))

    def shown(self) -> dict[str, str]:
        """By place, all that can be read of it."""
        traces = [self.admin("GET", f"/v1/traces/{name}").text for name in self.admin("GET", "/v1/traces").json()["traces"]]
        return {
            "the log": "\n".join(self.gateway.log),
            "the access log": json.dumps(self.gateway.access),
            "the metrics": self.gateway.admin("GET", "/metrics").text,
            "the configuration": self.admin("GET", "/v1/config").text,
            "the plugins": self.admin("GET", "/v1/plugins").text,
            "the traces": "\n".join(traces),
            "the answers": "\n".join(self.answers),
            "the command line": pathlib.Path(f"/proc/{self.gateway.process.pid}/cmdline").read_text(),
        }


@pytest.fixture(scope="module")
def life():
    with contextlib.ExitStack() as stack:
        around = Surroundings(stack)
        environment = {"TIDEGATE_LOG": "trace", "KEY": canary("variable")}
        files = {"key": canary("file") + "\n"}
        gateway = stack.enter_context(Gateway(config_of(around), files=files, env=environment, patience=60))
        life = Life(gateway, around)
        life.pass_by()
        yield life


PLACES = ["the log", "the access log", "the metrics", "the configuration", "the plugins", "the traces", "the answers", "the command line"]


@pytest.mark.parametrize("place", PLACES)
def test_t_sec_1_no_secret_is_written_down(life, place):
    shown = life.shown()
    assert list(shown) == PLACES and shown[place]
    assert found(shown[place]) == []


def test_t_sec_1_all_of_it_happened(life):
    """Otherwise the tests above would show nothing."""
    expected = {"variable": 200, "file": 200, "literal": 200, "header": 200, "h2": 200, "shown": 200, "moderated": 200, "given": 200}
    failed = {"refusing": 401, "down": 502, "slow": 504, "garbage": 502, "leaves": 503, "raises": 503, "loops": 503}
    assert life.by_model | expected | failed == life.by_model
    principals = {line.get("principal") for line in life.gateway.access}
    assert {"ann", "cleo", "dan", "alice"} <= principals
    assert any('"level":"TRACE"' in line for line in life.gateway.log)
    assert "transform_request" in life.shown()["the traces"]


def test_t_sec_1_a_server_is_told_its_own_secret_and_no_other(life):
    own = {name: [canary(name)] for name in CLUSTERS if name != "down"} | {"given": [GIVEN]}
    own |= {"external": [EXTERNAL], "webhook": [WEBHOOK]}
    told = {name: found(text) for name, text in life.around.seen().items()}
    # It is asked about tokens, and told who asks.
    asked = told.pop("introspection")
    assert {WRONG, OPAQUE} >= set(asked) - {INTROSPECTION}
    assert told == own


def test_t_sec_1_a_plugin_is_shown_no_credential(life):
    answer = life.ask("shown", {"authorization": f"Bearer {CLIENT}", "cookie": f"a={COOKIE}", "x-up-api-key": GIVEN, "x-plain": "seen"})
    assert "x-plain" in answer.text and found(answer.text) == []


def test_t_sec_1_a_field_whose_name_speaks_of_a_secret_is_not_shown():
    """Traces leave such values out, by the words in their names; the configuration has to, too."""
    edits = {"set": {"x-upstream-token": CLIENT, "x-secret-key": CLIENT, "x-auth-signature": CLIENT}}
    clusters = {"local": {"provider": "openai", "endpoint": f"http://127.0.0.1:{free_port()}", "headers": edits}}
    backends = [{"cluster": "local", "headers": edits}]
    transform = [{"request_transform": {"headers": edits}}]
    with Gateway(proxy_config(clusters, transform, [{"name": "all", "backends": backends}])) as gateway:
        shown = gateway.admin("GET", "/v1/config").text
        assert "x-upstream-token" in shown and found(shown) == []


# Each with a secret where none belongs, or in a form that it cannot have.
def lines(secret: str) -> dict[str, str]:
    service = "virtual_services: [{name: m, filters: [{auth_filter: {%s}}], routes: [{backends: [{cluster: a}]}]}]"
    cluster = "clusters: {a: {provider: openai, %s}}"
    return {
        "token is a list": f"admin: {{token: [{secret}]}}",
        "token is a mapping": f"admin: {{token: {{a: {secret}}}}}",
        "key with a line break": cluster % f'credentials: {{api_key: "{secret}\\n"}}',
        "key is a list": cluster % f"credentials: {{api_key: [{secret}]}}",
        "key beside another": cluster % f"credentials: {{api_key: {secret}, aws: {{access_key_id: a, secret_access_key: {secret}}}}}",
        "key without its quote": f'clusters:\n  a:\n    provider: openai\n    credentials: {{api_key: "{secret}}}\n',
        "key behind a tab": f"clusters:\n  a:\n\tcredentials: {{api_key: {secret}}}\n",
        "key twice": cluster % f"credentials: {{api_key: {secret}, api_key: {secret}}}",
        "key for nobody": f"clusters: {{a: {{provider: mock, credentials: {{api_key: {secret}}}}}}}",
        "key of a client twice": service % f"api_keys: {{keys: [{{key: {secret}, principal: a}}, {{key: {secret}, principal: b}}]}}",
        "key of a client is a list": service % f"api_keys: {{keys: [{{key: [{secret}], principal: a}}]}}",
        "digest is a key": service % f"api_keys: {{keys: [{{sha256: {secret}, principal: a}}]}}",
        "hash is a password": service % f"basic: {{users: [{{name: a, hash: {secret}}}]}}",
        "signer with another coding": service % f"hmac: {{keys: [{{id: a, secret: {secret}, encoding: base64, principal: a}}]}}",
        "user information": cluster % f"endpoint: 'https://user:{secret}@127.0.0.1'",
        "query of an endpoint": cluster % f"endpoint: 'https://127.0.0.1/?key={secret}'",
        "secret of a plugin is a list": f"plugins: {{p: {{path: '.', grants: {{secrets: {{token: [{secret}]}}}}}}}}",
    }


# Whatever the key is, what came in place of a reference is not shown.
MISPLACED = ["listeners", "workers", "clusters", "virtual_services", "plugins", "plugin_dirs", "allow_native", "telemetry", "timeouts", "limits"]


@pytest.mark.parametrize("what", lines(""))
def test_t_sec_1_a_configuration_that_is_refused_shows_no_secret(tmp_path, what):
    (tmp_path / "tidegate.yaml").write_text(lines(ADMIN)[what])
    assert_silent(tmp_path)


@pytest.mark.parametrize("key", MISPLACED)
def test_t_sec_1_what_was_interpolated_in_the_wrong_place_is_not_shown(tmp_path, key):
    for value in ("${KEY}", "${file:key}", "x${KEY}", "${UNSET:-${KEY}}"):
        (tmp_path / "key").write_text(ADMIN)
        (tmp_path / "tidegate.yaml").write_text(f'{key}: "{value}"\n')
        assert_silent(tmp_path)


def assert_silent(folder: pathlib.Path):
    environment = {"KEY": ADMIN, "TIDEGATE_LOG": "trace"}
    outcome = run_tidegate("check", "-c", "tidegate.yaml", cwd=folder, env=environment)
    assert outcome.returncode == 1, outcome
    assert found(outcome.stdout + outcome.stderr) == []


def test_t_sec_1_a_reload_that_is_refused_shows_no_secret(life):
    before = len(life.gateway.log)
    saved = life.gateway.config_file.read_text()
    for text in lines(canary("literal")).values():
        life.gateway.write(text)
        answer = life.admin("POST", "/v1/reload")
        assert answer.status_code == 400 and found(answer.text) == []
    life.gateway.write(saved)
    assert life.admin("POST", "/v1/reload").status_code == 200
    until(lambda: any("refused" in line for line in life.gateway.log[before:]), "the refusal in the log")
    assert found("\n".join(life.gateway.log[before:])) == []
    assert found(life.admin("GET", "/v1/config").text) == []


def test_t_sec_1_what_a_secret_is_kept_as_is_no_secret(life):
    """Digests and hashes open nothing, in whatever form."""
    digests = [hashlib.sha256(CLIENT.encode()), hashlib.sha256(b"of-another")]
    for digest in digests:
        for form in (digest.hexdigest(), digest.hexdigest().upper(), base64.b64encode(digest.digest()).decode(), f"sha256:{digest.hexdigest()}"):
            assert life.ask("local", {"authorization": f"Bearer {form}"}).status_code == 401
            assert life.ask("local", {"x-api-key": form}).status_code == 401
    pair = base64.b64encode(f"cleo:{hashed(BASIC)}".encode()).decode()
    assert life.ask("local", {"authorization": f"Basic {pair}"}).status_code == 401
    for form in (hashlib.sha256(ADMIN.encode()).hexdigest(), base64.b64encode(hashlib.sha256(ADMIN.encode()).digest()).decode()):
        assert life.admin("GET", "/v1/config", form).status_code == 401
    body = json.dumps({"model": "local", "messages": []}).encode()
    fields = signed(hashlib.sha256(SIGNER.encode()).hexdigest(), "dan", "POST", CHAT, body)
    assert life.gateway.post(CHAT, body, headers={"content-type": "application/json", **fields}).status_code == 401


@contextlib.contextmanager
def cores_allowed():
    """As an operator's shell may allow them; children inherit it."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def test_t_sec_1_a_crash_leaves_no_memory_behind():
    with cores_allowed(), Gateway(proxy_config({"local": {"provider": "mock"}})) as gateway:
        limits = pathlib.Path(f"/proc/{gateway.process.pid}/limits").read_text()
        [line] = [line for line in limits.splitlines() if line.startswith("Max core file size")]
        # Nobody but root owns what is shown of a process that cannot be dumped.
        owner = os.stat(f"/proc/{gateway.process.pid}/environ").st_uid
        assert line.split()[4:6] == ["0", "0"], line
        assert owner == 0
