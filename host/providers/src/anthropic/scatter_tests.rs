use proptest::prelude::*;
use serde_json::{Value, json};

use super::scatter;
use crate::anthropic::gather::gather;
use crate::anthropic::texts;

fn message(content: Value) -> Value {
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": content,
        "usage": {"input_tokens": 3, "output_tokens": 9}, "stop_reason": "tool_use", "stop_sequence": null,
        "container": {"id": "c"}})
}

fn content(text: &str) -> Value {
    json!([
        {"type": "thinking", "thinking": text, "signature": "sig"},
        {"type": "redacted_thinking", "data": "QUJD"},
        {"type": "text", "text": text, "citations": [{"type": "page_location", "cited_text": text, "document_title": "T"}]},
        {"type": "text", "text": text},
        {"type": "tool_use", "id": "toolu_1", "name": "t", "input": {"a": [text], "b": {}}},
        {"type": "tool_use", "id": "toolu_2", "name": "t", "input": {}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"type": "web_search_result", "title": text}]},
        {"type": "compaction", "content": text},
    ])
}

fn parsed(answer: &Value) -> Vec<Value> {
    let events = scatter(answer);
    let parsed: Vec<Value> = events.iter().map(|event| serde_json::from_str(&event.data).unwrap()).collect();
    assert!(events.iter().zip(&parsed).all(|(event, data)| {
        event.name.as_deref() == data["type"].as_str() || event.name.as_deref() == Some("error")
    }));
    parsed
}

fn gathered(events: &[Value]) -> Value {
    let data: Vec<String> = events.iter().map(Value::to_string).collect();
    gather(&data.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn events_come_in_the_order_of_the_api() {
    let answer = message(json!([{"type": "text", "text": "hi"}, content("x")[4], content("x")[0]]));
    let delta =
        |index: u64, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let start = |index: u64, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let stop = |index: u64| json!({"type": "content_block_stop", "index": index});
    assert_eq!(
        parsed(&answer),
        [
            json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
                "content": [], "usage": {"input_tokens": 3, "output_tokens": 0}, "stop_reason": null, "stop_sequence": null}}),
            start(0, json!({"type": "text", "text": ""})),
            delta(0, json!({"type": "text_delta", "text": "hi"})),
            stop(0),
            start(1, json!({"type": "tool_use", "id": "toolu_1", "name": "t", "input": {}})),
            delta(1, json!({"type": "input_json_delta", "partial_json": "{\"a\":[\"x\"],\"b\":{}}"})),
            stop(1),
            start(2, json!({"type": "thinking", "thinking": "", "signature": ""})),
            delta(2, json!({"type": "thinking_delta", "thinking": "x"})),
            delta(2, json!({"type": "signature_delta", "signature": "sig"})),
            stop(2),
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null, "container": {"id": "c"}},
                "usage": {"input_tokens": 3, "output_tokens": 9}}),
            json!({"type": "message_stop"}),
        ]
    );
}

#[test]
fn an_answer_adds_up_to_itself_again() {
    let answer = message(content("a"));
    assert_eq!(gathered(&parsed(&answer)), answer);
}

#[test]
fn parts_add_up() {
    let delta =
        |index: u64, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let answer = gathered(&[
        json!({"type": "message_start", "message": {"id": "m", "content": [], "usage": {"input_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "input": {}}}),
        delta(0, json!({"type": "input_json_delta", "partial_json": "{\"a\":"})),
        json!({"type": "ping"}),
        delta(0, json!({"type": "input_json_delta", "partial_json": "1}"})),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "input": {}}}),
        delta(0, json!({"type": "input_json_delta", "partial_json": "{\"a"})),
        delta(5, json!({"type": "compaction_delta", "content": "x", "encrypted_content": null})),
        delta(5, json!({"type": "compaction_delta", "content": "y"})),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}, "context_management": {}}),
        json!({"type": "message_stop"}),
    ]);
    assert_eq!(
        answer,
        json!({"id": "m", "content": [{"type": "tool_use", "input": {"a": 1}}, {"type": "tool_use", "input": "{\"a"},
            {"content": "xy", "encrypted_content": null}], "usage": {"input_tokens": 1, "output_tokens": 2},
            "stop_reason": "end_turn", "context_management": {}})
    );
    assert!(scatter(&answer).iter().any(|event| event.data.contains(r#""partial_json":"{\"a""#)));
}

#[test]
fn an_error_is_one_event_and_back() {
    let body = json!({"type": "error", "error": {"type": "api_error", "message": "no"}, "request_id": "r"});
    assert_eq!(parsed(&body), std::slice::from_ref(&body));
    assert_eq!(gathered(std::slice::from_ref(&body)), body);
    let mut events = parsed(&message(json!([{"type": "text", "text": "hi"}])));
    events.truncate(4);
    events.push(json!({"type": "error", "error": body["error"]}));
    let answer = gathered(&events);
    assert_eq!(
        (&answer["error"], &answer["content"]),
        (&body["error"], &json!([{"type": "text", "text": "hi"}]))
    );
    assert_eq!(parsed(&answer).last(), events.last());
    assert_eq!(scatter(&json!({"x": 1}))[0].name.as_deref(), Some("error"));
}

fn texts(answer: &Value) -> Vec<String> {
    texts::answer(answer)
        .into_iter()
        .map(|found| format!("{} {}", found.pointer, answer.pointer(&found.pointer).unwrap()))
        .collect()
}

proptest! {
    #[test]
    fn no_text_is_lost(text in "[a-zä\"{} ]{0,6}", kept in 0_usize..9) {
        let mut list = content(&text);
        list.as_array_mut().unwrap().truncate(kept);
        let answer = message(list);
        prop_assert_eq!(texts(&gathered(&parsed(&answer))), texts(&answer));
    }

    #[test]
    fn any_events_do_no_harm(
        events in prop::collection::vec(crate::stream::tests::any_event(), 0..6),
        answer in crate::stream::tests::any_value(),
    ) {
        let again = gathered(&events);
        prop_assert!(again.is_object());
        scatter(&again);
        scatter(&answer);
    }
}
