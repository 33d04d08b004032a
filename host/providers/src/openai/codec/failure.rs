//! How OpenAI, and most who speak its API, write errors.

use crate::exchange::answer::Failure;
use crate::exchange::json::Json;

/// `{"error": {message, type, param, code}}`, or what servers that speak the API make of it: `{"error": "…"}`,
/// `{"message": "…"}`, `{"detail": "…"}`.
pub(crate) fn decode(status: u16, body: &Json<'_>) -> Option<Failure> {
    let error = body.at(&["error"]);
    let inner = error.filter(|error| error.as_object().is_some()).unwrap_or(body);
    let text = |key: &str| inner.at(&[key]).and_then(Json::as_str).map(str::to_owned);
    let message = error.and_then(Json::as_str).map(str::to_owned);
    let message = message.or_else(|| text("message")).or_else(|| text("detail"))?;
    Some(Failure {
        // Inside a stream the status of the answer says nothing, but many put it here.
        status: if status < 400 { stream_status(inner) } else { status },
        message,
        code: text("code").or_else(|| text("type")),
        param: text("param"),
    })
}

fn stream_status(error: &Json<'_>) -> u16 {
    let code = error.at(&["code"]).or_else(|| error.at(&["status"])).and_then(Json::as_u64);
    if let Some(code) = code.filter(|code| (400..600).contains(code)) {
        return code as u16;
    }
    match error.at(&["type"]).and_then(Json::as_str).unwrap_or_default() {
        "invalid_request_error" | "invalid_prompt" => 400,
        "authentication_error" => 401,
        "permission_error" => 403,
        "not_found_error" => 404,
        "rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota" => 429,
        "overloaded_error" => 529,
        _ => 500,
    }
}
