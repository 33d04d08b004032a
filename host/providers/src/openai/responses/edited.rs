//! What repeats the texts of a whole answer that was edited.

use serde_json::{Value, json};

/// Takes what repeats edited texts, or vouches for them, out of an answer, by comparing it with the answer as it came.
pub(crate) fn forget_repeats(before: &Value, after: &mut Value) {
    let old = before["output"].as_array().map(Vec::as_slice).unwrap_or_default();
    let new = after.get_mut("output").and_then(Value::as_array_mut);
    let nothing = Value::Null;
    for (position, item) in new.into_iter().flatten().enumerate() {
        let old = old.get(position).unwrap_or(&nothing);
        if item == old {
            continue;
        }
        let parts = item.get_mut("content").and_then(Value::as_array_mut);
        for (position, part) in parts.into_iter().flatten().enumerate() {
            let old = old["content"].get(position).unwrap_or(&nothing);
            if part != old {
                forget_in_part(old, part);
            }
        }
        if let Some(fields) = item.as_object_mut() {
            fields.shift_remove("encrypted_content");
        }
    }
}

fn forget_in_part(old: &Value, part: &mut Value) {
    let (text, transcript) = (old["text"] != part["text"], old["transcript"] != part["transcript"]);
    let Some(fields) = part.as_object_mut() else { return };
    for key in ["logprobs", "annotations"] {
        if let Some(list) = fields.get_mut(key).filter(|_| text) {
            *list = json!([]);
        }
    }
    if let Some(data) = fields.get_mut("data").filter(|_| transcript) {
        *data = "".into();
    }
}

#[cfg(test)]
#[path = "edited_tests.rs"]
mod tests;
