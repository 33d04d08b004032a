//! The shapes of answers: errors as one JSON object, and the headers that every answer carries.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::access::Refused;
use crate::control::{ApiError, ReloadError, Reloaded};

/// Answers are for the caller alone: no cache keeps them, no browser guesses their type or shows them in a page.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

pub(crate) async fn with_headers(mut response: Response) -> Response {
    response.headers_mut().extend(HEADERS);
    response
}

/// `{"error": {"message", "type", "code"}}`, the shape that the data plane uses too.
pub(crate) fn error(status: StatusCode, code: &'static str, message: &str) -> Response {
    let kind = match status {
        StatusCode::UNAUTHORIZED => "authentication_error",
        StatusCode::FORBIDDEN => "permission_error",
        status if status.is_server_error() => "server_error",
        _ => "invalid_request_error",
    };
    (status, Json(json!({"error": {"message": message, "type": kind, "code": code}}))).into_response()
}

pub(crate) fn refused(reason: Refused) -> Response {
    let (status, code) = match reason {
        Refused::Token => (StatusCode::UNAUTHORIZED, "invalid_admin_token"),
        Refused::Unprotected => (StatusCode::FORBIDDEN, "admin_token_not_set"),
        Refused::Host => (StatusCode::FORBIDDEN, "host_not_allowed"),
        Refused::Origin => (StatusCode::FORBIDDEN, "origin_not_allowed"),
    };
    let mut response = error(status, code, &reason.to_string());
    if reason == Refused::Token {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

pub(crate) fn reloaded(outcome: Result<Reloaded, ReloadError>) -> Response {
    match outcome {
        Ok(Reloaded { changed, generation }) => {
            Json(json!({"result": "success", "changed": changed, "generation": generation})).into_response()
        }
        Err(ReloadError { problems }) => {
            let body = Json(json!({"result": "failure", "errors": problems}));
            (StatusCode::BAD_REQUEST, body).into_response()
        }
    }
}

pub(crate) fn plugin(outcome: Result<serde_json::Value, ApiError>) -> Response {
    outcome.map_or_else(|error| told(&error, &PLUGIN), |plugin| Json(plugin).into_response())
}

/// What was made, with its secret where it has one.
pub(crate) fn made(outcome: Result<serde_json::Value, ApiError>) -> Response {
    outcome
        .map_or_else(|error| told(&error, &OTHER), |made| (StatusCode::CREATED, Json(made)).into_response())
}

pub(crate) fn found(outcome: Result<serde_json::Value, ApiError>) -> Response {
    outcome.map_or_else(|error| told(&error, &OTHER), |found| Json(found).into_response())
}

pub(crate) fn gone(outcome: Result<(), ApiError>) -> Response {
    outcome.map_or_else(|error| told(&error, &OTHER), |()| StatusCode::NO_CONTENT.into_response())
}

/// Words for programs: of what is unknown, of what cannot be, and of what is in use.
type Codes = [&'static str; 3];

const PLUGIN: Codes = ["unknown_plugin", "invalid_plugin", "plugin_in_use"];

const OTHER: Codes = ["not_found", "invalid_request", "conflict"];

fn told(cause: &ApiError, [unknown, invalid, in_use]: &Codes) -> Response {
    let (status, code) = match cause {
        ApiError::NotFound(_) => (StatusCode::NOT_FOUND, unknown),
        ApiError::Invalid(_) => (StatusCode::BAD_REQUEST, invalid),
        ApiError::Conflict(_) => (StatusCode::CONFLICT, in_use),
        ApiError::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, &"store_unavailable"),
    };
    error(status, code, &cause.to_string())
}
