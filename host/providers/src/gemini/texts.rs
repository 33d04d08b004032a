//! Finds what a model reads and writes in Gemini's bodies.
//!
//! Names of fields are taken in both spellings, `inlineData` and `inline_data`, since the API takes both.

mod asked;
mod parts;

use std::borrow::Cow;
use std::fmt::Display;

use serde_json::Value;

use super::codec::parts::camel_key;
use crate::openai::texts::finder::{Finder, Voice, below, is_bare};
use crate::texts::FoundText;
pub(crate) use asked::request;

/// Keys whose strings are no words: names, ids, reasons, types, times, what is encoded.
const STRUCTURAL: [&str; 51] = [
    "@type",
    "blockReason",
    "cachedContent",
    "category",
    "chunkId",
    "contentLayers",
    "continuationToken",
    "createTime",
    "data",
    "documentName",
    "encodedPolyline",
    "endOffset",
    "fileId",
    "fileSearchStore",
    "fileUri",
    "finishReason",
    "googleMapsWidgetContextToken",
    "id",
    "jsonPath",
    "language",
    "languageCode",
    "level",
    "mediaId",
    "mediaProcessing",
    "mediaResolution",
    "mimeType",
    "modality",
    "model",
    "modelStage",
    "modelVersion",
    "name",
    "nullValue",
    "outcome",
    "overwrittenThreshold",
    "placeId",
    "probability",
    "responseId",
    "retirementTime",
    "reviewId",
    "role",
    "scheduling",
    "sdkBlob",
    "serviceTier",
    "severity",
    "sourceId",
    "startOffset",
    "taskType",
    "thoughtSignature",
    "toolType",
    "trafficType",
    "urlRetrievalStatus",
];

/// Those of an error besides.
const OF_ERRORS: [&str; 5] = ["code", "status", "reason", "domain", "field"];

/// Every text of an answer, or of the error in its place, which may stand in a list.
pub(crate) fn answer(body: &Value) -> Vec<FoundText> {
    let mut finder = Finder::default();
    match body {
        Value::Array(answers) => {
            for (index, answer) in answers.iter().enumerate() {
                said(&mut finder, &format_args!("/{index}"), answer);
            }
        }
        _ => said(&mut finder, &"", body),
    }
    finder.found
}

/// What one answer, or one event of a stream, says.
fn said(finder: &mut Finder, at: &dyn Display, answer: &Value) {
    let assistant = Voice { role: "assistant", new_turn: true };
    let Value::Object(fields) = answer else { return words(finder, at, answer, "text", assistant) };
    for (key, field) in fields {
        let at = below(at, key);
        match (&*camel(key), field) {
            ("candidates", Value::Array(candidates)) => {
                for (index, one) in candidates.iter().enumerate() {
                    candidate(finder, &format_args!("{at}/{index}"), one, assistant);
                }
            }
            ("usageMetadata", Value::Object(_)) => {}
            ("error", _) => {
                let skips = |key: &str| is_structural(key) || OF_ERRORS.contains(&key);
                finder.words(&at, field, "text", (assistant, &skips));
            }
            (key, field) if is_no_word(key, field) => {}
            _ => words(finder, &at, field, "text", assistant),
        }
    }
}

fn candidate(finder: &mut Finder, at: &dyn Display, candidate: &Value, voice: Voice) {
    let Value::Object(fields) = candidate else { return words(finder, at, candidate, "text", voice) };
    for (key, field) in fields {
        let at = below(at, key);
        match (&*camel(key), field) {
            ("content", _) => parts::content(finder, &at, field, voice),
            // Tokens of what stands beside them.
            ("logprobsResult", Value::Object(_)) => {}
            (key, field) if is_no_word(key, field) => {}
            _ => words(finder, &at, field, "text", voice),
        }
    }
}

/// Every string in a value but those under keys that are structural.
fn words(finder: &mut Finder, at: &dyn Display, value: &Value, kind: &'static str, voice: Voice) {
    finder.words_but(at, value, kind, (voice, &|key, field| is_no_word(&camel(key), field)));
}

/// Whether a string, or a list of them, is no words by its key.
fn is_no_word(key: &str, value: &Value) -> bool {
    is_structural(key) && is_bare(value)
}

fn is_structural(key: &str) -> bool {
    STRUCTURAL.contains(&key)
}

/// A field's name as answers spell it.
pub(super) fn camel(key: &str) -> Cow<'_, str> {
    camel_key(Cow::Borrowed(key))
}

pub(super) use parts::{Said, listed};

#[cfg(test)]
#[path = "texts_tests.rs"]
mod tests;
