//! What may be judged of a text that is still arriving, and what has to wait.

use crate::{Category, Match, find};

/// A text, or what has arrived of it.
#[derive(Debug, Clone, Copy)]
pub struct Arriving<'t> {
    /// What is there.
    pub content: &'t str,
    /// How many bytes of it have left already.
    pub released: usize,
    /// Whether nothing more of it will come.
    pub complete: bool,
}

/// Of one text.
#[derive(Debug, PartialEq, Eq)]
pub struct Judged {
    /// Matches that are sure, cut to what has not left yet, in order.
    pub matches: Vec<Match>,
    /// Bytes at the end that could still become a match, or the rest of one.
    pub hold: usize,
}

/// Looks through a text. Of one that is still arriving no match is taken that touches the part that may still grow.
pub fn judge(text: &Arriving<'_>, detect: &[Category], max_match: usize) -> Judged {
    let content = text.content;
    let found = find(content, detect);
    let mut hold = if text.complete { 0 } else { open_end(content, max_match) };
    // A match that reaches into what waits, waits as a whole, unless it is longer than anything that may.
    if let Some(last) = found.iter().rev().find(|found| found.end + hold > content.len()) {
        let whole = content.len() - last.start;
        if whole <= max_match {
            hold = hold.max(whole);
        }
    }
    let released = text.released;
    let sure = content.len() - hold;
    let matches =
        found.into_iter().filter(|found| found.start < sure && found.end > released && sure > released);
    let matches =
        matches.map(|found| Match { start: found.start.max(released), end: found.end.min(sure), ..found });
    Judged { matches: matches.collect(), hold: hold.min(content.len().saturating_sub(released)) }
}

/// Bytes at the end that the next part may complete, at most `max_match`: the last word and, where it is part of a number
/// in groups, the groups before it.
pub fn open_end(content: &str, max_match: usize) -> usize {
    let bytes = content.as_bytes();
    let least = bytes.len().saturating_sub(max_match);
    let mut start = bytes.len();
    while start > least && is_part(&bytes[start - 1..]) {
        start -= 1;
    }
    // Never inside of a character: the host holds whole ones back.
    while !content.is_char_boundary(start) {
        start += 1;
    }
    bytes.len() - start
}

/// Whether the first byte can stand within a match, seen with the byte behind it.
fn is_part(bytes: &[u8]) -> bool {
    match bytes[0] {
        // A space stands only between groups of digits or of an IBAN, and these begin with a digit, a bracket or a capital.
        b' ' => bytes
            .get(1)
            .is_none_or(|next| next.is_ascii_digit() || next.is_ascii_uppercase() || *next == b'('),
        byte => byte.is_ascii_alphanumeric() || b"@._%+-:()/!#$&*=?^{}|~'".contains(&byte),
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
