//! How Bedrock tells errors: a message in the body, the kind in the header field `x-amzn-errortype`; in a stream as an event.

use crate::exchange::answer::Failure;
use crate::exchange::json::Json;

/// `{"message": "…"}`; what stands before the service itself writes `{"Message": "…"}`.
pub(crate) fn decode(status: u16, body: &Json<'_>) -> Option<Failure> {
    let text = |key: &str| body.at(&[key]).and_then(Json::as_str);
    let message = text("message").or_else(|| text("Message"))?;
    // Services of AWS that put the kind into the body write it behind a namespace.
    let kind = text("__type").map(|kind| kind.rsplit('#').next().unwrap_or(kind).to_owned());
    Some(Failure { code: kind, ..Failure::new(status, message) })
}

/// An exception inside a stream, whose name is that of its event.
pub(crate) fn decode_event(name: &str, data: &Json<'_>) -> Failure {
    // A model's server behind Bedrock has failed: its own status says more than 424.
    let original = data.at(&["originalStatusCode"]).and_then(Json::as_u64);
    let original = original.and_then(|status| u16::try_from(status).ok());
    let status = original.filter(|status| (400..600).contains(status)).unwrap_or_else(|| status(name));
    let told = decode(status, data).map(|failure| failure.message);
    Failure { code: Some(name.to_owned()), ..Failure::new(status, told.unwrap_or_else(|| name.to_owned())) }
}

/// Whether an event of this name breaks a stream off: how the names of all errors end.
pub(crate) fn is_error(name: &str) -> bool {
    name.ends_with("Exception") || name.ends_with("Error")
}

/// The status that goes with an exception.
fn status(name: &str) -> u16 {
    match &*name.to_ascii_lowercase() {
        "validationexception" => 400,
        "accessdeniedexception" => 403,
        "resourcenotfoundexception" => 404,
        "modeltimeoutexception" => 408,
        "throttlingexception" | "modelnotreadyexception" | "servicequotaexceededexception" => 429,
        "serviceunavailableexception" => 503,
        _ => 500,
    }
}
