use serde_json::{Value, json};
use tidegate_contract::{Dialect, Hook, Need, TransformVerdict};
use tidegate_pipeline::{FilterFactory, Payload, Plugin};

use super::RequestTransformFactory;
use crate::testing::{Sent, call, filter, now, problems};

fn make(settings: &Value) -> std::sync::Arc<dyn Plugin> {
    filter(&RequestTransformFactory, settings)
}

fn run(settings: &Value, operation: &'static str, sent: Sent) -> Sent {
    let plugin = make(settings);
    let need = &plugin.subscription().request_body;
    sent.through(need, |headers, body| now(plugin.transform_request(call(operation), headers, body)))
}

fn chat(settings: Value, body: Value) -> Value {
    run(&settings, "chat", Sent::json(body)).body
}

fn messages(settings: Value, messages: Value) -> Value {
    chat(settings, json!({"messages": messages}))["messages"].clone()
}

#[test]
fn bodies_are_edited_by_pointer() {
    let body = json!({"temperature": 1, "logit_bias": {}, "max_tokens": 5, "top_p": 1});
    let settings = json!({
        "set": {"/temperature": 0.2, "/metadata/team": "a"},
        "default": {"/top_p": 0.5, "/seed": 7},
        "remove": ["/logit_bias", "/gone"],
        "rename": {"/max_tokens": "/max_completion_tokens", "/gone": "/x"},
    });
    let expected = json!({"temperature": 0.2, "metadata": {"team": "a"}, "top_p": 1, "seed": 7, "max_completion_tokens": 5});
    assert_eq!(chat(settings, body), expected);
}

#[test]
fn each_kind_of_edit_sees_what_those_before_it_did() {
    let renamed = json!({"rename": {"/a": "/b"}, "default": {"/b": 9, "/a": 8}});
    assert_eq!(chat(renamed, json!({"a": 1})), json!({"b": 1, "a": 8}));
    let swapped = json!({"rename": {"/a": "/b", "/b": "/a"}});
    assert_eq!(chat(swapped, json!({"a": 1, "b": 2})), json!({"b": 1, "a": 2}));
    let removed = json!({"remove": ["/a"], "rename": {"/a": "/b"}, "default": {"/a/c": 1}});
    assert_eq!(chat(removed, json!({"a": {"c": 5}})), json!({"a": {"c": 1}}));
    let set = json!({"set": {"/a": {"b": 1}}, "default": {"/a/b": 2, "/a/c": 3}});
    assert_eq!(chat(set, json!({})), json!({"a": {"b": 1, "c": 3}}));
    let elements = json!({"remove": ["/stop/0", "/stop/2", "/stop/10"]});
    let stop: Vec<u64> = (0..12).collect();
    assert_eq!(chat(elements, json!({"stop": stop}))["stop"], json!([1, 3, 4, 5, 6, 7, 8, 9, 11]));
}

#[test]
fn a_request_that_needs_no_edit_keeps_its_bytes() {
    let settings = json!({"default": {"/seed": 1}, "remove": ["/logit_bias"], "rename": {"/a": "/b"}});
    assert!(run(&settings, "chat", Sent::json(json!({"seed": null}))).untouched);
    let embeddings = json!({"input": "x"});
    assert!(run(&json!({"prepend_system": "s"}), "embeddings", Sent::json(embeddings)).untouched);
}

#[test]
fn a_text_comes_before_the_first_system_text() {
    let with = |list: Value| messages(json!({"prepend_system": "Be kind."}), list);
    let user = json!({"role": "user", "content": "hi"});
    let say = |role: &str, content: Value| json!({"role": role, "content": content});
    assert_eq!(with(json!([user])), json!([say("system", "Be kind.".into()), user]));
    assert_eq!(with(json!([])), json!([say("system", "Be kind.".into())]));
    let both = json!([user, say("developer", "Be short.".into()), say("system", "x".into())]);
    assert_eq!(with(both)[1]["content"], "Be kind.\n\nBe short.");
    let parts = json!([say("system", json!([{"type": "text", "text": "a"}]))]);
    let expected = json!([{"type": "text", "text": "Be kind."}, {"type": "text", "text": "a"}]);
    assert_eq!(with(parts)[0]["content"], expected);
    assert_eq!(with(json!([say("system", "".into())]))[0]["content"], "Be kind.");
    assert_eq!(with(json!([say("system", Value::Null)]))[0]["content"], "Be kind.");
}

#[test]
fn a_text_comes_after_the_last_user_text_in_the_same_message() {
    let with = |list: Value| messages(json!({"append_user": "In French."}), list);
    let say = |role: &str, content: Value| json!({"role": role, "content": content});
    let list = json!([say("user", "a".into()), say("user", "b".into()), say("assistant", "c".into())]);
    let expected =
        json!([say("user", "a".into()), say("user", "b\n\nIn French.".into()), say("assistant", "c".into())]);
    assert_eq!(with(list), expected);
    let image = json!({"type": "image_url", "image_url": {"url": "https://h/p"}});
    let text = |text: &str| json!({"type": "text", "text": text});
    let parts = json!([say("user", json!([text("a"), image]))]);
    assert_eq!(with(parts)[0]["content"], json!([text("a"), text("In French."), image]));
    let only_image = json!([say("user", json!([image]))]);
    assert_eq!(with(only_image)[0]["content"], json!([image, text("In French.")]));
    assert_eq!(with(json!([say("system", "s".into())]))[1], say("user", "In French.".into()));
}

#[test]
fn both_texts_stand_where_they_belong() {
    let settings = json!({"prepend_system": "S", "append_user": "U", "set": {"/messages": [{"role": "user", "content": "set"}]}});
    let expected = json!([{"role": "system", "content": "S"}, {"role": "user", "content": "set\n\nU"}]);
    assert_eq!(messages(settings, json!([{"role": "user", "content": "hi"}])), expected);
}

#[test]
fn prompts_of_completions_take_both_texts() {
    let settings = json!({"prepend_system": "S", "append_user": "U"});
    let prompt = |prompt: Value| {
        run(&settings, "completion", Sent::json(json!({"prompt": prompt}))).body["prompt"].clone()
    };
    assert_eq!(prompt("p".into()), "S\n\np\n\nU");
    assert_eq!(prompt(json!(["p", "q"])), json!(["S\n\np\n\nU", "S\n\nq\n\nU"]));
    assert_eq!(prompt(json!([1, 2])), json!([1, 2]));
}

#[test]
fn what_is_tokenized_takes_both_texts() {
    let settings = json!({"prepend_system": "S", "append_user": "U"});
    let out = |body: Value| run(&settings, "tokenize", Sent::json(body)).body;
    assert_eq!(out(json!({"prompt": "p"}))["prompt"], "S\n\np\n\nU");
    let said = |role: &str, content: &str| json!({"role": role, "content": content});
    let told = out(json!({"messages": [said("user", "p")]}));
    assert_eq!(told["messages"], json!([said("system", "S"), said("user", "p\n\nU")]));
}

#[test]
fn messages_of_anthropic_take_both_texts() {
    let settings = json!({"prepend_system": "S", "append_user": "U"});
    for operation in ["messages", "count_tokens"] {
        let out = |body: Value| run(&settings, operation, Sent::json(body)).body;
        let user = |content: Value| json!([{"role": "user", "content": content}]);
        assert_eq!(
            out(json!({"messages": user("hi".into())})),
            json!({"messages": user("hi\n\nU".into()), "system": "S"})
        );
        let text = |text: &str| json!({"type": "text", "text": text});
        let result = json!({"type": "tool_result", "tool_use_id": "t", "content": "r"});
        let body = json!({"system": [text("a")], "messages": user(json!([result])) });
        let expected =
            json!({"system": [text("S"), text("a")], "messages": user(json!([result, text("U")]))});
        assert_eq!(out(body), expected);
        assert_eq!(out(json!({"system": "a", "messages": []}))["system"], "S\n\na");
        assert_eq!(out(json!({"messages": []}))["messages"], user("U".into()));
    }
}

#[test]
fn responses_take_both_texts() {
    let settings = json!({"prepend_system": "S", "append_user": "U"});
    for operation in ["responses", "responses_input_tokens"] {
        let out = |body: Value| run(&settings, operation, Sent::json(body)).body;
        assert_eq!(out(json!({"input": "hi"})), json!({"input": "hi\n\nU", "instructions": "S"}));
        assert_eq!(out(json!({"previous_response_id": "r"}))["input"], "U");
        let part = |text: &str| json!({"type": "input_text", "text": text});
        let user = |content: Value| json!({"type": "message", "role": "user", "content": content});
        let output = json!({"type": "function_call_output", "call_id": "c", "output": "r"});
        let image = json!({"type": "input_image", "image_url": "https://h/p"});
        let body = json!({"instructions": "a", "input": [user(json!([part("b"), image])), output]});
        let expected =
            json!({"instructions": "S\n\na", "input": [user(json!([part("b"), part("U"), image])), output]});
        assert_eq!(out(body), expected);
        let only_output = out(json!({"input": [output], "instructions": [user("a".into())]}));
        assert_eq!(only_output["input"], json!([output, {"role": "user", "content": "U"}]));
        assert_eq!(
            only_output["instructions"],
            json!([{"role": "developer", "content": "S"}, user("a".into())])
        );
    }
}

#[test]
fn headers_are_edited_without_a_look_at_the_body() {
    let settings = json!({"headers": {"set": {"X-Team": "a"}, "add": {"x-tag": "b"}, "remove": ["x-old"]}});
    let mut sent = Sent::json(json!({"a": 1}));
    sent.headers.insert("x-old", "1".parse().unwrap());
    sent.headers.insert("x-tag", "0".parse().unwrap());
    let out = run(&settings, "chat", sent);
    assert!(out.untouched && !out.headers.contains_key("x-old"));
    assert_eq!(out.headers["x-team"], "a");
    assert_eq!(out.headers.get_all("x-tag").iter().count(), 2);
    assert_eq!(make(&settings).subscription().request_body, Need::Nothing);
}

#[test]
fn it_subscribes_to_what_it_needs() {
    let need = |settings: Value| make(&settings).subscription().request_body.clone();
    assert_eq!(need(json!({"set": {"/a": 1}})), Need::Fields(vec![]));
    assert_eq!(
        need(json!({"remove": ["/a"], "default": {"/b": 1}})),
        Need::Fields(vec!["/a".into(), "/b".into()])
    );
    let Need::Fields(prompts) = need(json!({"append_user": "x"})) else { panic!("it needs fields") };
    for pointer in ["/messages", "/prompt", "/system", "/instructions", "/input", "/contents"] {
        assert!(prompts.iter().any(|needed| needed == pointer), "{pointer}");
    }
    assert!(make(&json!({})).subscription().hooks.is_empty());
    let both: Vec<Hook> = make(&json!({"set": {"/a": 1}})).subscription().hooks.iter().collect();
    assert_eq!(both, [Hook::TransformRequest, Hook::TransformUpstream]);
    assert_eq!(make(&json!({"view": "chat"})).subscription().dialects, ["chat"]);
    let all = Dialect::ALL.map(Dialect::as_str);
    assert_eq!(make(&json!({"view": "client"})).subscription().dialects, all);
}

#[test]
fn among_a_backends_filters_it_edits_the_attempt() {
    let plugin = make(&json!({"set": {"/a": 1}}));
    let need = &plugin.subscription().request_body;
    let out = Sent::json(json!({}))
        .through(need, |headers, body| now(plugin.transform_upstream(call("chat"), headers, body)));
    assert_eq!(out.body, json!({"a": 1}));
}

#[test]
fn what_is_no_json_passes() {
    let plugin = make(&json!({"set": {"/a": 1}}));
    let headers = http::HeaderMap::new();
    for payload in [Payload::Absent, Payload::Opaque("multipart/form-data")] {
        let verdict = now(plugin.transform_request(call("other"), &headers, payload));
        assert_eq!(verdict, TransformVerdict::Unchanged);
    }
}

#[test]
fn wrong_settings_are_named_with_their_place() {
    let settings = json!({
        "set": {"temperature": 1}, "default": {"/a~2": 1}, "remove": ["/ok", ""], "rename": {"/a": "b"},
        "headers": {"set": {"a b": "x", "x-line": "a\nb"}, "add": {"Host": "h"}, "remove": ["content-length"]},
    });
    let problems = problems(&RequestTransformFactory, &settings);
    let pointers: Vec<&str> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
    let expected = [
        "/set/temperature",
        "/default/~1a~02",
        "/remove/1",
        "/rename/~1a",
        "/headers/remove/0",
        "/headers/set/a b",
        "/headers/set/x-line",
        "/headers/add/Host",
    ];
    assert_eq!(pointers, expected);
    assert_eq!(
        problems[0].message,
        "\"temperature\" is no JSON pointer: it does not begin with \"/\"; write it such as \"/temperature\""
    );
    assert!(problems.iter().all(|problem| !problem.message.contains('\n')), "{problems:?}");
}

#[test]
fn unknown_keys_are_refused_and_the_schema_says_so() {
    assert_eq!(problems(&RequestTransformFactory, &json!({"sett": {}})).len(), 1);
    assert_eq!(RequestTransformFactory.schema()["additionalProperties"], false);
}
