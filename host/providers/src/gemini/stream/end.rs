//! What was written of a stream, what an event must say to be written, and how a stream ends when it was blocked.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tidegate_contract::Event;

use super::unnamed;
use crate::gemini::gather::{index_of, is_finished};
use crate::stream::{Piece, Reading};

/// What was written so far: which candidates there are, and whether they are finished.
#[derive(Debug, Default)]
pub(super) struct Written {
    finished: BTreeMap<u64, bool>,
}

impl Written {
    /// Remembers what an event says that is written next.
    pub(super) fn note(&mut self, event: &Value) {
        for (position, candidate) in event["candidates"].as_array().into_iter().flatten().enumerate() {
            *self.finished.entry(index_of(candidate, position)).or_default() |= is_finished(candidate);
        }
    }

    /// Each candidate that is not finished ends for its safety. Without any, the first does.
    pub(super) fn blocked(&self, head: &Map<String, Value>, reason: &str) -> Vec<Event> {
        let blocked =
            |index: &u64| json!({"finishReason": "SAFETY", "finishMessage": reason, "index": index});
        let open = self.finished.iter().filter(|(_, finished)| !**finished).map(|(index, _)| blocked(index));
        let mut candidates: Vec<Value> = open.collect();
        if self.finished.is_empty() {
            candidates.push(blocked(&0));
        }
        if candidates.is_empty() {
            return Vec::new();
        }
        let mut event = json!({ "candidates": candidates });
        head.iter().for_each(|(key, value)| event[key] = value.clone());
        vec![unnamed(&event)]
    }
}

/// Whether words were all that an event said, and nothing of them is left.
pub(super) fn fell_silent(event: &Value, reading: &Reading) -> bool {
    let said = reading.pieces.iter().any(|piece| !piece.content.is_empty());
    let silent = |piece: &Piece| event.pointer(&piece.pointer).is_none_or(|left| left == "");
    said && reading.pieces.iter().all(silent) && is_empty(event)
}

/// Whether an event says nothing that later ones would not: what is used by now is told by each.
pub(super) fn is_empty(event: &Value) -> bool {
    says_nothing("", event)
}

fn says_nothing(key: &str, value: &Value) -> bool {
    match value {
        _ if matches!(key, "usageMetadata" | "responseId" | "modelVersion" | "createTime" | "role") => true,
        Value::Null => true,
        Value::Bool(_) => key == "thought",
        Value::Number(_) => matches!(key, "index" | "tokenCount"),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(|item| says_nothing("", item)),
        Value::Object(fields) => fields.iter().all(|(key, field)| says_nothing(key, field)),
    }
}
