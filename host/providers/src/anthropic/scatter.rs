//! A whole message as the events of a stream.

use serde_json::{Map, Value, json};
use tidegate_contract::Event;

use crate::stream::named;

/// What is known of a message at its end.
const AT_END: [&str; 4] = ["stop_reason", "stop_sequence", "stop_details", "container"];

/// The events that say this answer, in the order in which Anthropic's clients expect them.
pub(crate) fn scatter(answer: &Value) -> Vec<Event> {
    if answer["type"] == "error" || !answer["content"].is_array() {
        return vec![Event { name: Some("error".into()), data: answer.to_string() }];
    }
    let mut start = answer.clone();
    let mut end = Map::new();
    if let Some(fields) = start.as_object_mut() {
        end.extend(AT_END.iter().filter_map(|key| Some(((*key).to_owned(), fields.shift_remove(*key)?))));
        fields.shift_remove("error");
        fields.insert("content".into(), json!([]));
        fields.extend(["stop_reason", "stop_sequence"].map(|key| (key.to_owned(), Value::Null)));
    }
    let usage = start["usage"].clone();
    if start["usage"].is_object() {
        start["usage"]["output_tokens"] = 0.into();
    }
    let mut events = vec![json!({"type": "message_start", "message": start})];
    for (index, block) in answer["content"].as_array().into_iter().flatten().enumerate() {
        let (begun, deltas) = parts(block);
        events.push(json!({"type": "content_block_start", "index": index, "content_block": begun}));
        let delta = |delta| json!({"type": "content_block_delta", "index": index, "delta": delta});
        events.extend(deltas.into_iter().map(delta));
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    if answer["error"].is_null() {
        events.push(json!({"type": "message_delta", "delta": end, "usage": usage}));
        events.push(json!({"type": "message_stop"}));
    } else {
        events.push(json!({"type": "error", "error": answer["error"]}));
    }
    events.iter().map(named).collect()
}

/// A block as it begins, and what its deltas bring. Of a type without deltas all stands in the beginning.
fn parts(block: &Value) -> (Value, Vec<Value>) {
    let (mut begun, mut deltas) = (block.clone(), Vec::new());
    let mut brings = |field: &str, name: &str| {
        if let Some(Value::String(text)) = begun.get_mut(field)
            && !text.is_empty()
        {
            deltas.push(json!({"type": name, field: std::mem::take(text)}));
        }
    };
    match block["type"].as_str().unwrap_or_default() {
        "text" => {
            brings("text", "text_delta");
            if let Some(Value::Array(citations)) = begun.get_mut("citations") {
                let delta = |citation| json!({"type": "citations_delta", "citation": citation});
                deltas.extend(std::mem::take(citations).into_iter().map(delta));
            }
        }
        "thinking" => {
            brings("thinking", "thinking_delta");
            brings("signature", "signature_delta");
        }
        _ => {
            let input = begun.get_mut("input").map(Value::take);
            if let Some(input) = input {
                begun["input"] = json!({});
                let part = input.as_str().map_or_else(|| input.to_string(), str::to_owned);
                if input != json!({}) && !part.is_empty() {
                    deltas.push(json!({"type": "input_json_delta", "partial_json": part}));
                }
            }
        }
    }
    (begun, deltas)
}

#[cfg(test)]
#[path = "scatter_tests.rs"]
mod tests;
