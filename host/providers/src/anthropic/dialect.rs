//! Anthropic's shapes of errors and model lists.

use bytes::Bytes;
use serde::Serialize;

use crate::dialect::{ErrorBody, Shapes};
use crate::text;

/// The dialect of Anthropic and of all that speak its API.
pub(crate) struct Anthropic;

#[derive(Serialize)]
struct Envelope<'a> {
    r#type: &'static str,
    error: Fields<'a>,
}

/// The dialect has no place for a code or the field to blame.
#[derive(Serialize)]
struct Fields<'a> {
    r#type: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct List<'a> {
    data: Vec<Model<'a>>,
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

/// `created_at` is the beginning of Unix time where, as here, nobody knows it.
#[derive(Serialize)]
struct Model<'a> {
    r#type: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: &'static str,
}

impl<'a> Envelope<'a> {
    fn new(error: &ErrorBody<'a>) -> Self {
        let ErrorBody { kind, message, .. } = *error;
        Self { r#type: "error", error: Fields { r#type: kind, message } }
    }
}

impl<'a> Model<'a> {
    fn new(id: &'a str) -> Self {
        Self { r#type: "model", id, display_name: id, created_at: "1970-01-01T00:00:00Z" }
    }
}

impl Shapes for Anthropic {
    fn error_body(&self, error: &ErrorBody<'_>) -> Bytes {
        text::bytes(&Envelope::new(error))
    }

    fn error_event(&self, error: &ErrorBody<'_>) -> Bytes {
        text::named_event("error", &Envelope::new(error))
    }

    fn error_kind(&self, status: u16) -> &'static str {
        match status {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            504 => "timeout_error",
            529 => "overloaded_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        }
    }

    fn models_body(&self, names: &[&str]) -> Bytes {
        text::bytes(&List {
            data: names.iter().map(|name| Model::new(name)).collect(),
            has_more: false,
            first_id: names.first().copied(),
            last_id: names.last().copied(),
        })
    }

    fn model_body(&self, name: &str) -> Bytes {
        text::bytes(&Model::new(name))
    }
}
