//! The strings and numbers of a JSON text, each at its place: they can be replaced, and the text stays JSON.

use std::ops::Range;

use serde_json::Value;

/// A string, also a key, or a number.
#[derive(Debug, PartialEq, Eq)]
pub struct Token {
    /// Where it stands, quotes included.
    pub range: Range<usize>,
    /// The string that is meant, or the number's digits.
    pub value: String,
}

/// The tokens of a text that is JSON as a whole; else `None`.
pub fn tokens(text: &str) -> Option<Vec<Token>> {
    serde_json::from_str::<Value>(text).ok()?;
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let end = match byte {
            b'"' => string_end(bytes, at),
            b'-' | b'0'..=b'9' => number_end(bytes, at),
            _ => {
                at += 1;
                continue;
            }
        };
        let range = at..end;
        let raw = text.get(range.clone())?;
        // Half of a surrogate pair is JSON and no string.
        let value = match serde_json::from_str(raw).ok()? {
            Value::String(text) => text,
            _ => raw.to_owned(),
        };
        tokens.push(Token { range, value });
        at = end;
    }
    Some(tokens)
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn number_end(bytes: &[u8], start: usize) -> usize {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    start + bytes[start..].iter().take_while(|byte| is_part(byte)).count()
}
