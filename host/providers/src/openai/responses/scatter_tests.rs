use proptest::prelude::*;
use serde_json::{Value, json};

use super::scatter;
use crate::openai::responses::gather::gather;
use crate::openai::responses::items;

fn response(status: &str, output: Value) -> Value {
    json!({"id": "resp_1", "object": "response", "created_at": 5, "status": status, "model": "gpt", "error": null,
        "incomplete_details": null, "instructions": "be brief", "metadata": {}, "output": output, "tools": [],
        "usage": {"input_tokens": 1, "output_tokens": 2}})
}

/// Items of each kind that has events of its own, and of one that has none.
fn output(text: &str) -> Value {
    json!([
        {"id": "rs", "type": "reasoning", "summary": [{"type": "summary_text", "text": text}, {"type": "summary_text", "text": "2"}],
            "content": [{"type": "reasoning_text", "text": text}], "encrypted_content": "blob"},
        {"id": "msg", "type": "message", "status": "completed", "role": "assistant", "content": [
            {"type": "output_text", "text": text, "annotations": [{"type": "url_citation", "title": text, "url": "U"}], "logprobs": []},
            {"type": "refusal", "refusal": text}, {"type": "hologram", "words": text}]},
        {"id": "fc", "type": "function_call", "status": "completed", "call_id": "c", "name": "f", "arguments": text},
        {"id": "ct", "type": "custom_tool_call", "call_id": "d", "name": "g", "input": text},
        {"id": "mc", "type": "mcp_call", "server_label": "l", "name": "h", "arguments": text, "output": text},
        {"id": "ci", "type": "code_interpreter_call", "status": "completed", "container_id": "k", "code": text, "outputs": []},
        {"id": "ws", "type": "web_search_call", "status": "completed", "action": {"type": "search", "query": text}},
    ])
}

fn parsed(answer: &Value) -> Vec<Value> {
    let events = scatter(answer);
    let parsed: Vec<Value> = events.iter().map(|event| serde_json::from_str(&event.data).unwrap()).collect();
    assert!(events.iter().zip(&parsed).all(|(event, data)| event.name.as_deref() == data["type"].as_str()));
    assert!(parsed.iter().enumerate().all(|(at, event)| event["sequence_number"] == at));
    parsed
}

fn gathered(events: &[Value]) -> Value {
    let data: Vec<String> = events.iter().map(Value::to_string).collect();
    gather(&data.iter().map(String::as_str).collect::<Vec<_>>())
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["type"].as_str()).collect()
}

#[test]
fn events_come_in_the_order_of_the_api() {
    let message = json!([{"id": "msg", "type": "message", "status": "completed", "role": "assistant",
        "content": [{"type": "output_text", "text": "hi", "annotations": [{"type": "url_citation"}], "logprobs": [1]}]}]);
    let events = parsed(&response("completed", message.clone()));
    assert_eq!(
        names(&events),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.annotation.added",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    assert_eq!(
        (&events[0]["response"]["output"], &events[0]["response"]["usage"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(
        events[2]["item"],
        json!({"id": "msg", "type": "message", "status": "in_progress", "role": "assistant", "content": []})
    );
    assert_eq!(
        events[3]["part"],
        json!({"type": "output_text", "text": "", "annotations": [], "logprobs": []})
    );
    assert_eq!(
        events[4],
        json!({"type": "response.output_text.delta", "sequence_number": 4, "output_index": 0, "content_index": 0,
            "item_id": "msg", "delta": "hi", "logprobs": []})
    );
    assert_eq!(events[8]["item"], message[0]);
    assert_eq!(names(&parsed(&response("incomplete", json!([])))).last(), Some(&"response.incomplete"));
    assert_eq!(names(&parsed(&response("failed", json!([])))).last(), Some(&"response.failed"));
}

#[test]
fn an_answer_adds_up_to_itself_again() {
    let answer = response("completed", output("a"));
    let events = parsed(&answer);
    assert_eq!(gathered(&events), answer);
    // Some servers say no items at the end.
    let mut bare = events.clone();
    bare.last_mut().unwrap()["response"]["output"] = json!([]);
    assert_eq!(gathered(&bare), answer);
    // And without the ends of items.
    bare.retain(|event| event["type"] != "response.output_item.done");
    let again = gathered(&bare);
    assert_eq!(again["output"][1]["content"], answer["output"][1]["content"]);
    assert_eq!(again["output"][0]["summary"], answer["output"][0]["summary"]);
    assert_eq!(again["output"][2]["arguments"], "a");
}

#[test]
fn deltas_alone_add_up() {
    let delta = |name: &str, more: Value| {
        let mut event = json!({"type": format!("response.{name}.delta"), "delta": "x"});
        more.as_object().unwrap().iter().for_each(|(key, value)| event[key] = value.clone());
        event
    };
    let at = |output: u64, content: u64| json!({"output_index": output, "content_index": content});
    let answer = gathered(&[
        delta("output_text", at(3, 9_999_999_999)),
        delta("output_text", at(3, 2)),
        delta("output_text", at(3, 2)),
        delta("reasoning_summary_text", json!({"output_index": 1, "summary_index": 0})),
        delta("function_call_arguments", json!({"output_index": 4})),
        delta("shell_call_command", json!({"output_index": 5, "command_index": 1})),
        json!({"type": "response.novelty.delta", "delta": "y"}),
        json!({"type": "error", "message": "no", "code": "c", "param": null}),
    ]);
    let text = |text: &str| json!({"type": "output_text", "text": text});
    assert_eq!(
        answer["output"],
        json!([
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "x"}]},
            {"type": "message", "role": "assistant", "content": [text("xx"), text("x")]},
            {"type": "function_call", "arguments": "x"},
            {"type": "shell_call", "action": {"commands": ["x"]}},
        ])
    );
    assert_eq!((&answer["status"], &answer["error"]["message"]), (&json!("failed"), &json!("no")));
    assert_eq!(names(&parsed(&answer)).last(), Some(&"response.failed"));
}

#[test]
fn an_error_is_one_event_and_back() {
    let body = json!({"error": {"message": "no", "type": "server_error", "param": null, "code": "c"}});
    let events = parsed(&body);
    assert_eq!(
        events,
        [json!({"type": "error", "sequence_number": 0, "code": "c", "message": "no", "param": null})]
    );
    assert_eq!(gathered(&events), body);
    assert_eq!(gathered(&[json!({"error": {"message": "no"}})]), json!({"error": {"message": "no"}}));
    assert_eq!(gathered(&[]), json!({"error": null}));
    assert_eq!(parsed(&json!({"error": "no"}))[0]["message"], "no");
}

fn texts(answer: &Value) -> Vec<String> {
    items::response(answer)
        .into_iter()
        .map(|found| format!("{} {}", found.pointer, answer.pointer(&found.pointer).unwrap()))
        .collect()
}

#[test]
fn a_note_on_what_is_no_part_does_no_harm() {
    let place = json!({"output_index": 0, "content_index": 0});
    let event = |name: &str, key: &str, value: Value| {
        let mut event = json!({"type": name, key: value});
        event.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
        event
    };
    let part = event("response.content_part.added", "part", "words".into());
    let note = event("response.output_text.annotation.added", "annotation", json!({"url": "u"}));
    let again = gathered(&[part, note]);
    assert_eq!(again["output"][0]["content"][0]["annotations"], json!([{"url": "u"}]));
}

proptest! {
    #[test]
    fn no_text_is_lost(text in "[a-zä\"{} ]{0,6}", kept in 0_usize..8, is_final in any::<bool>()) {
        let mut list = output(&text);
        list.as_array_mut().unwrap().truncate(kept);
        let answer = response("completed", list);
        let mut events = parsed(&answer);
        if !is_final {
            events.pop();
        }
        prop_assert_eq!(texts(&gathered(&events)), texts(&answer));
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
