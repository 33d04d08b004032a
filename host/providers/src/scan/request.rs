//! The one strict look at a request body: which model, whether a stream is wanted, and how long the answer may become.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::found::{Found, Slot};
use crate::text;

/// As deep as serde_json goes when it builds values, so what passes here can be parsed later.
const MAX_DEPTH: usize = 128;

/// What a request body says about its routing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestScan<'a> {
    /// The top-level `model`; `None` where the body has no such key.
    pub model: Option<ModelName<'a>>,
    /// The top-level `stream`; absent and `null` count as false.
    pub stream: bool,
    /// As [`output_bound`](super::output_bound) says it.
    pub output_bound: Option<u64>,
}

/// The model of a request, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelName<'a> {
    /// The name, JSON escapes resolved.
    pub name: Cow<'a, str>,
    /// The bytes of the raw value in the body, quotes included; for [`replace_model`].
    pub range: Range<usize>,
}

/// Why a request body is a 400. No text repeats what the client sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// Not JSON at all; places count from 1, columns in bytes.
    #[error("the body is not valid JSON: {what}")]
    Syntax {
        /// The parser's own words, with line and column.
        what: String,
    },
    /// RFC 8259 section 8.1 wants UTF-8, and parsers disagree on anything else.
    #[error("the body is not valid UTF-8 at byte {at}")]
    NotUtf8 {
        /// Counted from 0.
        at: usize,
    },
    /// An array, a string, a number.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// Parsers disagree on which of two equal keys counts, so neither does.
    #[error("the key \"{key}\" stands in the body twice; send it once")]
    Duplicate {
        /// `model` or `stream`.
        key: &'static str,
    },
    /// A value of the wrong type.
    #[error("\"{key}\" must be {expected}")]
    WrongType {
        /// `model` or `stream`.
        key: &'static str,
        /// The type, with its article.
        expected: &'static str,
    },
    /// Arrays and objects in each other beyond 128 levels.
    #[error("the body is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

impl ScanError {
    /// The field of the request that is to blame, for `param` of an error body.
    pub fn param(&self) -> Option<&'static str> {
        match self {
            Self::Duplicate { key } | Self::WrongType { key, .. } => Some(key),
            _ => None,
        }
    }
}

/// Reads what routing and limits need of a whole body, and checks that it is one JSON object.
///
/// # Errors
/// Where a lenient upstream could read the body in another way than the gateway; see [`ScanError`].
pub fn scan_request(body: &[u8]) -> Result<RequestScan<'_>, ScanError> {
    let text = std::str::from_utf8(body).map_err(|error| ScanError::NotUtf8 { at: error.valid_up_to() })?;
    if is_another_value(body) {
        return Err(ScanError::NotAnObject);
    }
    let found: Found<'_> =
        serde_json::from_str(text).map_err(|error| ScanError::Syntax { what: error.to_string() })?;
    // serde_json skips ignored values without recursion and so without its own limit.
    if is_too_deep(body) {
        return Err(ScanError::TooDeep);
    }
    Ok(RequestScan {
        model: only(&found.model, "model")?.map(|raw| model_name(raw, body)).transpose()?,
        stream: only(&found.stream, "stream")?.map_or(Ok(false), stream_wanted)?,
        output_bound: found.bound.tokens(),
    })
}

/// The body with another model at `range`; one copy, the name escaped as JSON.
///
/// # Panics
/// Where `range` does not come from [`scan_request`] of this same body and lies outside it.
pub fn replace_model(body: &Bytes, range: Range<usize>, new: &str) -> Bytes {
    let mut out = Vec::with_capacity(body.len() + new.len() + 2);
    out.extend_from_slice(&body[..range.start]);
    text::push(&mut out, new);
    out.extend_from_slice(&body[range.end..]);
    out.into()
}

fn model_name<'a>(raw: &'a RawValue, body: &[u8]) -> Result<ModelName<'a>, ScanError> {
    let wrong = || ScanError::WrongType { key: "model", expected: "a string" };
    let text = raw.get();
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(wrong)?;
    let name = if inner.contains('\\') {
        // A lone surrogate such as `\ud800` is JSON, but no text.
        Cow::Owned(serde_json::from_str(text).map_err(|_| wrong())?)
    } else {
        Cow::Borrowed(inner)
    };
    let start = text.as_ptr().addr() - body.as_ptr().addr();
    Ok(ModelName { name, range: start..start + text.len() })
}

fn stream_wanted(raw: &RawValue) -> Result<bool, ScanError> {
    match raw.get() {
        "true" => Ok(true),
        "false" | "null" => Ok(false),
        _ => Err(ScanError::WrongType { key: "stream", expected: "a boolean" }),
    }
}

/// Whether the first character begins a value that is not an object; anything else is left to the parser.
fn is_another_value(body: &[u8]) -> bool {
    matches!(body.trim_ascii_start().first(), Some(b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n'))
}

/// Walks the nesting only where there are enough brackets for it to matter: most bodies have far fewer.
fn is_too_deep(body: &[u8]) -> bool {
    brackets(body) > MAX_DEPTH && depth(body) > MAX_DEPTH
}

/// How many brackets open, those in strings included.
///
/// Counts in bytes over blocks become vector code: 0.4 instructions a byte, wherever the brackets stand.
fn brackets(body: &[u8]) -> usize {
    let opens = |byte: &u8| u8::from(matches!(byte, b'{' | b'['));
    let (blocks, rest) = body.as_chunks::<128>();
    let in_blocks = blocks.iter().map(|block| usize::from(block.iter().map(opens).sum::<u8>()));
    in_blocks.sum::<usize>() + usize::from(rest.iter().map(opens).sum::<u8>())
}

/// The deepest nesting of valid JSON.
fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest, mut at) = (0_usize, 0, 0);
    while let Some(&byte) = body.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at = after_string(body, at),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// The place after the string whose opening quote stands before `at`.
fn after_string(body: &[u8], mut at: usize) -> usize {
    while let Some(found) = body.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found + 1;
        if body[at - 1] == b'"' {
            return at;
        }
        at += 1;
    }
    body.len()
}

/// What stands at a key that may stand once.
fn only<'a>(slot: &Slot<'a>, key: &'static str) -> Result<Option<&'a RawValue>, ScanError> {
    match slot {
        Slot::Absent => Ok(None),
        Slot::Once(raw) => Ok(Some(raw)),
        Slot::Twice => Err(ScanError::Duplicate { key }),
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
