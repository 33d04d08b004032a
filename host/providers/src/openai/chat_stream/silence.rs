//! Whether an event still says something once its texts were taken out of it.

use serde_json::Value;

use super::is_finished;
use crate::stream::{Piece, Reading};

/// Whether texts were all that an event said, and nothing of them is left.
pub(super) fn fell(event: &Value, reading: &Reading) -> bool {
    let said = reading.pieces.iter().any(|piece| !piece.content.is_empty());
    let choices = event["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
    let silent =
        |piece: &Piece| event.pointer(&piece.pointer).is_none_or(|left| left == "" || left.is_null());
    said && !choices.is_empty()
        && reading.pieces.iter().all(silent)
        && event["usage"].is_null()
        && event.get("error").is_none()
        && choices.iter().all(|choice| !is_finished(choice) && says_nothing("", choice))
}

/// Where it is of a list, and of which type, is said of something, and is nothing by itself.
fn says_nothing(key: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::Number(_) => key == "index",
        Value::String(text) => text.is_empty() || matches!(key, "type" | "format"),
        Value::Array(items) => items.iter().all(|item| says_nothing("", item)),
        Value::Object(fields) => fields.iter().all(|(key, field)| says_nothing(key, field)),
    }
}
