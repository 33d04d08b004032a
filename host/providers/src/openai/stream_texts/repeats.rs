//! What repeats a text beside it: once the text is edited, it must not be read there.

use serde_json::Value;

/// What of a choice was edited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Touched {
    pub(crate) thought: bool,
    pub(crate) transcript: bool,
}

/// Takes what repeats edited texts out of the choices of an answer, by comparing it with the answer as it came.
pub(crate) fn forget_repeats(before: &Value, after: &mut Value) {
    let old = before["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
    let new = after.get_mut("choices").and_then(Value::as_array_mut);
    for (position, choice) in new.into_iter().flatten().enumerate() {
        let nothing = Value::Null;
        let old = old.get(position).unwrap_or(&nothing);
        let (then, now) = (&old["message"], &choice["message"]);
        if *then == *now && old["text"] == choice["text"] {
            continue;
        }
        let differs = |key: &str| then[key] != now[key];
        let thoughts = ["reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks"];
        // Thoughts can also be parts of the content.
        let thought = thoughts.into_iter().any(differs) || (now["content"].is_array() && differs("content"));
        let transcript = then["audio"]["transcript"] != now["audio"]["transcript"];
        forget_in_choice(choice, Touched { thought, transcript });
    }
}

/// The same of one choice, of an answer or of an event.
pub(crate) fn forget_in_choice(choice: &mut Value, touched: Touched) {
    let Value::Object(fields) = choice else { return };
    if let Some(logprobs) = fields.get_mut("logprobs") {
        *logprobs = Value::Null;
    }
    if fields.get("delta").is_some_and(Value::is_object) {
        fields.shift_remove("message");
    }
    for key in ["delta", "message"] {
        let Some(message) = fields.get_mut(key) else { continue };
        if touched.thought {
            forget_signatures(message);
            for list in ["reasoning_details", "thinking_blocks"] {
                let entries = message.get_mut(list).and_then(Value::as_array_mut);
                entries.into_iter().flatten().for_each(forget_encrypted);
            }
        }
        if let Some(data) = message.pointer_mut("/audio/data").filter(|_| touched.transcript) {
            *data = "".into();
        }
    }
}

/// A thought that only its provider can read says what it said before.
fn forget_encrypted(entry: &mut Value) {
    if let Value::Object(fields) = entry {
        fields.shift_remove("data");
    }
}

fn forget_signatures(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(forget_signatures),
        Value::Object(fields) => {
            fields.shift_remove("signature");
            fields.values_mut().for_each(forget_signatures);
        }
        _ => {}
    }
}
