use serde_json::{Value, json};
use tidegate_contract::{Event, EventVerdict, Hook, Need, TransformVerdict};
use tidegate_pipeline::{FilterFactory, Payload, Plugin};

use super::ResponseTransformFactory;
use crate::testing::{Sent, call, filter, now, problems};

fn make(settings: &Value) -> std::sync::Arc<dyn Plugin> {
    filter(&ResponseTransformFactory, settings)
}

fn run(settings: &Value, status: u16, body: Value) -> Sent {
    let plugin = make(settings);
    let need = &plugin.subscription().response_body;
    Sent::json(body)
        .through(need, |headers, body| now(plugin.transform_response(call("chat"), status, headers, body)))
}

fn events(settings: &Value, data: &[&str]) -> Vec<EventVerdict> {
    let plugin = make(settings);
    let events: Vec<Event> =
        data.iter().map(|data| Event { name: Some("e".into()), data: (*data).to_owned() }).collect();
    now(plugin.transform_event(call("chat"), &events))
}

fn replaced(data: &str) -> EventVerdict {
    EventVerdict::Replace(vec![Event { name: Some("e".into()), data: data.into() }])
}

#[test]
fn answers_and_errors_are_edited_by_pointer() {
    let settings = json!({"remove": ["/system_fingerprint", "/error/param"], "set": {"/by": "us"}, "rename": {"/id": "/request"}});
    let out = run(&settings, 200, json!({"id": "1", "system_fingerprint": "f", "choices": []}));
    assert_eq!(out.body, json!({"choices": [], "request": "1", "by": "us"}));
    let error = run(&settings, 500, json!({"error": {"message": "m", "param": "p"}}));
    assert_eq!(error.body, json!({"error": {"message": "m"}, "by": "us"}));
    assert!(run(&json!({"remove": ["/system_fingerprint"]}), 200, json!({"a": 1})).untouched);
}

#[test]
fn every_event_is_edited_and_others_keep_their_bytes() {
    let settings = json!({"remove": ["/system_fingerprint"]});
    let data = [r#"{"id":"1", "system_fingerprint":"f"}"#, r#"{"id" : 1.0}"#];
    assert_eq!(events(&settings, &data), [replaced(r#"{"id":"1"}"#), EventVerdict::Keep]);
}

#[test]
fn an_edit_without_a_place_in_an_event_leaves_the_others() {
    let settings = json!({"set": {"/usage/by": "us", "/x": 1}});
    let out = events(&settings, &[r#"{"usage":null}"#, r#"{"usage":{}}"#]);
    assert_eq!(out, [replaced(r#"{"usage":null,"x":1}"#), replaced(r#"{"usage":{"by":"us"},"x":1}"#)]);
}

#[test]
fn of_a_streams_head_only_headers_are_edited() {
    let plugin = make(&json!({"set": {"/a": 1}, "headers": {"set": {"x-a": "1"}}}));
    let headers = http::HeaderMap::new();
    let verdict = now(plugin.transform_response(call("chat"), 200, &headers, Payload::Absent));
    let TransformVerdict::Changed(change) = verdict else { panic!("{verdict:?}") };
    assert!(change.body.is_none() && change.headers.len() == 1);
}

#[test]
fn it_subscribes_to_what_it_needs() {
    let hooks = |settings: Value| make(&settings).subscription().hooks.iter().collect::<Vec<Hook>>();
    assert_eq!(hooks(json!({"headers": {"remove": ["server"]}})), [Hook::TransformResponse]);
    assert_eq!(hooks(json!({"remove": ["/a"]})), [Hook::TransformEvent, Hook::TransformResponse]);
    assert_eq!(hooks(json!({})), []);
    let plugin = make(&json!({"headers": {"remove": ["server"]}}));
    assert_eq!(plugin.subscription().response_body, Need::Nothing);
}

#[test]
fn wrong_settings_are_named_with_their_place() {
    let found =
        problems(&ResponseTransformFactory, &json!({"remove": ["a"], "headers": {"add": {"te": "x"}}}));
    let pointers: Vec<&str> = found.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(pointers, ["/remove/0", "/headers/add/te"]);
    assert_eq!(problems(&ResponseTransformFactory, &json!({"prepend_system": "x"})).len(), 1);
    assert_eq!(ResponseTransformFactory.schema()["additionalProperties"], false);
}
