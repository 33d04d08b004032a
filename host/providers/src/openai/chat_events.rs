//! A whole answer of chat or completions as the events of a stream.

use serde_json::{Map, Value, json};
use tidegate_contract::{Event, Operation};

/// The mark behind the last event.
const DONE: &str = "[DONE]";

/// An event with all that a choice says and one with its end, for each; then the usage, and the mark of the end.
pub(crate) fn events(operation: Operation, answer: &Value) -> Vec<Event> {
    if !answer["error"].is_null() {
        return vec![event(answer)];
    }
    let completion = operation == Operation::Completion;
    let mut head = answer.as_object().cloned().unwrap_or_else(Map::new);
    let choices = head.shift_remove("choices");
    let usage = head.shift_remove("usage");
    let object = if completion { "text_completion" } else { "chat.completion.chunk" };
    head.insert("object".into(), object.into());
    let with = |choices: Value| {
        let mut chunk = head.clone();
        chunk.insert("choices".into(), choices);
        Value::Object(chunk)
    };
    let mut events = Vec::new();
    for choice in choices.as_ref().and_then(Value::as_array).into_iter().flatten() {
        if completion || !choice.is_object() {
            events.push(event(&with(json!([choice]))));
            continue;
        }
        let (said, end) = parts(choice);
        events.extend([said, end].map(|choice| event(&with(json!([choice])))));
    }
    if let Some(usage) = usage.filter(|usage| !usage.is_null()) {
        let mut last = with(json!([]));
        last["usage"] = usage;
        events.push(event(&last));
    }
    events.push(Event { name: None, data: DONE.into() });
    events
}

/// What a choice says, and that it is finished.
fn parts(choice: &Value) -> (Value, Value) {
    let mut said = choice.clone();
    let mut delta = Value::Null;
    if let Some(fields) = said.as_object_mut() {
        delta = fields.shift_remove("message").unwrap_or_default();
        fields.insert("finish_reason".into(), Value::Null);
    }
    let calls = delta.get_mut("tool_calls").and_then(Value::as_array_mut);
    for (index, call) in calls.into_iter().flatten().enumerate() {
        if call.is_object() {
            call["index"] = index.into();
        }
    }
    said["delta"] = delta;
    let (index, finish) = (&choice["index"], &choice["finish_reason"]);
    (said, json!({"index": index, "delta": {}, "logprobs": null, "finish_reason": finish}))
}

fn event(data: &Value) -> Event {
    Event { name: None, data: data.to_string() }
}

#[cfg(test)]
#[path = "chat_events_tests.rs"]
mod tests;
