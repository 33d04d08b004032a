//! What a client asks for, known from its head alone, before any body is read.

use std::borrow::Cow;

use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use tidegate_contract::{Dialect, Operation};

use crate::{anthropic, openai};

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
///
/// The list of models stands under one path in two dialects: a client of Anthropic's tells itself by a header.
pub fn claim<'a>(method: &Method, path: &'a str, headers: &HeaderMap) -> Claimed<'a> {
    let (path, is_alias) = anthropic::client::rewritten(openai::client::rewritten(path));
    let own = anthropic::client::operation(method, path);
    let operation = own.unwrap_or_else(|| openai::client::operation(method, path));
    let speaks_it = || is_alias || headers.contains_key(anthropic::client::VERSION);
    let shared = matches!(operation, Operation::Models | Operation::Other);
    let dialect = if own.is_some() || (shared && speaks_it()) { Dialect::Anthropic } else { Dialect::OpenAi };
    Claimed { dialect, operation, path: Cow::Borrowed(path) }
}

/// A path by which a model is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// As clients write it, without aliases.
    pub path: &'static str,
    /// What its bodies are written in.
    pub dialect: Dialect,
    /// What it asks of the model.
    pub operation: Operation,
    /// Whether its answer may be a stream of events.
    pub streams: bool,
}

/// Every path by which a model is called, with `POST`.
pub fn endpoints() -> Vec<Endpoint> {
    let of = |dialect: Dialect, posted: &'static [(&'static str, Operation)]| {
        posted.iter().map(move |(path, operation)| Endpoint {
            path,
            dialect,
            operation: *operation,
            streams: operation.streams(),
        })
    };
    of(Dialect::OpenAi, &openai::client::POSTED)
        .chain(of(Dialect::Anthropic, &anthropic::client::POSTED))
        .collect()
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
