//! One regular expression of the settings.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::growth::Growth;

/// The size that a pattern may have once it is compiled, in bytes: a thousand letters of any script fit.
const LARGEST: usize = 4 * 1024 * 1024;

/// An expression, and what tells whether its match may grow.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    growth: Growth,
}

impl Pattern {
    /// A pattern, or why it is none: a sentence that goes on after the pattern's name.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let built = RegexBuilder::new(text).size_limit(LARGEST).dfa_size_limit(LARGEST).build();
        let regex = built.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                format!("is larger than {} MiB when compiled; make its repetitions smaller", LARGEST >> 20)
            }
            other => format!("is no regular expression: {}; correct it", cause(&other)),
        })?;
        if regex.is_match("") {
            return Err(
                "matches the empty text, so every text would have it; make it ask for something".into()
            );
        }
        // The same automaton without groups, so it is never larger.
        let growth = Growth::new(text).map_err(|error| format!("is no regular expression: {error}"))?;
        Ok(Self { regex, growth })
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Calls `found` with each match that is not empty, search after search; the first one begins at `from` or behind it,
    /// and sees what stands before.
    pub(super) fn find(&self, text: &str, from: usize, mut found: impl FnMut(Range<usize>)) {
        let mut at = from;
        while let Some(range) = self.regex.find_at(text, at).map(|found| found.range()) {
            at = range.end;
            if range.is_empty() {
                let Some(next) = text.get(at..).and_then(|rest| rest.chars().next()) else { return };
                at += next.len_utf8();
            } else {
                found(range);
            }
        }
    }

    /// See [`Growth::open`].
    pub(super) fn open(&self, text: &str, from: usize) -> usize {
        self.growth.open(text, from)
    }
}

/// The library draws a picture of several lines; its last one says what is wrong.
fn cause(error: &regex::Error) -> String {
    let drawn = error.to_string();
    let last = drawn.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}
