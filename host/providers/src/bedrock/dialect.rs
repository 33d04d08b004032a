//! The shape of Bedrock's errors. Which exception it is stands in the header field `x-amzn-errortype`.

use bytes::Bytes;
use serde::Serialize;

use crate::dialect::{ErrorBody, Shapes};
use crate::text;

/// The dialect of Bedrock's runtime.
pub(crate) struct Bedrock;

#[derive(Serialize)]
struct Fields<'a> {
    message: &'a str,
}

impl Shapes for Bedrock {
    fn error_body(&self, error: &ErrorBody<'_>) -> Bytes {
        text::bytes(&Fields { message: error.message })
    }

    fn error_event(&self, error: &ErrorBody<'_>) -> Bytes {
        text::named_event(event(error.status), &Fields { message: error.message })
    }

    fn error_kind(&self, status: u16) -> &'static str {
        match status {
            401 | 403 => "AccessDeniedException",
            404 => "ResourceNotFoundException",
            408 | 504 => "ModelTimeoutException",
            424 => "ModelErrorException",
            429 => "ThrottlingException",
            503 | 529 => "ServiceUnavailableException",
            500.. => "InternalServerException",
            _ => "ValidationException",
        }
    }

    fn error_field(&self, status: u16) -> Option<(&'static str, &'static str)> {
        Some(("x-amzn-errortype", self.error_kind(status)))
    }

    /// The runtime has no list of models: a client of it that asks for one gets OpenAI's.
    fn models_body(&self, names: &[&str]) -> Bytes {
        crate::openai::dialect::OpenAi.models_body(names)
    }

    fn model_body(&self, name: &str) -> Bytes {
        crate::openai::dialect::OpenAi.model_body(name)
    }
}

/// The exceptions that a stream may hold.
fn event(status: u16) -> &'static str {
    match status {
        429 => "throttlingException",
        503 | 529 => "serviceUnavailableException",
        424 => "modelStreamErrorException",
        500.. => "internalServerException",
        _ => "validationException",
    }
}
