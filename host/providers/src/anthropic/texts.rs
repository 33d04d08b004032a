//! Finds what a model reads and writes in Anthropic's bodies.

use std::fmt::Display;

use serde_json::Value;

use crate::openai::texts as shared;
use crate::openai::texts::finder::{Finder, Voice, below};
use crate::openai::texts::media;
use crate::texts::FoundText;

/// Keys whose strings are no words: names, ids, reasons, what is encoded or encrypted.
const STRUCTURAL: [&str; 32] = [
    "id",
    "type",
    "role",
    "model",
    "name",
    "media_type",
    "tool_use_id",
    "file_id",
    "request_id",
    "server_name",
    "signature",
    "data",
    "encrypted_content",
    "encrypted_index",
    "encrypted_stdout",
    "stop_reason",
    "stop_sequence",
    "error_code",
    "ttl",
    "service_tier",
    "inference_geo",
    "speed",
    "category",
    "expires_at",
    "retrieved_at",
    "tool_id",
    "tool_name",
    "toolset_name",
    "mcp_server_name",
    "skill_id",
    "version",
    "fallback_credit_token",
];

/// Blocks of these types may be empty.
const TEXT_BLOCKS: [&str; 5] = ["text", "thinking", "redacted_thinking", "compaction", "fallback"];

/// Whether strings under this key are no words.
pub(super) fn is_structural(key: &str) -> bool {
    STRUCTURAL.contains(&key)
}

/// Every text of a request.
pub(crate) fn request(body: &Value) -> Vec<FoundText> {
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let answered = shared::last_answer(&messages.iter().map(shared::role).collect::<Vec<_>>());
    // They come with every request of a conversation; only in the first are they new.
    let system = Voice { role: "system", new_turn: answered.is_none() };
    let mut finder = Finder::default();
    content(&mut finder, &"/system", &body["system"], ("text", system));
    for (index, message) in messages.iter().enumerate() {
        let new_turn = answered.is_none_or(|last| index > last);
        let voice = Voice { role: shared::role(message), new_turn };
        content(
            &mut finder,
            &format_args!("/messages/{index}/content"),
            &message["content"],
            ("text", voice),
        );
    }
    for (index, tool) in body["tools"].as_array().into_iter().flatten().enumerate() {
        let at = format!("/tools/{index}");
        finder.text(&below(&at, "description"), &tool["description"], "text", system);
        finder.schema(&below(&at, "input_schema"), &tool["input_schema"], system);
        finder.strings(&below(&at, "input_examples"), &tool["input_examples"], "text", system);
    }
    for format in ["/output_config/format/schema", "/output_format/schema"] {
        finder.schema(&format, body.pointer(format).unwrap_or(&Value::Null), system);
    }
    finder.found
}

/// Every text of an answer, or of the error in its place.
pub(crate) fn answer(body: &Value) -> Vec<FoundText> {
    let assistant = Voice { role: "assistant", new_turn: true };
    let mut finder = Finder::default();
    content(&mut finder, &"/content", &body["content"], ("text", assistant));
    for (key, value) in body.as_object().into_iter().flatten() {
        let is_named = value.is_string() && is_structural(key);
        if !(is_named || matches!(&**key, "content" | "usage")) {
            let skips = |below: &str| is_structural(below) || (key == "error" && below == "code");
            finder.words(&below(&"", key), value, "text", (assistant, &skips));
        }
    }
    finder.found
}

/// A text, a block or a list of them.
fn content(finder: &mut Finder, at: &dyn Display, value: &Value, (kind, voice): (&'static str, Voice)) {
    match value {
        Value::Array(blocks) => {
            for (index, entry) in blocks.iter().enumerate() {
                content(finder, &format_args!("{at}/{index}"), entry, (kind, voice));
            }
        }
        Value::Object(_) => block(finder, at, value, (kind, voice)),
        _ => finder.text(at, value, kind, voice),
    }
}

/// A block of content.
pub(super) fn block(
    finder: &mut Finder,
    at: &dyn Display,
    block: &Value,
    (kind, voice): (&'static str, Voice),
) {
    let name = block["type"].as_str().unwrap_or_default();
    let before = finder.found.len();
    let is_result = name.ends_with("tool_result");
    for (key, field) in block.as_object().into_iter().flatten() {
        let at = below(at, key).to_string();
        match key.as_str() {
            // What only the provider can read is no media.
            "data" if media::holds_bytes(field) && name != "redacted_thinking" => {
                finder.media(&at, media::encoded(name), voice);
            }
            key if field.is_string() && is_structural(key) => {}
            "cache_control" => {}
            // Its keys are the caller's own.
            "input" => finder.strings(&at, field, "tool-arguments", voice),
            "thinking" => finder.words(&at, field, "reasoning", (voice, &is_structural)),
            "source" if field.is_object() => source(finder, (name, &at), field, (kind, voice)),
            "content" if is_result => {
                content(finder, &at, field, ("tool-result", Voice { role: "tool", ..voice }));
            }
            "content" => content(finder, &at, field, (kind, voice)),
            _ => finder.words(&at, field, kind, (voice, &is_structural)),
        }
    }
    let is_empty = finder.found.len() == before && !name.is_empty();
    // Whatever it is: nobody shall take it for judged.
    if is_empty && !(TEXT_BLOCKS.contains(&name) || name.contains("tool_") || is_known_result(name)) {
        finder.media(at, media::cut(name), voice);
    }
}

/// Parts of the results of the provider's own tools.
fn is_known_result(name: &str) -> bool {
    name.ends_with("_result") || name.ends_with("_result_error") || name == "tool_reference"
}

/// What an image or a document is made from: words, or media.
fn source(
    finder: &mut Finder,
    (name, at): (&str, &str),
    source: &Value,
    (kind, voice): (&'static str, Voice),
) {
    match source["type"].as_str() {
        Some("text") => finder.text(&below(&at, "data"), &source["data"], kind, voice),
        Some("content") => content(finder, &below(&at, "content"), &source["content"], (kind, voice)),
        _ => finder.media(&at, media::sourced(name, source), voice),
    }
}

#[cfg(test)]
#[path = "texts_tests.rs"]
mod tests;
