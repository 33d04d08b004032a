//! Finds what a model reads and writes in OpenAI's bodies.

pub(crate) mod finder;
pub(crate) mod media;
pub(crate) mod schema;

use std::collections::BTreeSet;

use serde_json::Value;
use tidegate_contract::Operation;

use super::chat_stream::{is_count, is_structural};
use super::responses::items;
use crate::stream::places;
use crate::texts::FoundText;
use finder::{Finder, Voice, below};

/// Every text of a request.
pub(crate) fn request_texts(operation: Operation, body: &Value) -> Vec<FoundText> {
    match operation {
        Operation::Chat => chat(body),
        Operation::Completion => prompts(body, &["prompt", "suffix"]),
        Operation::Embeddings => prompts(body, &["input"]),
        Operation::Responses | Operation::InputTokens => items::request(body),
        Operation::ImageGeneration => prompts(body, &["prompt"]),
        Operation::ImageEdit => edit(body),
        Operation::Speech => prompts(body, &["input", "instructions"]),
        Operation::Transcription | Operation::Translation => prompts(body, &["prompt"]),
        Operation::Moderation => prompts(body, &["input"]),
        Operation::Tokenize => [prompts(body, &["prompt"]), chat(body)].concat(),
        Operation::Rerank => ranked(body),
        _ => Vec::new(),
    }
}

/// Every text of an answer.
pub(crate) fn answer_texts(operation: Operation, body: &Value) -> Vec<FoundText> {
    match operation {
        Operation::Responses | Operation::InputTokens => items::response(body),
        _ => answer(operation, body),
    }
}

/// What stands beside the messages and is told to the model by the caller's program.
const BESIDE_MESSAGES: [&str; 3] = ["documents", "chat_template", "chat_template_kwargs"];

fn chat(body: &Value) -> Vec<FoundText> {
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let answered = last_answer(&messages.iter().map(role).collect::<Vec<_>>());
    let mut finder = Finder::default();
    for (index, message) in messages.iter().enumerate() {
        let new_turn = answered.is_none_or(|last| index > last);
        finder.message(&format_args!("/messages/{index}"), message, Voice { role: role(message), new_turn });
    }
    // They come with every request of a conversation; only in the first are they new.
    let system = Voice { role: "system", new_turn: answered.is_none() };
    finder.tools(&"/tools", &body["tools"], system);
    finder.functions(&"/functions", &body["functions"], system);
    let format = &body["response_format"]["json_schema"];
    finder.text(&"/response_format/json_schema/description", &format["description"], "text", system);
    finder.schema(&"/response_format/json_schema/schema", &format["schema"], system);
    for key in BESIDE_MESSAGES {
        finder.strings(&format_args!("/{key}"), &body[key], "text", system);
    }
    let predicted = Voice { role: "assistant", new_turn: true };
    finder.content(&"/prediction/content", &body["prediction"]["content"], "text", predicted);
    finder.found
}

fn prompts(body: &Value, keys: &[&str]) -> Vec<FoundText> {
    let mut finder = Finder::default();
    for key in keys {
        finder.prompt(&format_args!("/{key}"), &body[key], Voice { role: "user", new_turn: true });
    }
    finder.found
}

/// The images that are to be changed, and how.
fn edit(body: &Value) -> Vec<FoundText> {
    let user = Voice { role: "user", new_turn: true };
    let mut finder = Finder { found: prompts(body, &["prompt"]) };
    for (index, image) in body["images"].as_array().into_iter().flatten().enumerate() {
        let shown = media::named(image).unwrap_or_else(|| "image".to_owned());
        finder.media(&format_args!("/images/{index}"), shown, user);
    }
    for key in ["image", "mask"].into_iter().filter(|key| !body[key].is_null()) {
        finder.media(&format_args!("/{key}"), key.to_owned(), user);
    }
    finder.found
}

/// Settings of ranks that no model is told.
const OF_RANKS: [&str; 4] = ["model", "user", "rank_fields", "truncate"];

/// What is ranked by what, and what else a server that ranks may be told.
fn ranked(body: &Value) -> Vec<FoundText> {
    let mut finder = Finder::default();
    for (key, field) in body.as_object().into_iter().flatten() {
        if !OF_RANKS.contains(&key.as_str()) {
            finder.document(&below(&"", key), field, Voice { role: "user", new_turn: true });
        }
    }
    finder.found
}

fn answer(operation: Operation, body: &Value) -> Vec<FoundText> {
    let assistant = Voice { role: "assistant", new_turn: true };
    let mut finder = Finder::default();
    if matches!(operation, Operation::ImageGeneration | Operation::ImageEdit) {
        images(&mut finder, body, assistant);
    }
    for (index, choice) in body["choices"].as_array().into_iter().flatten().enumerate() {
        finder.message(&format_args!("/choices/{index}/message"), &choice["message"], assistant);
        finder.text(&format_args!("/choices/{index}/text"), &choice["text"], "text", assistant);
    }
    error(&mut finder, body, assistant);
    // What embeddings have beside numbers is encoded.
    if operation != Operation::Embeddings {
        others(&mut finder, body, assistant);
    }
    finder.found
}

fn images(finder: &mut Finder, body: &Value, voice: Voice) {
    for (index, image) in body["data"].as_array().into_iter().flatten().enumerate() {
        let at = format!("/data/{index}");
        finder.text(&below(&at, "revised_prompt"), &image["revised_prompt"], "text", voice);
        for key in ["b64_json", "url"].into_iter().filter(|key| image[key].is_string()) {
            finder.media(&below(&at, key), "image".to_owned(), voice);
        }
    }
}

/// Whatever else is said, as in the events of a stream: vendors have many fields of their own.
fn others(finder: &mut Finder, body: &Value, voice: Voice) {
    let known: BTreeSet<String> = finder.found.iter().map(|found| found.pointer.clone()).collect();
    let strings = places::strings(body, &|at, key, value| {
        known.contains(at) || is_count(at) || (value.is_string() && is_structural(at, key))
    });
    for (pointer, _) in strings {
        finder.text(&pointer, body.pointer(&pointer).unwrap_or(&Value::Null), "text", voice);
    }
}

/// OpenAI's shape of an error, and those of servers that speak its API in all but errors.
pub(crate) fn error(finder: &mut Finder, body: &Value, voice: Voice) {
    let error = &body["error"];
    finder.text(&"/error", error, "text", voice);
    finder.text(&"/error/message", &error["message"], "text", voice);
    finder.strings(&"/error/metadata", &error["metadata"], "text", voice);
    finder.text(&"/message", &body["message"], "text", voice);
    finder.strings(&"/detail", &body["detail"], "text", voice);
}

pub(crate) fn role(message: &Value) -> &'static str {
    match message["role"].as_str() {
        Some("system" | "developer") => "system",
        Some("assistant") => "assistant",
        Some("tool" | "function") => "tool",
        _ => "user",
    }
}

/// The place of the last answer among these roles. What the assistant seems to say at the very end is none: the caller
/// begins the answer there, so what stands before it has not been answered.
pub(crate) fn last_answer(roles: &[&str]) -> Option<usize> {
    let answered = roles.iter().rposition(|role| *role != "assistant")?;
    roles[..answered].iter().rposition(|role| *role == "assistant")
}

#[cfg(test)]
#[path = "texts/texts_tests.rs"]
pub(crate) mod tests;
