"""T-TPL-1: what a client writes is text wherever a template, a pattern or a condition meets it; nothing evaluates it."""

import json

import pytest

from support.gateway import ROOT, Gateway, proxy_config
from support.upstream import Upstream

# Seven times seven, a file, or another place's value, in the words of many template languages; and what patterns replace by.
TEXTS = [
    *("{{7*7}}", "{{ 7 * 7 }}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{%print(7*7)%}", "{{'7'*7}}", "[[${7*7}]]", "@(7*7)", "*{7*7}", "~{7*7}"),
    *("{principal}", "{{principal}}", "{{{principal}}}", "{tenant}{model}{route}", "{request_id}", "{model", "model}", "{}", "{0}", "{0.__class__}", "%s%n", "%(model)s"),
    *("{{ ''.__class__.__mro__ }}", "{% include '/etc/passwd' %}", "{{ cycler.__init__.__globals__ }}", "{{ env.HOME }}", "$(id)", "`id`", "${jndi:ldap://127.0.0.1/a}"),
    *("$0 $1 ${1} \\0 \\1 $name ${name} $& $` $'", "{{.}} {{ range . }}", "' || true || '", '" || true || "', "\\u007b\\u007b7*7}}", "%7b%7b7*7%7d%7d"),
]
FOUND = "tide-4711"
EVALUATED = ("7777777", "root:", "uid=", "<class")


@pytest.fixture(scope="module")
def upstream():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(upstream):
    decorator = {"plugin": {"name": "decorator", "config": {"system": "To {principal} of {tenant}: {model}.", "user": "{{model}} {other"}}}
    keys = [{"key": f"key-{number}", "principal": text, "tenant": text} for number, text in enumerate(TEXTS)]
    moderation = {"patterns": ["(?P<name>tide)-([0-9]+)"], "action": "redact", "replace_with": "[$0 $1 ${name} {model}]", "on": ["input"]}
    refusing = {"content_moderation": {"words": ["hello"], "on": ["input"]}, "when": "model == 'never' && true"}
    filters = [
        {"auth_filter": {"api_keys": {"keys": keys}}},
        {"content_moderation": moderation},
        refusing,
        {"request_transform": {"set": {"/user": "{{7*7}} ${principal} {model}"}, "headers": {"set": {"x-note": "{{7*7}} {model}"}}}},
        decorator,
    ]
    routes = [{"name": "all", "match": {"model": "*"}, "backends": [{"cluster": "up"}]}]
    plugins = {"decorator": {"path": str(ROOT / "plugins/prompt-decorator")}}
    config = json.dumps(proxy_config({"up": upstream.cluster()}, filters, routes, plugins=plugins))
    # None of it is a reference of the configuration.
    with Gateway(config.replace("${", "$${")) as gateway:
        yield gateway


@pytest.mark.parametrize("number", range(len(TEXTS)), ids=TEXTS)
def test_t_tpl_1_nobody_evaluates_what_a_client_writes(gateway, upstream, number):
    """Neither its text, nor its model, nor its name in a template of the operator, which is filled in once."""
    text = TEXTS[number]
    answer = gateway.chat(text, f"{text} {FOUND} {text}", headers={"authorization": f"Bearer key-{number}", "x-client": text})
    assert answer.status_code == 200, answer.text
    seen = upstream.requests[-1]
    system, user, last = [message["content"] for message in seen.json["messages"]]
    assert user == f"{text} [$0 $1 ${{name}} {{model}}] {text}", "what stands in place of a match is the operator's words, and no part of it"
    assert system == f"To {text} of {text}: {text}."
    assert last == "{model} {other"
    assert (seen.json["model"], seen.get("x-client")) == (text, text)
    assert (seen.json["user"], seen.get("x-note")) == ("{{7*7}} ${principal} {model}", "{{7*7}} {model}")


def test_t_tpl_1_what_a_client_is_told_is_not_evaluated(gateway):
    for text in TEXTS:
        answer = gateway.post("/v1/chat/completions", {"model": text, "messages": text}, headers={"authorization": "Bearer key-0"})
        unknown = gateway.get("/v1/models/" + "".join(f"%{byte:02x}" for byte in text.encode()), headers={"authorization": "Bearer key-0"})
        for told in (answer, unknown):
            assert told.status_code in (200, 400, 404)
            assert not [word for word in EVALUATED if word in told.text and word not in text]
