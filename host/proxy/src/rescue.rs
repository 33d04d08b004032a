//! The one place where a fault becomes HTTP: status, body shape and whether the connection may go on.

use http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use tidegate_contract::Dialect;
use tidegate_pipeline::Denied;
use tidegate_providers::{ErrorBody, JSON, error_body, error_event, error_field, error_kind};

use bytes::Bytes;

use crate::fault::Fault;
use crate::headers::add_fields;

/// The whole answer, in the shape of the client's dialect.
pub(crate) fn answer(fault: &Fault, dialect: Dialect) -> Response<Bytes> {
    let status = status(fault);
    let told = fault.told();
    let body = error_body(dialect, &shape(fault, dialect, status, &told));
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    if let Some((name, kind)) = error_field(dialect, status.as_u16()) {
        headers.insert(name, HeaderValue::from_static(kind));
    }
    extra_headers(fault, status, headers);
    response
}

/// What is written into a stream that has already begun.
pub(crate) fn event(fault: &Fault, dialect: Dialect) -> Bytes {
    let told = fault.told();
    error_event(dialect, &shape(fault, dialect, status(fault), &told))
}

fn shape<'a>(fault: &'a Fault, dialect: Dialect, status: StatusCode, told: &'a str) -> ErrorBody<'a> {
    ErrorBody {
        status: status.as_u16(),
        kind: error_kind(dialect, status.as_u16()),
        code: code(fault),
        param: param(fault),
        message: told,
    }
}

/// The field to blame.
fn param(fault: &Fault) -> Option<&str> {
    match fault {
        Fault::NoModel(_) | Fault::ModelNotAllowed { .. } => Some("model"),
        Fault::Untranslatable(refused) => refused.param.as_deref(),
        _ => None,
    }
}

/// The status of the answer; 499 where nobody is left to read it.
pub(crate) fn status(fault: &Fault) -> StatusCode {
    match fault {
        Fault::Malformed(_)
        | Fault::Path(_)
        | Fault::Body(_)
        | Fault::NotServed { .. }
        | Fault::KeyUnfit { .. }
        | Fault::Untranslatable(_) => StatusCode::BAD_REQUEST,
        Fault::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Fault::BodyTimeout(_) => StatusCode::REQUEST_TIMEOUT,
        Fault::ClientLeft => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Fault::Denied(Denied::Refused { refusal, .. }) => refusal_status(refusal.status),
        Fault::Denied(Denied::Unauthenticated) | Fault::NoKeyGiven { .. } => StatusCode::UNAUTHORIZED,
        Fault::Denied(Denied::Blocked { .. } | Denied::Body(_)) => StatusCode::BAD_REQUEST,
        Fault::Denied(Denied::Failed { .. })
        | Fault::PoolExhausted { .. }
        | Fault::Overflow { .. }
        | Fault::Overloaded
        | Fault::Credentials { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Fault::OverShare => StatusCode::TOO_MANY_REQUESTS,
        Fault::ModelNotAllowed { .. } | Fault::ModelUnknown => StatusCode::FORBIDDEN,
        Fault::NoService(_) | Fault::NoRoute { .. } | Fault::NoModel(_) => StatusCode::NOT_FOUND,
        Fault::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
        Fault::Connect { .. } | Fault::Reset { .. } | Fault::BadAnswer { .. } => StatusCode::BAD_GATEWAY,
        Fault::BrokeOff { .. } => StatusCode::BAD_GATEWAY,
        Fault::UpstreamTimeout { .. } | Fault::RequestTimeout(_) => StatusCode::GATEWAY_TIMEOUT,
        Fault::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A filter may refuse with an error status only; anything else would let a refusal look like an answer.
fn refusal_status(status: u16) -> StatusCode {
    let refused = StatusCode::from_u16(status).ok();
    refused.filter(|s| s.is_client_error() || s.is_server_error()).unwrap_or(StatusCode::FORBIDDEN)
}

fn code(fault: &Fault) -> Option<&str> {
    Some(match fault {
        Fault::Denied(Denied::Refused { refusal, .. }) => &refusal.code,
        Fault::Denied(Denied::Unauthenticated) => "invalid_api_key",
        Fault::NoKeyGiven { .. } => "missing_upstream_credential",
        Fault::KeyUnfit { .. } => "invalid_upstream_credential",
        Fault::Credentials { .. } => "upstream_credentials",
        Fault::Denied(Denied::Failed { .. }) => "filter_failed",
        Fault::Denied(Denied::Blocked { .. }) => "content_filter",
        Fault::Denied(Denied::Body(_)) => "malformed_request",
        Fault::ModelNotAllowed { .. } | Fault::ModelUnknown => "model_not_allowed",
        Fault::NoModel(_) => "model_not_found",
        Fault::NoService(_) | Fault::NoRoute { .. } => "route_not_found",
        Fault::Method(_) => "method_not_allowed",
        Fault::NotServed { .. } => "operation_not_served",
        Fault::Untranslatable(refused) if refused.unsupported => "unsupported_parameter",
        Fault::Untranslatable(_) => "invalid_value",
        Fault::BodyTooLarge { .. } => "request_too_large",
        Fault::BodyTimeout(_) => "request_body_timeout",
        Fault::Connect { .. } => "upstream_unreachable",
        Fault::PoolExhausted { .. } | Fault::Overflow { .. } => "upstream_busy",
        Fault::Overloaded => "overloaded",
        Fault::OverShare => "fair_share_exceeded",
        Fault::Reset { .. } | Fault::BrokeOff { .. } => "upstream_reset",
        Fault::BadAnswer { .. } => "upstream_bad_answer",
        Fault::UpstreamTimeout { .. } | Fault::RequestTimeout(_) => "upstream_timeout",
        Fault::Malformed(_) | Fault::Path(_) => "malformed_request",
        Fault::Body(_) | Fault::ClientLeft | Fault::Internal(_) => return None,
    })
}

fn extra_headers(fault: &Fault, status: StatusCode, headers: &mut HeaderMap) {
    if let Fault::Denied(Denied::Refused { refusal, .. }) = fault {
        // The chain has held plugins to names and values; a built-in filter's own are legal by construction.
        add_fields(&refusal.headers, headers);
    }
    if status == StatusCode::UNAUTHORIZED && !headers.contains_key(WWW_AUTHENTICATE) {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if may_come_again(fault) {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if ends_connection(fault) {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

/// After these there may be room again in a moment.
fn may_come_again(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::PoolExhausted { .. } | Fault::Overflow { .. } | Fault::Overloaded | Fault::OverShare
    )
}

/// After these nobody can be sure where the next request on the connection begins.
fn ends_connection(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Malformed(_)
            | Fault::Path(_)
            // After CONNECT a client may send bytes of the tunnel that it did not get.
            | Fault::Method(_)
            | Fault::BodyTooLarge { .. }
            | Fault::BodyTimeout(_)
            | Fault::ClientLeft
    )
}
