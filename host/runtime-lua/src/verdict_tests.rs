use tidegate_contract::{Text, TransformVerdict};
use tidegate_pipeline::HookError;

use crate::testing::{ask, call, plugin, scope, transform};

async fn invalid(body: &str) -> String {
    match ask(&transform(body).await, "{}").await {
        Err(HookError::Invalid(text)) => text,
        other => panic!("{body} gave {other:?}"),
    }
}

#[tokio::test]
async fn wrong_shapes_are_named() {
    let cases = [
        (
            "return 3",
            "\"transform_request\" returned a integer; return what tidegate's unchanged, changed or reply makes",
        ),
        ("return {}", "returned a table that no function of tidegate made"),
        ("return tidegate.pass()", "returned tidegate.pass, which is no verdict of this hook"),
        ("return {verdict = 'other'}", "returned tidegate.other, which is no verdict of this hook"),
        ("return tidegate.changed(3)", "changed must be a table, not a integer"),
        ("return tidegate.changed{hedaers = {}}", "changed has \"hedaers\", which it cannot have"),
        ("return tidegate.changed{1}", "changed has a key of type integer"),
        (
            "return tidegate.changed{set = {'/a'}}",
            "a key of \"set\" of changed must be a string, not a integer",
        ),
        (
            "return tidegate.changed{set = {['/a'] = print}}",
            "\"/a\" in \"set\" of changed: a function is no JSON",
        ),
        (
            "return tidegate.changed{set = {['/a'] = '\\xff'}}",
            "\"/a\" in \"set\" of changed: a text is no UTF-8",
        ),
        (
            "return tidegate.changed{insert = {{'/a'}}}",
            "an element of \"insert\" of changed must be {pointer, value}",
        ),
        ("return tidegate.changed{remove = '/a'}", "\"remove\" of changed must be a list, not a string"),
        (
            "return tidegate.changed{edits = {{op = 'set', path = '/a'}}}",
            "edit 1 of changed has no \"value\"",
        ),
        (
            "return tidegate.changed{edits = {{op = 'put', path = '/a'}}}",
            "\"op\" of edit 1 of changed must be set",
        ),
        ("return tidegate.changed{edits = {{path = '/a'}}}", "edit 1 of changed has no \"op\""),
        ("return tidegate.changed{edits = {}, replace = {}}", "not several of them"),
        ("return tidegate.changed{set = {a = 1}, replace = {}}", "not several of them"),
        (
            "return tidegate.changed{reroute = 1}",
            "\"reroute\" of changed must be true or false, not a integer",
        ),
        ("return tidegate.changed{cluster = '\\xff'}", "\"cluster\" of changed is a string that is no UTF-8"),
        (
            "return tidegate.changed{headers = {set = {a = 1}}}",
            "\"a\" of \"set\" in \"headers\" of changed must be a string",
        ),
        (
            "return tidegate.changed{headers = {put = {}}}",
            "\"headers\" of changed has \"put\", which it cannot have",
        ),
        ("return tidegate.changed{headers = {add = {a = {true}}}}", "must be a string, not a boolean"),
        ("return tidegate.reply{status = 100}", "\"status\" of reply must be from 200 to 599"),
        ("return tidegate.reply{status = '200'}", "\"status\" of reply must be a whole number, not a string"),
        ("return tidegate.reply{status = 1000}", "must be a whole number from 0 to 599"),
        ("return tidegate.reply{body = {}}", "\"body\" of reply must be a string, not a table"),
    ];
    for (body, wanted) in cases {
        let text = invalid(body).await;
        assert!(text.contains(wanted), "{body}: {text}");
    }
}

#[tokio::test]
async fn refusals_and_grants_must_be_whole() {
    let cases = [
        ("return tidegate.grant{}", "grant has no \"principal\""),
        ("return tidegate.grant('')", "grant has no \"principal\""),
        ("return tidegate.grant{principal = {}}", "\"principal\" of grant must be a string, not a table"),
        (
            "return tidegate.grant{principal = 'a', attributes = {x = 1}}",
            "\"x\" in \"attributes\" of grant must be a string",
        ),
        ("return tidegate.deny(200, 'a', 'b')", "\"status\" of deny must be from 400 to 599"),
        ("return tidegate.deny(401, 'a')", "deny has no \"message\""),
        ("return tidegate.deny{status = 401, message = 'a'}", "deny has no \"code\""),
        ("return tidegate.allow()", "returned tidegate.allow, which is no verdict of this hook"),
    ];
    for (body, wanted) in cases {
        let source = format!("return {{authenticate = function() {body} end}}");
        let (plugin, scope) = (plugin("authenticate", &source).await, scope());
        let head = tidegate_contract::Head {
            method: "GET",
            scheme: "http",
            authority: "a",
            path: "/",
            query: "",
            headers: &[],
            client: tidegate_contract::Peer::at(std::net::IpAddr::from([127, 0, 0, 1])),
            body_sha256: None,
        };
        let text = plugin.authenticate(call(&scope, None), head).await.unwrap_err().to_string();
        assert!(text.contains(wanted), "{body}: {text}");
    }
}

#[tokio::test]
async fn edits_of_texts_must_fit() {
    let cases = [
        ("text = 1, from = 0, to = 1", "begin before the text, whose first byte is 1"),
        ("text = 1, from = 1, to = 5", "bytes 1 to 5 of text 1 are no range of its 4 bytes"),
        ("text = 1, from = 3, to = 1", "are no range"),
        ("text = 1, from = 2, to = 2", "cut a character of UTF-8 in two"),
        ("text = 2, from = 1, to = 1", "bytes 1 to 1 of text 2 have left already"),
        ("text = 9, from = 1, to = 1", "names text 9, which does not exist"),
        ("text = 1, from = 1", "edit 1 of redact has no \"to\""),
        ("text = 'a', from = 1, to = 1", "\"text\" must be a whole number, not a string"),
        (
            "text = 1, from = 1, to = 1, with = '\\xff'",
            "\"with\" of edit 1 of redact is a string that is no UTF-8",
        ),
    ];
    for (edit, wanted) in cases {
        let source = format!("return {{moderate_input = function() return tidegate.redact{{{edit}}} end}}");
        let (plugin, scope) = (plugin("moderate_input", &source).await, scope());
        let text = |id, released| Text {
            id,
            role: "user",
            kind: "text",
            content: "aäb".into(),
            start: 0,
            released,
            complete: true,
            new_turn: false,
        };
        let texts = [text(1, 0), text(2, 1)];
        let told = plugin.moderate_input(call(&scope, None), &texts).await.unwrap_err().to_string();
        assert!(told.contains(wanted), "{edit}: {told}");
    }
}

#[tokio::test]
async fn a_verdict_is_bounded_whatever_it_is_made_of() {
    for body in [
        "return tidegate.reply{body = string.rep('x', 2^20 + 1)}",
        "return tidegate.changed{replace = {string.rep('x', 2^20)}}",
        "local t = {1} for i = 1, 60 do t = {t, t} end return tidegate.changed{replace = t}",
        "local h = {} for i = 1, 40000 do h['x-' .. i] = string.rep('v', 16) end
            return tidegate.changed{headers = {set = h}}",
        "return tidegate.changed{remove = table.create(70000, '')}",
        "return tidegate.changed{headers = {remove = table.create(2^21, '')}}",
    ] {
        let asked = ask(&transform(body).await, "{}").await;
        assert!(matches!(asked, Err(HookError::Output(1_048_576))), "{body}: {asked:?}");
    }
    let fits = transform("return tidegate.reply{body = string.rep('x', 2^20)}").await;
    assert!(matches!(ask(&fits, "{}").await, Ok(TransformVerdict::Reply(_))));
}
