"""Headers, bodies, events and what else hooks are given."""

import pytest

from tidegate import Body, Event, Finding, Headers, Text, Usage
from tidegate.testing import async_context, context


def test_headers_are_looked_up_in_any_case():
    headers = Headers({"X-A": ["1", "2"], "x-b": "3"})
    assert headers["x-a"] == headers.get("X-A") == "1"
    assert headers.all("X-a") == ["1", "2"]
    assert "X-B" in headers and "x-c" not in headers and 3 not in headers
    assert headers.get("x-c") is None and headers.get("x-c", "d") == "d"
    assert list(headers) == headers.items() == [("x-a", "1"), ("x-a", "2"), ("x-b", "3")]
    assert len(headers) == 3
    with pytest.raises(KeyError):
        headers["x-c"]


def test_values_of_headers_are_text_and_lose_no_byte():
    headers = Headers([("x-text", "grün 🌲"), ("x-raw", b"a\xff\x80")])
    assert headers["x-text"] == "grün 🌲"
    assert headers["x-raw"] == "a\udcff\udc80"
    assert headers.raw("x-raw") == [b"a\xff\x80"]
    assert Headers({"x-raw": headers["x-raw"]}).raw("x-raw") == [b"a\xff\x80"]


def test_a_whole_body_is_read_by_pointers():
    body = Body('{"a/b": [1, {"": null}], "m~n": 2}')
    assert body and body.kind == "whole"
    assert body["/a~1b/0"] == 1 and body["/m~0n"] == 2 and body[""] == body.json()
    assert body.get("/a~1b/1/", "none") is None
    assert "/a~1b/1/" in body and "/a~1b/2" not in body and "/a~1b/00" not in body and "/a~1b/-" not in body
    assert body.get("/x/y", 3) == 3
    with pytest.raises(KeyError):
        body["/x"]
    with pytest.raises(ValueError, match="is no JSON pointer"):
        body["a"]


def test_a_body_is_parsed_once():
    body = Body('{"a": 1}')
    body.json()["a"] = 2
    assert body["/a"] == 2 and body.text == '{"a": 1}'


def test_of_fields_there_is_what_was_asked_for():
    body = Body(fields={"/model": "m", "/stop": None})
    assert body["/model"] == "m" and body["/stop"] is None and "/stop" in body and "/x" not in body
    with pytest.raises(ValueError, match='subscribe to it as "whole"'):
        body.json()


def test_other_bodies():
    assert not Body() and Body().kind == "absent" and "/a" not in Body()
    assert Body(fields={}) and Body(media_type="image/png").media_type == "image/png"
    assert [repr(Body()), repr(Body("{}")), repr(Body(media_type="a/b"))] == [
        "<Body absent>", "<Body whole 2 bytes>", "<Body opaque a/b>",
    ]  # fmt: skip


def test_an_event_that_is_not_looked_at_stays_as_it_came():
    event = Event._of({"name": None, "data": '{ "a" : 1 }'})
    assert event.text == '{ "a" : 1 }'
    event.data["b"] = "ä"
    assert event.text == '{"a":1,"b":"ä"}'


def test_values_are_compared_and_shown_by_their_parts():
    assert Usage(1, 2) == Usage(1, 2) != Usage(1, 3)
    assert repr(Finding("email", text=Text("x", id=3))) == "Finding(category='email', score=None, text=3, detail='')"
    assert Event({"a": 1}) == Event._of({"data": '{"a":1}'}) != Event({"a": 2})
    assert {Text("a", id=1): 1}[Text("a", id=1)] == 1


def test_a_context_for_tests_has_services():
    ctx = context(model="gpt-4o", principal={"id": "ann", "attributes": {"team": "blue"}}, secrets={"token": "t"})
    assert (ctx.model, ctx.principal.attributes, ctx.secrets.get("token")) == ("gpt-4o", {"team": "blue"}, "t")
    assert ctx.kv.increment("n", 2) == 2 and ctx.kv.get("n").text == "2"
    assert 0 < ctx.deadline_ms <= 10_000


def test_an_async_context_is_awaited():
    import asyncio

    async def main():
        ctx = async_context(route="chat")
        await ctx.kv.set("a", b"1")
        return ctx.route, (await ctx.kv.get("a")).value, await ctx.attribute("method")

    assert asyncio.run(main()) == ("chat", b"1", "GET")
