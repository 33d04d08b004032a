"""Verdicts, as the metas that they become."""

import pytest

from tidegate import (
    Event,
    Finding,
    Text,
    TextEdit,
    admit,
    allow,
    block,
    changed,
    deny,
    drop,
    flag,
    grant,
    keep,
    pass_,
    redact,
    refuse,
    replace,
    reply,
    unchanged,
)


def test_authentication():
    assert pass_().meta == "pass"
    assert grant("ann").meta == {"allow": {"principal": {"id": "ann", "tenant": None, "attributes": []}, "headers": []}}
    full = grant("ann", tenant="acme", attributes={"a": "b"}, headers={"set": {"X-A": "ä"}, "remove": ["Cookie"]})
    assert full.meta["allow"]["principal"] == {"id": "ann", "tenant": "acme", "attributes": [["a", "b"]]}
    assert full.meta["allow"]["headers"] == [{"remove": "cookie"}, {"set": ["x-a", "Ã¤"]}]
    assert deny(401, "bad", "no", headers={"www-authenticate": ["Bearer", "Basic"]}).meta == {
        "deny": {
            "status": 401,
            "code": "bad",
            "message": "no",
            "headers": [["www-authenticate", "Bearer"], ["www-authenticate", "Basic"]],
        }
    }


def test_admission():
    assert admit().meta == "admitted"
    assert admit("t").meta == {"admitted": "t"}
    assert refuse(429, "quota", "no").meta["refused"]["headers"] == []


def test_changes_keep_their_order():
    made = changed(remove=["/b", "/a"], set={"/d": None, "/c": [1]}, insert=[("/e/-", 1), ("/e/0", 2)])
    assert made.meta["changed"]["edits"] == [
        {"remove": "/b"},
        {"remove": "/a"},
        {"set": {"pointer": "/d", "value": None}},
        {"set": {"pointer": "/c", "value": [1]}},
        {"insert": {"pointer": "/e/-", "value": 1}},
        {"insert": {"pointer": "/e/0", "value": 2}},
    ]
    own = changed(edits=[("set", "", {}), ("remove", "/x"), ("insert", "/y/0", None)])
    assert [next(iter(edit)) for edit in own.meta["changed"]["edits"]] == ["set", "remove", "insert"]


def test_other_changes():
    assert changed() == unchanged() and changed().meta == "unchanged"
    assert changed(cluster="c", reroute=True).meta == {"changed": {"cluster": "c", "reroute": True}}
    replaced = changed(replace=None)
    assert (replaced.meta, replaced.body) == ({"changed": {"replace": True}}, b"null")
    fields = changed(headers=[("add", "X-A", b"\xff"), ("remove", "x-b"), ("set", "x-c", "")])
    assert fields.meta["changed"]["headers"] == [{"add": ["x-a", "ÿ"]}, {"remove": "x-b"}, {"set": ["x-c", ""]}]


def test_replies():
    assert reply().meta == {"reply": {"status": 200, "headers": []}}
    assert reply(204, "ä").body == "ä".encode()
    with_json = reply(403, json={"a": [1]})
    assert with_json.body == b'{"a":[1]}'
    assert with_json.meta["reply"]["headers"] == [["content-type", "application/json"]]
    own = reply(json=1, headers={"Content-Type": "text/plain"})
    assert own.meta["reply"]["headers"] == [["content-type", "text/plain"]]


def test_events():
    assert (keep().meta, drop().meta) == ("keep", "drop")
    assert replace(Event({"a": 1}, "n")).meta == {"replace": [{"name": "n", "data": '{"a":1}'}]}
    assert replace(Event(n) for n in range(2)).meta["replace"][1] == {"name": None, "data": "1"}
    assert replace([]).meta == {"replace": []}


def test_moderation():
    text = Text("abc", id=3)
    assert allow().wire([3]) == {"judgement": "allow"}
    assert block("no").wire([]) == {"judgement": {"block": "no"}}
    assert redact([]).wire([]) == {"judgement": "allow"}
    flagged = flag(Finding("email", score=0.5, text=text, detail="one")).wire([])
    assert flagged["findings"] == [{"category": "email", "score": 0.5, "text": 3, "detail": "one"}]
    assert allow(hold=4).wire([1, 2])["hold"] == [[1, 4], [2, 4]]
    assert allow(hold={text: 2, 9: 0}).wire([])["hold"] == [[3, 2], [9, 0]]


def test_edits_are_put_in_order():
    made = redact([TextEdit(1, 5, 6, ""), TextEdit(0, 9, 9, ""), TextEdit(1, 0, 2, "")]).wire([])
    assert [(edit["id"], edit["start"]) for edit in made["judgement"]["edit"]] == [(0, 9), (1, 0), (1, 5)]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: deny("401", "a", "b"), "the status of a refusal is an int, not str"),
        (lambda: deny(True, "a", "b"), "the status of a refusal is an int, not bool"),
        (lambda: refuse(200, "a", "b"), "the status of a refusal is 200; it must be 400 to 599"),
        (lambda: deny(401, None, "b"), "the code of a refusal is a str, not NoneType"),
        (lambda: grant(3), "a principal is a str, not int"),
        (lambda: grant("a", attributes={"n": 1}), 'the attribute "n" is a str, not int'),
        (lambda: admit(3), "a ticket is a str, not int"),
        (lambda: changed(set={"model": 1}), '"model" is no JSON pointer; begin it with "/"'),
        (lambda: changed(remove="/a"), '"remove" of changed is a list of pointers, not one str'),
        (lambda: changed(set={"/a": 1}, replace={}), "not several of them"),
        (lambda: changed(edits=[("put", "/a", 1)]), "is no edit of a body"),
        (lambda: changed(headers={"put": {}}), '"headers" of a verdict has "put"'),
        (lambda: changed(headers={"remove": "x-a"}), '"remove" of "headers" is a list of names'),
        (lambda: changed(headers=[("set", "x-a")]), "is no edit of a header"),
        (lambda: changed(headers={"set": {"x-a": 1}}), 'the value of the field "x-a" is a str or bytes, not int'),
        (lambda: changed(replace=float("nan")), "not JSON compliant"),
        (lambda: changed(cluster=1), "a cluster is a str, not int"),
        (lambda: reply(99), "the status of a reply is 99; it must be 200 to 599"),
        (lambda: reply(200, {"a": 1}), "the body of a reply is a str or bytes, not dict"),
        (lambda: reply(200, "a", json=1), 'reply takes "body" or "json", not both'),
        (lambda: replace({"a": 1}), r"write replace\(Event\(data\)\)"),
        (lambda: redact([(0, 1)]), "redact takes what text.edit makes, not tuple"),
        (lambda: flag({"category": "a"}), "a finding is a Finding, not str"),
        (lambda: flag(Finding("a", score="high")), "the score of a finding is a number, not str"),
        (lambda: block(None), "the reason of a block is a str, not NoneType"),
        (lambda: allow(hold=-1), "hold is -1; it must be 0 to 4294967295"),
        (lambda: allow(hold={"0": 1}), "the text of hold is an int, not str"),
    ],
)
def test_mistakes_are_told_where_they_are_made(make, text):
    with pytest.raises((TypeError, ValueError), match=text):
        make()
