//! Finds what a model reads and writes in OpenAI's bodies, for moderation.

pub(crate) mod finder;
pub(crate) mod media;
pub(crate) mod schema;

use serde_json::Value;
use tidegate_contract::{Dialect, Operation};

use super::responses::items;
use finder::{Finder, Voice};

/// A text and its place in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundText {
    /// RFC 6901; a string stands there, unless `shown` is set.
    pub pointer: String,
    /// Who says it, one of the contract's roles.
    pub role: &'static str,
    /// What it is, one of the contract's kinds.
    pub kind: &'static str,
    /// Whether it stands after the last answer of the conversation.
    pub new_turn: bool,
    /// Of what is no text, such as media: what may be told of it. Never its bytes.
    pub shown: Option<String>,
}

/// Every text of a request that a model may read, in the order in which it stands there.
///
/// Descriptions of tools and schemas count, since a prompt can hide in them. Of bodies that are not known to hold a
/// prompt ([`Operation::Models`], [`Operation::Other`]) nothing is found.
pub fn request_texts(dialect: Dialect, operation: Operation, body: &Value) -> Vec<FoundText> {
    match (dialect, operation) {
        (Dialect::OpenAi, Operation::Chat) => chat(body),
        (Dialect::OpenAi, Operation::Completion) => prompts(body, &["prompt", "suffix"]),
        (Dialect::OpenAi, Operation::Embeddings) => prompts(body, &["input"]),
        (Dialect::OpenAi, Operation::Responses | Operation::InputTokens) => items::request(body),
        (Dialect::OpenAi, Operation::Models | Operation::Other) => Vec::new(),
    }
}

/// Every text of an answer, or of the error in its place: providers repeat prompts in their errors.
pub fn answer_texts(dialect: Dialect, operation: Operation, body: &Value) -> Vec<FoundText> {
    match (dialect, operation) {
        (Dialect::OpenAi, Operation::Models | Operation::Other) => Vec::new(),
        (Dialect::OpenAi, Operation::Responses | Operation::InputTokens) => items::response(body),
        (Dialect::OpenAi, _) => answer(body),
    }
}

/// What stands beside the messages and is told to the model by the caller's program.
const BESIDE_MESSAGES: [&str; 2] = ["documents", "chat_template"];

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

fn answer(body: &Value) -> Vec<FoundText> {
    let assistant = Voice { role: "assistant", new_turn: true };
    let mut finder = Finder::default();
    for (index, choice) in body["choices"].as_array().into_iter().flatten().enumerate() {
        finder.message(&format_args!("/choices/{index}/message"), &choice["message"], assistant);
        finder.text(&format_args!("/choices/{index}/text"), &choice["text"], "text", assistant);
    }
    error(&mut finder, body, assistant);
    finder.found
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
