//! What a client asks for, known from its head alone, before any body is read.

use std::borrow::Cow;

use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use tidegate_contract::{Dialect, Operation};

use crate::{anthropic, bedrock, gemini, openai};

/// A path and what it means. The path is the one to route on: aliases are already rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed<'a> {
    /// The shape of the answer and of every error.
    pub dialect: Dialect,
    /// What is asked of the model.
    pub operation: Operation,
    /// The normalised path, still percent-encoded.
    pub path: Cow<'a, str>,
    /// The model, in dialects that have it in the path.
    pub model: Option<String>,
    /// Whether the path asks for a stream.
    pub stream: bool,
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
/// The list of models stands under one path in several dialects: clients of Anthropic's and Google's tell themselves by a
/// header.
pub fn claim<'a>(method: &Method, path: &'a str, headers: &HeaderMap) -> Claimed<'a> {
    if let Some(posted) = gemini::client::posted(method, path) {
        return in_path(Dialect::Gemini, path, posted);
    }
    if let Some(posted) = bedrock::client::posted(method, path) {
        return in_path(Dialect::Bedrock, path, posted);
    }
    let plain = |dialect, operation, path| Claimed { dialect, operation, path, model: None, stream: false };
    if let Some(shared) = gemini::client::rewritten(path) {
        let operation = openai::client::operation(method, &shared);
        return plain(Dialect::Gemini, operation, Cow::Owned(shared));
    }
    let (path, is_alias) = anthropic::client::rewritten(openai::client::rewritten(path));
    let own = anthropic::client::operation(method, path);
    let operation = own.unwrap_or_else(|| openai::client::operation(method, path));
    let speaks_it = || is_alias || headers.contains_key(anthropic::client::VERSION);
    let shared = matches!(operation, Operation::Models | Operation::Other);
    let dialect = match operation {
        _ if own.is_some() || (shared && speaks_it()) => Dialect::Anthropic,
        Operation::Models if headers.contains_key(gemini::client::API_KEY) => Dialect::Gemini,
        _ => Dialect::OpenAi,
    };
    plain(dialect, operation, Cow::Borrowed(path))
}

/// A request whose path names the model.
fn in_path<'a>(
    dialect: Dialect,
    path: &'a str,
    (operation, model, stream): (Operation, &str, bool),
) -> Claimed<'a> {
    let model = percent_decode_str(model).decode_utf8_lossy().into_owned();
    Claimed { dialect, operation, path: Cow::Borrowed(path), model: Some(model), stream }
}

/// A path by which a model is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// As clients write it, without aliases.
    pub path: String,
    /// What its bodies are written in.
    pub dialect: Dialect,
    /// What it asks of the model.
    pub operation: Operation,
    /// Whether its answer may be a stream of events.
    pub streams: bool,
}

/// Every path by which a model is called, with `POST`; `{model}` stands for its name.
pub fn endpoints() -> Vec<Endpoint> {
    let of = |dialect: Dialect, posted: &'static [(&'static str, Operation)]| {
        posted.iter().map(move |(path, operation)| Endpoint {
            path: (*path).to_owned(),
            dialect,
            operation: *operation,
            streams: operation.streams(),
        })
    };
    let gemini = gemini::client::VERBS.iter().map(|(verb, operation, streams)| Endpoint {
        path: format!("/v1beta/models/{{model}}:{verb}"),
        dialect: Dialect::Gemini,
        operation: *operation,
        streams: *streams,
    });
    let bedrock = bedrock::client::VERBS.iter().map(|(verb, streams)| Endpoint {
        path: format!("/model/{{model}}{verb}"),
        dialect: Dialect::Bedrock,
        operation: Operation::Converse,
        streams: *streams,
    });
    of(Dialect::OpenAi, &openai::client::POSTED)
        .chain(of(Dialect::Anthropic, &anthropic::client::POSTED))
        .chain(gemini)
        .chain(bedrock)
        .collect()
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
