//! What requests ask.

use std::fmt::Display;

use serde_json::Value;

use super::{blocks, is_no_word, message, shared, words};
use crate::openai::texts::finder::{Finder, Voice, below};
use crate::texts::FoundText;

/// Settings that no model is told.
const SETTINGS: [&str; 7] = [
    "inferenceConfig",
    "guardrailConfig",
    "requestMetadata",
    "performanceConfig",
    "serviceTier",
    "projectIdentifier",
    "additionalModelResponseFieldPaths",
];

/// Those among the fields of vendors.
const VENDOR_SETTINGS: [&str; 4] =
    ["anthropic_beta", "reasoning_effort", "maxReasoningEffort", "reasoning_config"];

/// Every text of a request.
pub(crate) fn request(body: &Value) -> Vec<FoundText> {
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let answered = shared::last_answer(&messages.iter().map(shared::role).collect::<Vec<_>>());
    // They come with every request of a conversation; only in the first are they new.
    let system = Voice { role: "system", new_turn: answered.is_none() };
    let mut finder = Finder::default();
    for (key, field) in body.as_object().into_iter().flatten() {
        let at = below(&"", key);
        match (key.as_str(), field) {
            ("messages", Value::Array(_)) => {
                for (index, one) in messages.iter().enumerate() {
                    let new_turn = answered.is_none_or(|last| index > last);
                    let voice = Voice { role: shared::role(one), new_turn };
                    message(&mut finder, &format_args!("{at}/{index}"), one, voice);
                }
            }
            ("system", _) => blocks(&mut finder, &at, field, ("text", system)),
            // They stand in the words of the user.
            ("promptVariables", _) => {
                finder.strings(&at, field, "text", Voice { role: "user", new_turn: true });
            }
            ("toolConfig", Value::Object(_)) => tools(&mut finder, &at, field, system),
            ("additionalModelRequestFields", Value::Object(_)) => of_vendor(&mut finder, &at, field, system),
            (key, field) if SETTINGS.contains(&key) || is_no_word(key, field) => {}
            _ => words(&mut finder, &at, field, "text", system),
        }
    }
    finder.found
}

/// `{tools: [{toolSpec: {description, inputSchema: {json}}}], toolChoice}`.
fn tools(finder: &mut Finder, at: &dyn Display, value: &Value, voice: Voice) {
    match value {
        Value::Array(list) => {
            for (index, one) in list.iter().enumerate() {
                tools(finder, &format_args!("{at}/{index}"), one, voice);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                let at = below(at, key);
                match (key.as_str(), field) {
                    ("inputSchema", Value::Object(_)) => finder.schema(&at, field, voice),
                    (key, field) if is_no_word(key, field) => {}
                    _ => tools(finder, &at, field, voice),
                }
            }
        }
        _ => words(finder, at, value, "text", voice),
    }
}

/// What only the vendors of models know.
fn of_vendor(finder: &mut Finder, at: &dyn Display, fields: &Value, voice: Voice) {
    let skips = |key: &str, field: &Value| VENDOR_SETTINGS.contains(&key) || is_no_word(key, field);
    finder.words_but(at, fields, "text", (voice, &skips));
}
