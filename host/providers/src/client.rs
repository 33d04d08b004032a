//! What a client asks for, known from its method and path alone, before any body is read.

use std::borrow::Cow;

use http::Method;
use percent_encoding::percent_decode_str;
use tidegate_contract::{Dialect, Operation};

use crate::openai;

/// A path and what it means. The path is the one to route on: aliases are already rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed<'a> {
    /// The shape of the answer and of every error.
    pub dialect: Dialect,
    /// What is asked of the model.
    pub operation: Operation,
    /// The normalised path, still percent-encoded.
    pub path: Cow<'a, str>,
}

impl Claimed<'_> {
    /// The model that `GET /v1/models/{id}` asks about, percent-decoded; `None` for the list and for anything else.
    pub fn requested_model(&self) -> Option<Cow<'_, str>> {
        if self.operation != Operation::Models {
            return None;
        }
        openai::client::model_of(&self.path).map(|id| percent_decode_str(id).decode_utf8_lossy())
    }
}

/// Says what a normalised path (without its query) asks for. A path that nobody claims is [`Operation::Other`].
pub fn claim<'a>(method: &Method, path: &'a str) -> Claimed<'a> {
    let path = openai::client::rewritten(path);
    Claimed {
        dialect: Dialect::OpenAi,
        operation: openai::client::operation(method, path),
        path: Cow::Borrowed(path),
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
