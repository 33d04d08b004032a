//! What repeats, or vouches for, the words of a candidate: once they were edited, it must not be read there.

use serde_json::Value;

use super::codec::parts_out::NO_SIGNATURE;
use super::texts::{Said, camel, listed};

/// What of a candidate is not as it came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Touched {
    /// Some words were edited, or left later than they came.
    pub(super) moved: bool,
    /// What it says to the client was edited.
    pub(super) text: bool,
    pub(super) thought: bool,
}

/// Takes what repeats edited texts out of an answer, by comparing it with the answer as it came.
pub(crate) fn forget_repeats(before: &Value, after: &mut Value) {
    let old = before["candidates"].as_array().map(Vec::as_slice).unwrap_or_default();
    let new = after.get_mut("candidates").and_then(Value::as_array_mut);
    let nothing = Value::Null;
    for (position, candidate) in new.into_iter().flatten().enumerate() {
        let old = &old.get(position).unwrap_or(&nothing)["content"];
        if *old == candidate["content"] {
            continue;
        }
        let now = &candidate["content"];
        let is_same = |pointer: &str| pointer_of(old, pointer) == pointer_of(now, pointer);
        let edited: Vec<String> =
            listed(now).map(|(pointer, _)| pointer).filter(|pointer| !is_same(pointer)).collect();
        let is_edited = |kind: Said| {
            let mut parts = edited.iter().filter_map(|pointer| now.pointer(pointer));
            parts.any(|part| Said::of(part) == Some(kind))
        };
        let touched = Touched { moved: true, text: is_edited(Said::Text), thought: is_edited(Said::Thought) };
        forget_in_candidate(candidate, touched, &|pointer| edited.iter().any(|edited| edited == pointer));
    }
}

fn pointer_of<'v>(content: &'v Value, pointer: &str) -> Option<&'v Value> {
    content.pointer(pointer)
}

/// The same of one candidate, of an answer or of an event; `edited` says it of a part by its pointer in the content.
pub(super) fn forget_in_candidate(candidate: &mut Value, touched: Touched, edited: &dyn Fn(&str) -> bool) {
    let Value::Object(fields) = candidate else { return };
    let is_gone = |key: &str| match key {
        "logprobsResult" | "avgLogprobs" => touched.moved,
        // It says where in the text something stands.
        "citationMetadata" => touched.text,
        _ => false,
    };
    fields.retain(|key, _| !is_gone(&camel(key)));
    let grounding = fields.get_mut("groundingMetadata").and_then(Value::as_object_mut);
    if let Some(grounding) = grounding.filter(|_| touched.text) {
        grounding.shift_remove("groundingSupports");
    }
    let Some(content) = fields.get_mut("content") else { return };
    let pointers: Vec<String> = listed(content).map(|(pointer, _)| pointer).collect();
    for pointer in pointers {
        let is_edited = edited(&pointer);
        if let Some(Value::Object(part)) = content.pointer_mut(&pointer) {
            forget_in_part(part, is_edited, touched.thought);
        }
    }
}

/// A signature holds what was thought, and says of which part.
fn forget_in_part(part: &mut serde_json::Map<String, Value>, edited: bool, thought: bool) {
    let is_call = part.contains_key("functionCall");
    if let Some(signature) = part.get_mut("thoughtSignature").filter(|_| edited || thought) {
        if is_call {
            // A call without one would be refused.
            *signature = NO_SIGNATURE.into();
        } else {
            part.shift_remove("thoughtSignature");
        }
    }
    let spoken = part.get_mut("audioTranscription").and_then(Value::as_object_mut).filter(|_| edited);
    if let Some(transcription) = spoken {
        transcription.shift_remove("words");
        if let Some(data) = part.get_mut("inlineData").and_then(|data| data.get_mut("data")) {
            *data = "".into();
        }
    }
}
