//! What the gateway writes by itself, in the shape of the client's dialect.

use bytes::Bytes;
use tidegate_contract::Dialect;

use crate::{anthropic, bedrock, gemini, openai};

/// The content type of every body in this module.
pub const JSON: &str = "application/json";

/// An error as every dialect can tell it; each has its own names for the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorBody<'a> {
    /// The HTTP status that goes with it.
    pub status: u16,
    /// The class of the error in the dialect's own words; [`error_kind`] has the usual one of a status.
    pub kind: &'a str,
    /// A short machine-readable word such as `invalid_api_key`.
    pub code: Option<&'a str>,
    /// The field of the request that is to blame.
    pub param: Option<&'a str>,
    /// One sentence for the person who reads it; never a secret.
    pub message: &'a str,
}

/// The shapes of one dialect; a new dialect implements it in its own folder.
pub(crate) trait Shapes {
    fn error_body(&self, error: &ErrorBody<'_>) -> Bytes;
    fn error_event(&self, error: &ErrorBody<'_>) -> Bytes;
    fn error_kind(&self, status: u16) -> &'static str;
    /// A header field that says the kind of an error, where the body does not.
    fn error_field(&self, _status: u16) -> Option<(&'static str, &'static str)> {
        None
    }
    fn models_body(&self, names: &[&str]) -> Bytes;
    fn model_body(&self, name: &str) -> Bytes;
}

fn shapes(dialect: Dialect) -> &'static dyn Shapes {
    match dialect {
        Dialect::OpenAi => &openai::dialect::OpenAi,
        Dialect::Anthropic => &anthropic::dialect::Anthropic,
        Dialect::Gemini => &gemini::dialect::Gemini,
        Dialect::Bedrock => &bedrock::dialect::Bedrock,
    }
}

/// The JSON body of an answer that is an error.
pub fn error_body(dialect: Dialect, error: &ErrorBody<'_>) -> Bytes {
    shapes(dialect).error_body(error)
}

/// What is written into a stream of events that has already begun when it cannot go on.
///
/// It never looks like the regular end of a stream, so a client cannot take a part for the whole.
pub fn error_event(dialect: Dialect, error: &ErrorBody<'_>) -> Bytes {
    shapes(dialect).error_event(error)
}

/// The dialect's usual word for the class of errors with this status.
pub fn error_kind(dialect: Dialect, status: u16) -> &'static str {
    shapes(dialect).error_kind(status)
}

/// The header field in which clients of the dialect look for the kind of an error.
pub fn error_field(dialect: Dialect, status: u16) -> Option<(&'static str, &'static str)> {
    shapes(dialect).error_field(status)
}

/// The list of models, in the order given.
pub fn models_body(dialect: Dialect, names: &[&str]) -> Bytes {
    shapes(dialect).models_body(names)
}

/// One model of the list, by itself.
pub fn model_body(dialect: Dialect, name: &str) -> Bytes {
    shapes(dialect).model_body(name)
}

#[cfg(test)]
#[path = "dialect_tests.rs"]
mod tests;
