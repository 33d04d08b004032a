//! JSON in byte buffers.

use bytes::Bytes;
use serde::Serialize;

/// The text of a raw JSON string, such as [`crate::JsonFields`] finds; `None` where it is anything else.
pub fn json_text(raw: &[u8]) -> Option<String> {
    serde_json::from_slice(raw).ok()
}

/// Appends `value` as compact JSON.
pub(crate) fn push(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    #[expect(
        clippy::expect_used,
        reason = "a Vec takes every write, and no value here has keys that are not strings"
    )]
    serde_json::to_writer(out, value).expect("values of this crate are JSON");
}

/// `value` as compact JSON.
pub(crate) fn bytes(value: &(impl Serialize + ?Sized)) -> Bytes {
    let mut out = Vec::with_capacity(256);
    push(&mut out, value);
    out.into()
}

/// One server-sent event with `value` as its data; compact JSON never holds a line end.
pub(crate) fn event(value: &(impl Serialize + ?Sized)) -> Bytes {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(b"data: ");
    push(&mut out, value);
    out.extend_from_slice(b"\n\n");
    out.into()
}

/// The same under a name.
pub(crate) fn named_event(name: &str, value: &(impl Serialize + ?Sized)) -> Bytes {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    push(&mut out, value);
    out.extend_from_slice(b"\n\n");
    out.into()
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
