//! What repeats a text beside it, or vouches for it.

use serde_json::{Value, json};

use crate::stream::{Change, Reading};

/// Takes out what stands beside texts that are no longer as they came: log probabilities, and audio of transcripts;
/// where they say something else, also what points into them.
pub(super) fn forget_beside(event: &mut Value, reading: &Reading, change: &dyn Fn(u32) -> Change) {
    for piece in &reading.pieces {
        let change = change(piece.text);
        let Some((beside, key)) = piece.pointer.rsplit_once('/').filter(|_| change != Change::Same) else {
            continue;
        };
        let Some(Value::Object(fields)) = event.pointer_mut(beside) else { continue };
        fields.shift_remove("obfuscation");
        if let Some(logprobs) = fields.get_mut("logprobs") {
            *logprobs = json!([]);
        }
        if let Some(annotations) = fields.get_mut("annotations").filter(|_| change == Change::Edited) {
            *annotations = json!([]);
        }
        if let Some(data) = fields.get_mut("data").filter(|_| key == "transcript") {
            *data = "".into();
        }
    }
}

/// Of a thought that says something else.
pub(super) fn forget_encrypted(item: Option<&mut Value>) {
    if let Some(fields) = item.and_then(Value::as_object_mut) {
        fields.shift_remove("encrypted_content");
    }
}
