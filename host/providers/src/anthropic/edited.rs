//! What vouches for the thoughts of a whole answer that was edited.

use serde_json::Value;

/// Empties the signatures of thoughts that say something else than in the answer as it came.
pub(crate) fn forget_repeats(before: &Value, after: &mut Value) {
    let old = before["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    let new = after.get_mut("content").and_then(Value::as_array_mut);
    for (position, block) in new.into_iter().flatten().enumerate() {
        let same = old.get(position).is_some_and(|old| old["thinking"] == block["thinking"]);
        if let Some(signature) = block.get_mut("signature").filter(|_| !same) {
            *signature = "".into();
        }
    }
}
