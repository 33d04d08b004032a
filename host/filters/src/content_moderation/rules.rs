//! What is looked for.

use std::collections::BTreeSet;
use std::ops::Range;

use tidegate_contract::Finding;
use tidegate_detect::Category;

use super::pattern::Pattern;
use super::words::Words;

/// Words, patterns and personal data.
#[derive(Default)]
pub(super) struct Rules {
    pub(super) words: Words,
    pub(super) patterns: Vec<Pattern>,
    pub(super) detect: Vec<Category>,
}

/// One of them, by its place in the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    Word(usize),
    Pattern(usize),
    Personal(Category),
    /// No rule of the settings: a token that stands for a value of the request.
    Token(usize),
}

/// A match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) range: Range<usize>,
    pub(super) rule: Rule,
}

impl Rule {
    /// A short fixed word for findings and replacements.
    pub(super) fn category(self) -> &'static str {
        match self {
            Self::Word(_) => "word",
            Self::Pattern(_) => "pattern",
            Self::Personal(category) => category.as_str(),
            Self::Token(_) => "token",
        }
    }

    /// Whether the settings ask for it.
    pub(super) fn is_ours(self) -> bool {
        !matches!(self, Self::Token(_))
    }

    /// Names the rule and never what it found.
    pub(super) fn finding(self, text: u32) -> Finding {
        let detail = match self {
            Self::Word(index) => format!("words[{index}]"),
            Self::Pattern(index) => format!("patterns[{index}]"),
            Self::Personal(_) => "detect".into(),
            Self::Token(_) => String::new(),
        };
        Finding { category: self.category().into(), score: None, text: Some(text), detail }
    }
}

impl Rules {
    /// Those that the text has a match of; takes time in proportion to its length.
    pub(super) fn in_text(&self, text: &str) -> BTreeSet<Rule> {
        let mut found = self.in_source(text);
        found.extend(self.personal(text).map(|hit| hit.rule));
        found
    }

    /// Words and patterns that are in the source of an image or a file. That is an address to fetch, and like personal data
    /// without being any.
    pub(super) fn in_source(&self, text: &str) -> BTreeSet<Rule> {
        let mut found = BTreeSet::new();
        self.words.find(text, |word, _| found.extend([Rule::Word(word)]));
        let patterns = self.patterns.iter().enumerate().filter(|(_, pattern)| pattern.is_in(text));
        found.extend(patterns.map(|(index, _)| Rule::Pattern(index)));
        found
    }

    /// Every match, in order of where it begins. Each pattern is searched for from the place that `from` gives for it.
    pub(super) fn hits(&self, text: &str, from: &dyn Fn(usize) -> usize) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.words.find(text, |word, range| hits.push(Hit { range, rule: Rule::Word(word) }));
        for (index, pattern) in self.patterns.iter().enumerate() {
            pattern.find(text, from(index), |range| hits.push(Hit { range, rule: Rule::Pattern(index) }));
        }
        hits.extend(self.personal(text));
        hits.sort_by_key(|hit| (hit.range.start, hit.range.end));
        hits
    }

    fn personal(&self, text: &str) -> impl Iterator<Item = Hit> + use<> {
        let found =
            if self.detect.is_empty() { Vec::new() } else { tidegate_detect::find(text, &self.detect) };
        found
            .into_iter()
            .map(|found| Hit { range: found.start..found.end, rule: Rule::Personal(found.category) })
    }
}

/// Matches of rules and those of tokens, together and in order. What is found inside of a token is none; a token that a
/// match overlaps otherwise goes with that match.
pub(super) fn with_tokens(mut hits: Vec<Hit>, mut tokens: Vec<Hit>) -> Vec<Hit> {
    if tokens.is_empty() {
        return hits;
    }
    let mut taken = vec![false; tokens.len()];
    hits.retain(|hit| {
        let first = tokens.partition_point(|token| token.range.end <= hit.range.start);
        let behind = tokens.get(first..).unwrap_or_default();
        let inside = behind.first().is_some_and(|token| {
            token.range.start <= hit.range.start && hit.range.end <= token.range.end && !hit.range.is_empty()
        });
        if !inside {
            let overlapped = behind.iter().take_while(|token| token.range.start < hit.range.end).count();
            taken.iter_mut().skip(first).take(overlapped).for_each(|taken| *taken = true);
        }
        !inside
    });
    let mut taken = taken.into_iter();
    tokens.retain(|_| taken.next() == Some(false));
    hits.extend(tokens);
    hits.sort_by_key(|hit| (hit.range.start, hit.range.end));
    hits
}

/// Matches that overlap made one, which is of the rule of the first.
pub(super) fn merged<'h>(hits: impl IntoIterator<Item = &'h Hit>) -> Vec<Hit> {
    let mut merged: Vec<Hit> = Vec::new();
    for hit in hits {
        match merged.last_mut().filter(|last| hit.range.start < last.range.end) {
            Some(last) => last.range.end = last.range.end.max(hit.range.end),
            None => merged.push(hit.clone()),
        }
    }
    merged
}
