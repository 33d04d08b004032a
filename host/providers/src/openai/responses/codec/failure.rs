//! How OpenAI writes errors, in bodies and in streams.

use tidegate_contract::Dialect;

use crate::dialect;
use crate::exchange::answer::Failure;
use crate::exchange::json::{Json, Object, object};
use crate::openai::codec::failure;

/// Words of this API for errors, beside those of its class.
const CODES: [&str; 9] = [
    "server_error",
    "rate_limit_exceeded",
    "invalid_prompt",
    "context_length_exceeded",
    "insufficient_quota",
    "invalid_image",
    "image_too_large",
    "unsupported_image_media_type",
    "failed_to_download_image",
];

/// As chat completions write them.
pub(super) fn decode(status: u16, body: &Json<'_>) -> Option<Failure> {
    failure::decode(status, body)
}

/// Of an event: `{type: "error", code, message, param}`, the same under `error`, or the `error` of a response that failed.
pub(super) fn streamed(event: &Json<'_>) -> Failure {
    let inner = |path: &[&str]| event.at(path).filter(|error| error.as_object().is_some());
    let error = inner(&["response", "error"]).or_else(|| inner(&["error"])).unwrap_or(event);
    let mut failure =
        failure::decode(0, error).unwrap_or_else(|| Failure::new(500, "the provider broke the answer off"));
    failure.code = failure.code.filter(|code| code != "error");
    if let Some(status) = failure.code.as_deref().and_then(status_of) {
        failure.status = status;
    }
    failure
}

/// The status that goes with a code; `None` where the code does not say it.
fn status_of(code: &str) -> Option<u16> {
    match code {
        "rate_limit_exceeded" | "insufficient_quota" | "too_many_requests" => Some(429),
        "server_is_overloaded" | "slow_down" => Some(503),
        "context_length_exceeded" | "failed_to_download_image" => Some(400),
        _ if code.starts_with("invalid_") || code.starts_with("image_") => Some(400),
        _ => None,
    }
}

/// The event of an error. Clients read it in two ways: as the API is documented, and as it is.
pub(super) fn event(failure: &Failure) -> Object<'static> {
    let Failure { status, message, code, param } = failure.clone();
    let kind = dialect::error_kind(Dialect::OpenAi, status);
    let error = object! {
        "type": kind, "code": code.clone(), "message": message.clone(), "param": param.clone(),
    };
    object! { "code": code, "message": message, "param": param, "error": error }
}

/// The `error` of a response that failed, whose code clients know.
pub(super) fn of_response(failure: &Failure) -> Object<'static> {
    let known = failure.code.as_deref().and_then(|code| CODES.into_iter().find(|known| *known == code));
    let code = known.unwrap_or(match failure.status {
        429 => "rate_limit_exceeded",
        400..500 => "invalid_prompt",
        _ => "server_error",
    });
    object! { "code": code, "message": failure.message.clone() }
}
