//! Google's shapes of errors and model lists.
//!
//! Sources: <https://cloud.google.com/apis/design/errors>, <https://ai.google.dev/api/models>

use bytes::Bytes;
use serde::Serialize;

use crate::dialect::{ErrorBody, Shapes};
use crate::text;

/// The dialect of the Gemini API.
pub(crate) struct Gemini;

#[derive(Serialize)]
struct Envelope<'a> {
    error: Fields<'a>,
}

#[derive(Serialize)]
struct Fields<'a> {
    code: u16,
    message: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<[Detail<'a>; 1]>,
}

/// `google.rpc.BadRequest`: which field is to blame.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    field_violations: [Violation<'a>; 1],
}

#[derive(Serialize)]
struct Violation<'a> {
    field: &'a str,
    description: &'a str,
}

#[derive(Serialize)]
struct List<'a> {
    models: Vec<Model<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Model<'a> {
    name: String,
    display_name: &'a str,
    supported_generation_methods: [&'static str; 2],
}

impl<'a> Envelope<'a> {
    fn new(error: &ErrorBody<'a>) -> Self {
        let ErrorBody { status, kind, param, message, .. } = *error;
        let details = param.map(|field| {
            let kind = "type.googleapis.com/google.rpc.BadRequest";
            [Detail { kind, field_violations: [Violation { field, description: message }] }]
        });
        Self { error: Fields { code: status, message, status: kind, details } }
    }
}

impl<'a> Model<'a> {
    fn new(name: &'a str) -> Self {
        Self {
            name: format!("models/{name}"),
            display_name: name,
            supported_generation_methods: ["generateContent", "countTokens"],
        }
    }
}

impl Shapes for Gemini {
    fn error_body(&self, error: &ErrorBody<'_>) -> Bytes {
        text::bytes(&Envelope::new(error))
    }

    fn error_event(&self, error: &ErrorBody<'_>) -> Bytes {
        text::event(&Envelope::new(error))
    }

    fn error_kind(&self, status: u16) -> &'static str {
        match status {
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            409 => "ABORTED",
            429 => "RESOURCE_EXHAUSTED",
            499 => "CANCELLED",
            501 => "UNIMPLEMENTED",
            503 | 529 => "UNAVAILABLE",
            504 => "DEADLINE_EXCEEDED",
            500.. => "INTERNAL",
            _ => "INVALID_ARGUMENT",
        }
    }

    fn models_body(&self, names: &[&str]) -> Bytes {
        text::bytes(&List { models: names.iter().map(|name| Model::new(name)).collect() })
    }

    fn model_body(&self, name: &str) -> Bytes {
        text::bytes(&Model::new(name))
    }
}
