//! How Anthropic, and who speaks its API, write errors.

use crate::exchange::answer::Failure;
use crate::exchange::json::Json;

/// `{"type": "error", "error": {type, message}}`, or what servers that speak the API make of it: `{"error": "…"}`,
/// `{"message": "…"}`, `{"detail": "…"}`.
pub(crate) fn decode(status: u16, body: &Json<'_>) -> Option<Failure> {
    let error = body.at(&["error"]);
    let inner = error.filter(|error| error.as_object().is_some()).unwrap_or(body);
    let text = |key: &str| inner.at(&[key]).and_then(Json::as_str).map(str::to_owned);
    let message = error.and_then(Json::as_str).map(str::to_owned);
    let message = message.or_else(|| text("message")).or_else(|| text("detail"))?;
    let kind = text("type");
    Some(Failure {
        // Inside a stream the status of the answer says nothing.
        status: if status < 400 { status_of(kind.as_deref().unwrap_or_default()) } else { status },
        message,
        code: kind,
        param: text("param"),
    })
}

/// The status that Anthropic gives errors of a type.
fn status_of(kind: &str) -> u16 {
    match kind {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "conflict_error" => 409,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => 500,
    }
}
