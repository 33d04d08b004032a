//! The request that reached the model, as JSON.

use http::HeaderMap;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::model::MockRequest;
use crate::text;

#[derive(Serialize)]
struct Echo<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: Map<String, Value>,
    body: Body<'a>,
}

/// JSON as it came, byte for byte; anything else as a string; nothing as `null`.
#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Json(&'a RawValue),
    Other(Option<String>),
}

/// `{method, path, query, headers, body}`; a header that came more than once is an array.
pub(super) fn json(request: &MockRequest<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(256 + request.body.len());
    text::push(
        &mut out,
        &Echo {
            method: request.method.as_str(),
            path: request.path,
            query: request.query,
            headers: headers(request.headers),
            body: body(request.body),
        },
    );
    out
}

fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let texts = |name| {
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    headers
        .keys()
        .map(|name| {
            let mut values: Vec<Value> = texts(name).map(Value::String).collect();
            let value = if values.len() == 1 { values.remove(0) } else { Value::Array(values) };
            (name.as_str().to_owned(), value)
        })
        .collect()
}

fn body(body: &[u8]) -> Body<'_> {
    if body.is_empty() {
        return Body::Other(None);
    }
    match serde_json::from_slice(body) {
        Ok(json) => Body::Json(json),
        Err(_) => Body::Other(Some(String::from_utf8_lossy(body).into_owned())),
    }
}
