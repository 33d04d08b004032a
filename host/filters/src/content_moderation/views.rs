//! How the rules see a text, and how what they find in it can be replaced.

use std::collections::BTreeSet;
use std::ops::Range;

use tidegate_contract::Text;

use super::arguments::{Token, tokens};
use super::rules::{Rule, Rules};

/// A place in a text and what stands there instead.
pub(super) type Replaced = (Range<usize>, String);

/// A text as the rules see it.
pub(super) enum View<'t> {
    /// As it is; the first bytes may have left already.
    Plain { text: &'t str, released: usize },
    /// The arguments of a tool: its strings, keys and numbers, each by itself.
    Json(Vec<Token>),
    /// What can be looked at but not be replaced.
    Fixed(&'t str),
}

impl<'t> View<'t> {
    pub(super) fn of(text: &'t Text<'_>) -> Self {
        let content: &str = &text.content;
        let plain = || Self::Plain { text: content, released: text.released as usize };
        match text.kind {
            // The name of its kind comes before its source.
            "media" => Self::Fixed(content.split_once(' ').map_or("", |(_, source)| source)),
            "tool-arguments" if text.released == 0 => match tokens(content) {
                Some(tokens) => Self::Json(tokens),
                None if content.trim_start().starts_with(['{', '[']) => Self::Fixed(content),
                None => plain(),
            },
            _ => plain(),
        }
    }

    /// The rules that have a match in it.
    pub(super) fn rules(&self, rules: &Rules) -> BTreeSet<Rule> {
        match self {
            Self::Plain { text, .. } | Self::Fixed(text) => rules.in_text(text),
            Self::Json(tokens) => tokens.iter().flat_map(|token| rules.in_text(&token.value)).collect(),
        }
    }

    /// Every match of `found` replaced; `None` where that cannot be done.
    pub(super) fn redacted(
        &self,
        rules: &Rules,
        found: &BTreeSet<Rule>,
        with: &str,
    ) -> Option<Vec<Replaced>> {
        match self {
            Self::Fixed(_) => None,
            Self::Plain { text, released } => {
                let ranges = rules.ranges(text, found);
                let kept_back = ranges.iter().all(|range| range.start >= *released);
                kept_back.then(|| ranges.into_iter().map(|range| (range, with.to_owned())).collect())
            }
            Self::Json(tokens) => {
                tokens.iter().filter_map(|token| rewritten(token, rules, found, with)).collect()
            }
        }
    }
}

/// The token as JSON again, `Some` where something in it was replaced; a number becomes a string.
fn rewritten(token: &Token, rules: &Rules, found: &BTreeSet<Rule>, with: &str) -> Option<Option<Replaced>> {
    let ranges = rules.ranges(&token.value, found);
    if ranges.is_empty() {
        return None;
    }
    let mut value = token.value.clone();
    for range in ranges.into_iter().rev() {
        value.replace_range(range, with);
    }
    Some(serde_json::to_string(&value).ok().map(|json| (token.range.clone(), json)))
}
