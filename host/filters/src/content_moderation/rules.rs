//! What is looked for.

use std::collections::BTreeSet;
use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::words::Words;

/// The size that a pattern may have once it is compiled, in bytes: a thousand letters of any script fit.
const LARGEST: usize = 4 * 1024 * 1024;

/// Words and patterns.
pub(super) struct Rules {
    pub(super) words: Words,
    pub(super) patterns: Vec<Regex>,
}

/// One of them, by its place in the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    Word(usize),
    Pattern(usize),
}

impl Rules {
    /// Those that the text has a match of; takes time in proportion to its length.
    pub(super) fn in_text(&self, text: &str) -> BTreeSet<Rule> {
        let mut found = BTreeSet::new();
        self.words.find(text, |word, _| found.extend([Rule::Word(word)]));
        let patterns = self.patterns.iter().enumerate().filter(|(_, pattern)| pattern.is_match(text));
        found.extend(patterns.map(|(index, _)| Rule::Pattern(index)));
        found
    }

    /// The matches of some of the rules: in order, not empty, those that overlap made one.
    pub(super) fn ranges(&self, text: &str, rules: &BTreeSet<Rule>) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        if rules.iter().any(|rule| matches!(rule, Rule::Word(_))) {
            self.words.find(text, |_, range| ranges.push(range));
        }
        for (index, pattern) in self.patterns.iter().enumerate() {
            if rules.contains(&Rule::Pattern(index)) {
                ranges.extend(pattern.find_iter(text).map(|found| found.range()));
            }
        }
        merged(ranges)
    }
}

fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut().filter(|last| range.start < last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => merged.push(range),
        }
    }
    merged
}

/// A pattern, or why it is none: a sentence that goes on after the pattern's name.
pub(super) fn pattern(text: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(text).size_limit(LARGEST).dfa_size_limit(LARGEST).build();
    let pattern = built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            format!("is larger than {} MiB when compiled; make its repetitions smaller", LARGEST >> 20)
        }
        other => format!("is no regular expression: {}; correct it", cause(&other)),
    })?;
    if pattern.is_match("") {
        return Err("matches the empty text, so every text would have it; make it ask for something".into());
    }
    Ok(pattern)
}

/// The library draws a picture of several lines; its last one says what is wrong.
fn cause(error: &regex::Error) -> String {
    let drawn = error.to_string();
    let last = drawn.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}
