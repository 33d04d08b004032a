//! How much a stream has said, for estimates of what it used where it does not tell that itself.

use serde_json::Value;

/// Keys whose texts a model made, in any API.
const MADE: [&str; 9] = [
    "content",
    "text",
    "delta",
    "arguments",
    "partial_json",
    "reasoning_content",
    "reasoning",
    "thinking",
    "refusal",
];

/// Bytes of the texts that one event adds to the answer.
pub(crate) fn text_bytes(data: &[u8]) -> u64 {
    let Ok(event) = serde_json::from_slice::<Value>(data) else { return 0 };
    let name = event.get("type").and_then(Value::as_str).unwrap_or_default();
    // Of responses, events that are no deltas say once more what was said.
    if name.starts_with("response.") && !name.ends_with(".delta") { 0 } else { made(&event) }
}

fn made(value: &Value) -> u64 {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| match value {
                Value::String(text) if MADE.contains(&key.as_str()) => text.len() as u64,
                other => made(other),
            })
            .sum(),
        Value::Array(list) => list.iter().map(made).sum(),
        _ => 0,
    }
}

#[cfg(test)]
#[path = "spoken_tests.rs"]
mod tests;
