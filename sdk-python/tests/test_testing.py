"""`tidegate.testing`: what is wrong with a case, and what a plugin does otherwise."""

from __future__ import annotations

import json

import pytest

from tidegate.testing import Case, CaseError, Mismatch, Package, cases, play
from tidegate.testing.compare import difference
from tidegate.testing.expect import short
from tidegate.testing.manifest import ManifestError, capabilities, consent

MANIFEST = """
[plugin]
id = "test"
version = "0.1.0"
runtime = "python"
entry = "plugin.py"
contract = "0.1"
hooks = ["authenticate", "admit", "settle", "transform_request", "transform_event", "moderate_input", "moderate_output"]

[capabilities]
kv = true
http = ["a.example", "*.b.example", "c.example:8443"]
"""

PLUGIN = """
from tidegate import *

class Guard(Plugin):
    def configure(self, config):
        self.code = config.get("code", "None")
        if "error" in config:
            raise ConfigError(config["error"])
        return Subscription(config.get("hooks"))

    def moderate_input(self, ctx, texts):
        return eval(self.code)

    def transform_request(self, ctx, headers, body):
        return eval(self.code)

    async def admit(self, ctx, estimate):
        return eval(self.code)
"""


@pytest.fixture
def package(tmp_path):
    (tmp_path / "plugin.toml").write_text(MANIFEST)
    (tmp_path / "plugin.py").write_text(PLUGIN)
    return Package(tmp_path)


def case(**parts) -> Case:
    return Case.parse("a.json", json.dumps({"name": "a case", **parts}))


def moderating(code: str, out, **parts) -> Case:
    step = {"hook": "moderate_input", "in": {"texts": [{"content": "grün"}]}, "out": out}
    return case(config={"code": code}, steps=[step], **parts)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{", "a.json: no JSON: Expecting property name"),
        ("[]", "a.json: the case: is a list, and must be an object"),
        ("{}", 'a.json: the case: missing field "name"'),
        ('{"name": "a", "stesp": []}', 'a.json: stesp: unknown field "stesp", expected one of name, config'),
        ('{"name": "a"}', 'a.json: steps: is empty; add a step, or say in "configure"'),
        ('{"name": "a", "configure": {"error": "x"}, "steps": [{"hook": "admit"}]}', "has steps after a refused configuration"),
        ('{"name": "a", "configure": {"error": "x", "hooks": []}}', 'configure: has "error" and a subscription'),
        ('{"name": "a", "steps": [{"hook": "admitt"}]}', 'steps[0].hook: "admitt" is no hook; there are authenticate, admit'),
        ('{"name": "a", "steps": [{"hook": "admit"}]}', "steps[0].out: is missing; it says what the plugin must answer"),
        ('{"name": "a", "steps": [{"hook": "admit", "out": "pass"}]}', 'steps[0].out: unknown variant "pass"'),
        (
            '{"name": "a", "steps": [{"hook": "moderate_input", "in": {"texts": [{}, {"roll": "user"}]}, "out": "allow"}]}',
            'steps[0].in.texts[1].roll: unknown field "roll", expected one of id, role',
        ),
        (
            '{"name": "a", "steps": [{"hook": "moderate_input", "in": {"texts": [{"role": "me"}]}, "out": "allow"}]}',
            'steps[0].in.texts[0].role: "me" is no role; there are system, user',
        ),
        (
            '{"name": "a", "steps": [{"hook": "moderate_input", "in": {"texts": []}, "out": {"block": "a", "edit": []}}]}',
            'steps[0].out: has more than one of "allow", "edit" and "block"; keep one',
        ),
        (
            '{"name": "a", "steps": [{"hook": "settle", "in": {"ticket": "t", "actual": {"input": -1}}}]}',
            "steps[0].in.actual.input: is -1, and must be a whole number from 0",
        ),
        (
            '{"name": "a", "steps": [{"hook": "authenticate", "in": {"head": {"body_sha256": "00"}}, "out": "pass"}]}',
            "steps[0].in.head.body_sha256: a SHA-256 has 64 hexadecimal digits",
        ),
        (
            '{"name": "a", "steps": [{"hook": "admit", "ctx": {"request_id": "1"}, "out": "admitted"},'
            ' {"hook": "admit", "ctx": {"request_id": "2"}, "out": "admitted"}]}',
            'steps[1].ctx.request_id: is "2" where an earlier step has "1"; a case is one request',
        ),
        (
            '{"name": "a", "steps": [{"hook": "admit", "split": "every_byte", "out": "admitted"}]}',
            "steps[0].split: streams cannot be played yet",
        ),
        ('{"name": "a", "services": {"kv": {"a": 1}}, "configure": {}}', "services.kv.a: 1 is none of the forms of bytes"),
        ('{"name": "a", "services": {"kv": {"a": {"hex": "0"}}}, "configure": {}}', '"0" is no hexadecimal text'),
        (
            '{"name": "a", "services": {"http": [{"request": {"url": "https://a/"}}]}, "configure": {}}',
            'services.http[0]: needs either "reply" or "error"',
        ),
        ('{"name": "a", "attributes": {"client.address": "here"}, "configure": {}}', '"here" is no IP address'),
    ],
)
def test_mistakes_in_a_case_have_a_place(source, text):
    with pytest.raises(CaseError) as error:
        Case.parse("a.json", source)
    assert text in str(error.value)


def test_a_folder_without_cases_is_an_error(tmp_path):
    with pytest.raises(CaseError, match="has no file that ends in"):
        cases(tmp_path)
    with pytest.raises(CaseError, match="cannot be read"):
        Case.read(tmp_path / "none.json")
    (tmp_path / "b.json").write_text('{"name": "b", "configure": {}}')
    (tmp_path / "a.json").write_text('{"name": "a", "configure": {}}')
    assert [str(one) for one in cases(tmp_path)] == ["a", "b"]


def told(case: Case, package: Package) -> str:
    with pytest.raises(Mismatch) as error:
        play(case, package)
    return str(error.value)


def test_what_is_as_the_case_says_passes(package):
    play(moderating("block('no')", {"block": "no"}), package)
    play(moderating("1 / 0", {"error": "ZeroDivisionError"}), package)
    play(case(configure={"hooks": ["admit", "moderate_input", "transform_request"], "request_body": "whole"}), package)
    play(case(config={"error": "no words"}, configure={"error": "no words"}), package)
    play(case(config={"code": "admit('t')"}, steps=[{"hook": "admit", "out": {"admitted": "t"}}]), package)


def test_what_is_otherwise_is_told_place_by_place(package):
    assert told(moderating("block('no')", {"block": "yes"}), package) == (
        'case "a case", step 1 (moderate_input): the answer differs\n'
        '  at /block\n    expected "yes"\n    got      "no"\n'
        '  all that was got: {"block":"no","findings":[],"hold":{}}'
    )
    assert "at /allow\n    expected {}\n    got      nothing" in told(moderating("block('no')", "allow"), package)


@pytest.mark.parametrize(
    ("code", "out", "text"),
    [
        ("1 / 0", "allow", "the plugin failed: plugin.py:12: ZeroDivisionError: division by zero\n    expected "),
        ("1 / 0", {"error": "KeyError"}, 'expected a text with "KeyError"'),
        ("None", {"error": "x"}, 'a failure with "x" was expected, and the plugin answered {"allow":{}'),
        ("redact(texts[0].edit(0, 1))", {"error": "x"}, "the plugin answered"),
        ("redact(TextEdit(0, 3, 5, ''))", "allow", "is not on borders of characters"),
        ("redact(TextEdit(0, 0, 9, ''))", "allow", "is not on borders of characters"),
        ("redact(TextEdit(7, 0, 0, ''))", "allow", "an edit names a text that does not exist"),
        ("pass_()", "allow", '"moderate_input" returned a Auth'),
        ("ctx.http.get('https://a.example/')", "allow", "Failed: the case expects no such request"),
    ],
)
def test_failures(package, code, out, text):
    assert text in told(moderating(code, out), package)


def test_the_cause_of_a_failure_is_shown_with_its_traceback(package):
    with pytest.raises(Mismatch) as error:
        play(moderating("1 / 0", "allow"), package)
    assert isinstance(error.value.__cause__, ZeroDivisionError)


def test_what_became_of_the_services(package):
    services = {"kv": {"a": "1"}, "kv_after": {"a": "2"}}
    assert '"services.kv_after": what stands in the store differs\n  at /a' in told(
        moderating("None", "allow", services=services), package
    )
    play(moderating("ctx.kv.set('a', '2') and None", "allow", services=services), package)
    http = {"http": [{"request": {"url": "https://a.example/"}, "reply": {}}]}
    assert "the request GET https://a.example/ was never sent" in told(moderating("None", "allow", services=http), package)
    stranger = "ctx.http.send([Request('https://a.example/x')]) and None"
    assert "a request was sent that is not in" in told(moderating(stranger, "allow"), package)
    play(moderating("ctx.http.get('https://a.example/') and None", "allow", services=http), package)


@pytest.mark.parametrize(
    ("url", "is_granted"),
    [
        ("https://a.example/", True),
        ("http://A.example:80/x", True),
        ("https://x.b.example/", True),
        ("https://b.example/", False),
        ("https://c.example:8443/", True),
        ("https://c.example/", False),
        ("https://a.example.evil/", False),
        ("https://u@a.example/", False),
        ("ftp://a.example/", False),
        ("/a.example", False),
    ],
)
def test_only_granted_hosts_are_reached(package, url, is_granted):
    code = f"block(type(ctx.http.send([Request({url!r})])[0]).__name__)"
    services = {"http": [{"request": {"url": url}, "reply": {}}]} if is_granted else {}
    play(moderating(code, {"block": "Reply" if is_granted else "Denied"}, services=services), package)


def test_a_hook_that_is_not_subscribed_is_never_called(package):
    narrowed = case(config={"hooks": ["admit"]}, steps=[{"hook": "moderate_input", "in": {"texts": []}, "out": "allow"}])
    assert "the plugin does not subscribe to this hook, so it is never called" in told(narrowed, package)


def test_how_configure_ends(package):
    assert '"configure": the configuration was refused: configure failed: no' in told(
        case(config={"error": "no"}, configure={}), package
    )
    assert 'expected a text with "yes"' in told(case(config={"error": "no"}, configure={"error": "yes"}), package)
    assert 'was taken, and an error with "no" was expected' in told(case(configure={"error": "no"}), package)
    assert "the subscription differs\n  at /body_digest" in told(case(configure={"body_digest": True}), package)


def test_after(package):
    code = "changed(set={'/a': 1}, headers={'set': {'x-a': '1'}})"
    step = {
        "hook": "transform_request",
        "in": {"headers": {"x-a": ["0", "0"], "x-b": "2"}, "body": {"b": 2}},
        "out": {
            "changed": {
                "edits": [{"set": {"pointer": "/a", "value": 1.0}}],
                "headers": [{"set": {"name": "x-a", "value": "1"}}],
            }
        },
        "after": {"headers": {"x-a": "1", "x-b": "2"}, "body": {"b": 2, "a": 1}},
    }
    play(case(config={"code": code}, steps=[step]), package)
    step["after"]["body"] = {"b": 2}
    assert '"body" of "after" differs\n  at /a\n    expected nothing' in told(
        case(config={"code": code}, steps=[step]), package
    )


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("changed(set={'/list/7': 1})", 'the pointer "/list/7" names an element that the array does not have'),
        ("changed(set={'/n/x': 1})", "goes through a value that is neither object nor array"),
        ("changed(insert=[('/n', 1)])", "must lead into an array"),
        ("changed(headers={'set': {'x a': '1'}})", '"x?a" is no name that a field may have'),
        ("changed(headers={'set': {'Host': '1'}})", 'the field "host" is the gateway\'s own'),
        ("changed(headers={'set': {'x-a': 'a\\nb'}})", 'the value of "x-a" has bytes that no field may have'),
    ],
)
def test_verdicts_that_cannot_be_carried_out(package, code, text):
    step = {"hook": "transform_request", "in": {"body": {"list": [0], "n": 1}}, "out": {"error": text}}
    play(case(config={"code": code}, steps=[step]), package)


def test_values_are_compared_as_values():
    assert difference({"a": 1}, {"a": 1.0}) is None
    assert difference({"json": {"a": [1], "b": 2}}, '{"b": 2, "a": [1]}') is None
    assert "at /a" in difference({"a": 1}, {"a": True})
    assert "at /a/1\n    expected nothing\n    got      2" in difference({"a": [1]}, {"a": [1, 2]})
    assert "and 3 more" in difference(list(range(15)), list(range(1, 16)))
    assert "at the whole" in difference(None, 0)
    assert short(0.1 + 0.2) == 0.3 and short(0.9) == 0.9 and short(None) is None and short(0) == 0


def test_grants():
    asked = capabilities({"kv": True, "http": ["a"]})
    assert consent(asked, asked) is None
    assert consent(asked, capabilities({"http": ["a"]})).startswith(
        'its manifest asks for kv: true, which "grants" does not give'
    )
    assert 'gives http: "b", which its manifest does not ask for' in consent(
        asked, capabilities({"kv": True, "http": ["a", "b"]})
    )


def test_manifests(tmp_path):
    with pytest.raises(ManifestError, match="cannot be read"):
        Package(tmp_path)
    (tmp_path / "plugin.toml").write_text('[plugin]\nid = "a"\n')
    with pytest.raises(ManifestError, match='has no "entry"'):
        Package(tmp_path)
    (tmp_path / "plugin.toml").write_text('[plugin]\nid = "a"\nentry = "a.py"\nhooks = ["moderate"]\n')
    with pytest.raises(ManifestError, match='unknown hook "moderate"'):
        Package(tmp_path)


def test_packages_with_entries_of_one_name(tmp_path):
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "plugin.toml").write_text(MANIFEST)
        (folder / "plugin.py").write_text(PLUGIN.replace("eval(self.code)", f"block('{name}')"))
    for name in ("a", "b", "a"):
        play(moderating("", {"block": name}), tmp_path / name)
