//! Reading the parts of a request that the model needs, and refusing what OpenAI refuses too.

use std::borrow::Cow;

use serde_json::{Map, Value};
use tidegate_contract::Dialect;

use super::plan::Plan;
use crate::dialect::{ErrorBody, JSON, error_body, error_kind};

/// What all choices of one answer may say together; an echo of a large request could otherwise be multiplied by `n`.
const MAX_TEXT: usize = 64 * 1024 * 1024;

/// OpenAI's bound on `n`.
const MAX_CHOICES: u64 = 128;

/// Why a request gets an error, as OpenAI words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    status: u16,
    param: Option<&'static str>,
    code: Option<&'static str>,
    message: Cow<'static, str>,
}

impl Refused {
    /// A 400 for one field.
    pub(super) fn field(param: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: 400, param: Some(param), code: None, message: message.into() }
    }

    /// A path that the model does not serve.
    pub(super) fn not_found() -> Self {
        let message = "no such path or method; see GET /v1/models for what is served".into();
        Self { status: 404, param: None, code: Some("unknown_url"), message }
    }

    /// The status that the settings ask for.
    pub(super) fn told(status: u16) -> Self {
        let code = match status {
            401 => Some("invalid_api_key"),
            404 => Some("model_not_found"),
            429 => Some("rate_limit_exceeded"),
            _ => None,
        };
        Self {
            status,
            param: None,
            code,
            message: format!("the mock was told to answer with status {status}").into(),
        }
    }

    /// The answer, in the client's dialect.
    pub(super) fn plan(&self, dialect: Dialect) -> Plan {
        let error = ErrorBody {
            status: self.status,
            kind: error_kind(dialect, self.status),
            code: self.code,
            param: self.param,
            message: &self.message,
        };
        Plan::whole(self.status, JSON, error_body(dialect, &error))
    }
}

/// A request body: a JSON object.
pub(super) struct Body(Map<String, Value>);

impl Body {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Self::broken("the body is not a JSON object".into())),
            Err(error) => Err(Self::broken(format!("the body is not valid JSON: {error}"))),
        }
    }

    /// The value of a field; absent and `null` are the same.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// The whole body.
    pub(super) fn value(self) -> Value {
        Value::Object(self.0)
    }

    pub(super) fn model(&self) -> Result<&str, Refused> {
        match self.get("model").and_then(Value::as_str) {
            Some(model) if !model.is_empty() => Ok(model),
            _ => Err(Refused::field("model", "you must provide a model parameter")),
        }
    }

    /// How many choices are wanted.
    pub(super) fn choices(&self) -> Result<usize, Refused> {
        match self.get("n").map(Value::as_u64) {
            None => Ok(1),
            Some(Some(n @ 1..=MAX_CHOICES)) => Ok(n as usize),
            Some(_) => Err(Refused::field("n", format!("\"n\" must be a number from 1 to {MAX_CHOICES}"))),
        }
    }

    pub(super) fn streamed(&self) -> Result<bool, Refused> {
        match self.get("stream") {
            None => Ok(false),
            Some(Value::Bool(stream)) => Ok(*stream),
            Some(_) => Err(Refused::field("stream", "\"stream\" must be a boolean")),
        }
    }

    /// `stream_options.include_usage`
    pub(super) fn wants_usage(&self) -> bool {
        self.get("stream_options").and_then(|options| options.get("include_usage"))
            == Some(&Value::Bool(true))
    }

    fn broken(message: String) -> Refused {
        Refused { status: 400, param: None, code: None, message: message.into() }
    }
}

/// Refuses an answer whose choices would take more memory than anybody can want.
///
/// Each choice counts 256 bytes besides its text.
pub(super) fn bounded(choices: usize, text: &str) -> Result<(), Refused> {
    match choices.saturating_mul(text.len() + 256) {
        0..=MAX_TEXT => Ok(()),
        _ => Err(Refused::field("n", "the choices together would be larger than 64 MiB; ask for fewer")),
    }
}

/// How many tokens a text counts: one for every four characters begun.
pub(super) fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(4)
}
