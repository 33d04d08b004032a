//! The encodings of token servers: forms, and base64 for tokens.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved of RFC 3986, which every reader of forms and queries takes alike.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as it stands in a form or a query.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, &ENCODED).to_string()
}

/// Pairs as a form or a query.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let one = |(name, value): &(&str, &str)| format!("{}={}", encoded(name), encoded(value));
    pairs.iter().map(one).collect::<Vec<_>>().join("&")
}

/// As parts of a token are written (RFC 7515).
pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// User and password of basic authentication (RFC 6749 section 2.3.1: each of them as in a form).
pub(crate) fn basic(user: &str, password: &str) -> String {
    let [user, password] = [user, password].map(encoded);
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}
