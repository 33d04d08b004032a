//! OpenAI's shapes of errors and model lists.

use bytes::Bytes;
use serde::Serialize;

use crate::dialect::{ErrorBody, Shapes};
use crate::text;

/// The dialect of OpenAI and of all that speak its API.
pub(crate) struct OpenAi;

#[derive(Serialize)]
struct Envelope<'a> {
    error: Fields<'a>,
}

#[derive(Serialize)]
struct Fields<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Model<'a>>,
}

/// `created` is a Unix time that every official client expects; 0 says that the gateway does not know it.
#[derive(Serialize)]
struct Model<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

impl<'a> Envelope<'a> {
    fn new(error: &ErrorBody<'a>) -> Self {
        let ErrorBody { kind, code, param, message, .. } = *error;
        Self { error: Fields { message, r#type: kind, param, code } }
    }
}

impl<'a> Model<'a> {
    fn new(id: &'a str) -> Self {
        Self { id, object: "model", created: 0, owned_by: "tidegate" }
    }
}

impl Shapes for OpenAi {
    fn error_body(&self, error: &ErrorBody<'_>) -> Bytes {
        text::bytes(&Envelope::new(error))
    }

    fn error_event(&self, error: &ErrorBody<'_>) -> Bytes {
        text::event(&Envelope::new(error))
    }

    fn error_kind(&self, status: u16) -> &'static str {
        match status {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        }
    }

    fn models_body(&self, names: &[&str]) -> Bytes {
        text::bytes(&List { object: "list", data: names.iter().map(|name| Model::new(name)).collect() })
    }

    fn model_body(&self, name: &str) -> Bytes {
        text::bytes(&Model::new(name))
    }
}
