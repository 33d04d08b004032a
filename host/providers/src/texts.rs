//! Finds what a model reads and writes in bodies, for moderation.

use serde_json::Value;
use tidegate_contract::{Dialect, Operation};

use crate::{anthropic, bedrock, gemini, openai};

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
    match dialect {
        _ if !operation.names_a_model() => Vec::new(),
        Dialect::OpenAi => openai::texts::request_texts(operation, body),
        Dialect::Anthropic => anthropic::texts::request(body),
        Dialect::Gemini => gemini::texts::request(body),
        Dialect::Bedrock => bedrock::texts::request(body),
    }
}

/// Every text of an answer, or of the error in its place: providers repeat prompts in their errors.
pub fn answer_texts(dialect: Dialect, operation: Operation, body: &Value) -> Vec<FoundText> {
    match dialect {
        _ if !operation.names_a_model() => Vec::new(),
        Dialect::OpenAi => openai::texts::answer_texts(operation, body),
        Dialect::Anthropic => anthropic::texts::answer(body),
        Dialect::Gemini => gemini::texts::answer(body),
        Dialect::Bedrock => bedrock::texts::answer(body),
    }
}
