//! What passes between a guest and the gateway's services.

use std::time::Duration;

use tidegate_contract::{Header, Reply};
use tidegate_pipeline::{Entry, HttpRequest, NoAnswer, StoreError};

use crate::bindings::tidegate::plugin::{
    http as wire_http, kv as wire_kv, models as wire_models, types as wire,
};

pub(crate) fn entry(entry: Entry) -> wire_kv::Entry {
    let Entry { value, version } = entry;
    wire_kv::Entry { value: value.into(), version }
}

pub(crate) fn store_error(error: StoreError) -> wire_kv::Error {
    match error {
        StoreError::Denied => wire_kv::Error::Denied,
        StoreError::TooLarge => wire_kv::Error::TooLarge,
        StoreError::Unavailable(cause) => wire_kv::Error::Unavailable(cause),
    }
}

/// No request takes longer than what is left of the call.
pub(crate) fn http_request(request: wire_http::Request, left: Duration) -> HttpRequest {
    let wire_http::Request { method, url, headers, body, timeout_ms } = request;
    let asked = timeout_ms.map_or(left, |asked| Duration::from_millis(asked.into()));
    let headers =
        headers.into_iter().map(|wire::HeaderResult { name, value }| Header { name, value }).collect();
    HttpRequest { method, url, headers, body, timeout: Some(asked.min(left)) }
}

pub(crate) fn http_answer(answer: Result<Reply, NoAnswer>) -> Result<wire::Reply, wire_http::Error> {
    let error = |error| match error {
        NoAnswer::Denied(cause) => wire_http::Error::Denied(cause),
        NoAnswer::Timeout => wire_http::Error::Timeout,
        NoAnswer::TooLarge => wire_http::Error::TooLarge,
        NoAnswer::Failed(cause) => wire_http::Error::Failed(cause),
    };
    let Reply { status, headers, body } = answer.map_err(error)?;
    let headers =
        headers.into_iter().map(|Header { name, value }| wire::HeaderResult { name, value }).collect();
    Ok(wire::Reply { status, headers, body })
}

pub(crate) fn model_error(error: NoAnswer) -> wire_models::Error {
    match error {
        NoAnswer::Denied(cause) => wire_models::Error::Denied(cause),
        NoAnswer::Timeout => wire_models::Error::Timeout,
        NoAnswer::TooLarge => wire_models::Error::TooLarge,
        NoAnswer::Failed(cause) => wire_models::Error::Failed(cause),
    }
}
