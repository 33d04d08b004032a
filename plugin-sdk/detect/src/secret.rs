//! Keys and tokens that can be told by their shape: a known beginning, and enough of the right signs behind it.

use super::{Add, before, is_border};

/// Beginning, and the fewest signs behind it.
const SHAPES: [(&[u8], usize); 27] = [
    (b"sk-", 20),
    (b"sk_live_", 16),
    (b"sk_test_", 16),
    (b"rk_live_", 16),
    (b"rk_test_", 16),
    (b"pk_live_", 16),
    (b"whsec_", 20),
    (b"ghp_", 30),
    (b"gho_", 30),
    (b"ghu_", 30),
    (b"ghs_", 30),
    (b"ghr_", 30),
    (b"github_pat_", 30),
    (b"glpat-", 16),
    (b"xoxb-", 16),
    (b"xoxp-", 16),
    (b"xoxa-", 16),
    (b"xoxr-", 16),
    (b"xoxs-", 16),
    (b"AKIA", 16),
    (b"ASIA", 16),
    (b"AIza", 30),
    (b"hf_", 30),
    (b"gsk_", 20),
    (b"npm_", 30),
    (b"pypi-", 40),
    (b"SG.", 40),
];

/// The shortest key of all shapes: most words need not be looked at.
const SHORTEST: usize = 20;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// How far behind `BEGIN` the name of what follows may end.
const LABEL: usize = 32;

pub(super) fn scan(bytes: &[u8], add: Add<'_>) {
    words(bytes, add);
    private_keys(bytes, add);
}

fn words(bytes: &[u8], add: Add<'_>) {
    let mut at = 0;
    while at < bytes.len() {
        if !is_sign(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while bytes.get(at).is_some_and(|byte| is_sign(*byte)) {
            at += 1;
        }
        // The sign that ends a sentence is no part of a key.
        let word = bytes[start..at].strip_suffix(b".").unwrap_or(&bytes[start..at]);
        if word.len() >= SHORTEST && is_border(before(bytes, start)) && (is_key(word) || is_jwt(word)) {
            add(start, start + word.len());
        }
    }
}

fn is_sign(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn is_key(word: &[u8]) -> bool {
    SHAPES.iter().any(|(prefix, least)| {
        let rest = word.strip_prefix(*prefix).unwrap_or_default();
        rest.len() >= *least && is_random(rest)
    })
}

/// A digit tells a key from words such as `sk-learn-based-classifiers`, and so do both cases in one long word.
fn is_random(rest: &[u8]) -> bool {
    let is_one_word = || rest.iter().all(u8::is_ascii_alphanumeric);
    let has_both_cases =
        || rest.iter().any(u8::is_ascii_uppercase) && rest.iter().any(u8::is_ascii_lowercase);
    rest.iter().any(u8::is_ascii_digit) || (is_one_word() && has_both_cases())
}

/// A JSON web token: three parts, the first two of them JSON objects in base64url.
fn is_jwt(word: &[u8]) -> bool {
    let mut parts = word.split(|byte| *byte == b'.');
    let object = |part: Option<&[u8]>| part.is_some_and(|part| part.len() >= 10 && part.starts_with(b"eyJ"));
    object(parts.next()) && object(parts.next()) && parts.next().is_some() && parts.next().is_none()
}

/// Private keys in PEM: to the dashes behind their end, or to the end of the text.
fn private_keys(bytes: &[u8], add: Add<'_>) {
    let mut from = 0;
    while let Some(start) = find(bytes, from, BEGIN) {
        from = start + BEGIN.len();
        let label = &bytes[from..bytes.len().min(from + LABEL)];
        if find(label, 0, b"PRIVATE KEY").is_none() {
            continue;
        }
        let end = find(bytes, from, END).and_then(|end| find(bytes, end + END.len(), b"-----"));
        let end = end.map_or(bytes.len(), |dashes| dashes + 5);
        add(start, end);
        from = end;
    }
}

/// By the first byte, which is rare: every part that is looked for begins with a dash or a capital.
fn find(bytes: &[u8], from: usize, part: &[u8]) -> Option<usize> {
    let mut at = from;
    while at + part.len() <= bytes.len() {
        if bytes[at] == part[0] && bytes[at..].starts_with(part) {
            return Some(at);
        }
        at += 1;
    }
    None
}
