//! Whether a whole answer has all that the events say from which it was made.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tidegate_contract::{Dialect, Operation};

use super::{Extent, edit_stream, places};
use crate::texts::answer_texts;

/// The mark that ends OpenAI's streams.
const DONE: &str = "[DONE]";

/// Whether every text that these events say, and all media, is one of the answer. What is no JSON object is never covered.
///
/// Where it is not, who judged the answer has not judged the events.
pub fn covers(dialect: Dialect, operation: Operation, answer: &Value, events: &[&str]) -> bool {
    let Some(mut editor) = edit_stream(dialect, operation) else { return false };
    let found = answer_texts(dialect, operation, answer);
    let known: BTreeSet<&str> = found
        .iter()
        .filter_map(|text| text.shown.as_deref().or_else(|| answer.pointer(&text.pointer)?.as_str()))
        .collect();
    let mut parts: BTreeMap<u32, String> = BTreeMap::new();
    for data in events.iter().filter(|data| data.trim() != DONE) {
        let Ok(event @ Value::Object(_)) = serde_json::from_str(data) else { return false };
        for piece in editor.read(&event).pieces {
            match piece.extent {
                Extent::Part => parts.entry(piece.text).or_default().push_str(&piece.content),
                Extent::Whole if is_known(&known, &piece.content) => {}
                Extent::Whole => return false,
            }
        }
    }
    parts.values().all(|text| is_known(&known, text))
}

/// A text of the answer, or JSON whose strings all are.
fn is_known(known: &BTreeSet<&str>, text: &str) -> bool {
    let is_empty_or_known = |text: &str| text.is_empty() || known.contains(text);
    is_empty_or_known(text)
        || serde_json::from_str(text).is_ok_and(|tree: Value| {
            !tree.is_string()
                && places::strings(&tree, &|_, _, _| false).iter().all(|(_, text)| is_empty_or_known(text))
        })
}

#[cfg(test)]
#[path = "covers_tests.rs"]
mod tests;
