//! How Google writes errors: a status of HTTP beside one of `google.rpc`.
//!
//! Source: <https://cloud.google.com/apis/design/errors>

use crate::exchange::answer::Failure;
use crate::exchange::json::{Json, Object, object};

/// The statuses of `google.rpc` by those of HTTP; the first of a status of HTTP is its usual one.
const STATUSES: [(u16, &str); 15] = [
    (400, "INVALID_ARGUMENT"),
    (400, "FAILED_PRECONDITION"),
    (400, "OUT_OF_RANGE"),
    (401, "UNAUTHENTICATED"),
    (403, "PERMISSION_DENIED"),
    (404, "NOT_FOUND"),
    (409, "ABORTED"),
    (409, "ALREADY_EXISTS"),
    (429, "RESOURCE_EXHAUSTED"),
    (499, "CANCELLED"),
    (500, "INTERNAL"),
    (500, "UNKNOWN"),
    (501, "UNIMPLEMENTED"),
    (503, "UNAVAILABLE"),
    (504, "DEADLINE_EXCEEDED"),
];

/// `{"error": {code, message, status, details}}`, or a list that holds one of it.
pub(super) fn decode(status: u16, body: &Json<'_>) -> Option<Failure> {
    if let Json::List(list) = body {
        return decode(status, list.first()?);
    }
    let error = body.at(&["error"])?;
    let text = |key: &str| error.at(&[key]).and_then(Json::as_str).map(str::to_owned);
    let word = text("status");
    let message = text("message").or_else(|| error.as_str().map(str::to_owned))?;
    let details = if let Some(Json::List(details)) = error.at(&["details"]) { &details[..] } else { &[] };
    let detail =
        |path: &[&str]| details.iter().find_map(|detail| detail.at(path)?.as_str().map(str::to_owned));
    let of_event = || stream_status(error.at(&["code"]).and_then(Json::as_u64), word.as_deref());
    Some(Failure {
        // Inside a stream the status of the answer says nothing.
        status: if status < 400 { of_event() } else { status },
        message,
        // Why, such as `API_KEY_INVALID`, says more than the class of the error.
        code: detail(&["reason"]).or_else(|| word.clone()),
        param: details.iter().find_map(violation),
    })
}

/// The first field that a `google.rpc.BadRequest` blames.
fn violation(detail: &Json<'_>) -> Option<String> {
    let Json::List(violations) = detail.at(&["fieldViolations"])? else { return None };
    violations.iter().find_map(|violation| violation.at(&["field"])?.as_str().map(str::to_owned))
}

fn stream_status(code: Option<u64>, word: Option<&str>) -> u16 {
    let known = |word: &str| STATUSES.iter().find(|(_, name)| *name == word).map(|(status, _)| *status);
    match code {
        Some(code @ 400..600) => code as u16,
        _ => word.and_then(known).unwrap_or(500),
    }
}

/// The body of an error for a client of this API, also inside a stream.
pub(crate) fn encode(failure: &Failure) -> Object<'static> {
    let Failure { status, message, code, param } = failure;
    let mut error = object! {
        "code": u64::from(*status),
        "message": message.clone(),
        "status": word(*status, code.as_deref()),
    };
    if let Some(field) = param {
        let violation = object! { "field": field.clone(), "description": message.clone() };
        let detail = object! {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": vec![violation],
        };
        error.set("details", vec![detail]);
    }
    object! { "error": error }
}

/// The provider's own word where it is one of Google's for this status.
fn word(status: u16, code: Option<&str>) -> &'static str {
    let own = STATUSES.iter().find(|(of, name)| *of == status && Some(*name) == code);
    let usual = || STATUSES.iter().find(|(of, _)| *of == status);
    match own.or_else(usual) {
        Some((_, name)) => name,
        None if status == 502 || status == 529 => "UNAVAILABLE",
        None if status >= 500 => "INTERNAL",
        None => "INVALID_ARGUMENT",
    }
}
