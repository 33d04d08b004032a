//! How the rules see a text, and how what they find in it can be replaced.

use std::collections::BTreeSet;
use std::ops::Range;

use tidegate_contract::Text;
use tidegate_detect::{Token, tokens};
use tidegate_pipeline::{HookError, Scope};

use super::carry::Window;
use super::masks::Masks;
use super::rules::{Rule, Rules, merged, with_tokens};

/// A place in a text and what stands there instead.
pub(super) type Replaced = (Range<usize>, String);

/// A text as the rules see it.
pub(super) enum View<'t> {
    /// As it is; the first bytes may have left already, and more may come.
    Plain(Window<'t>),
    /// The arguments of a tool: its strings, keys and numbers, each by itself.
    Json(Vec<Token>),
    /// What can be looked at but not be replaced: JSON that is broken.
    Fixed(&'t str),
    /// The source of media.
    Source(&'t str),
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The rules that have a match.
    pub(super) rules: BTreeSet<Rule>,
    /// Every match replaced; `None` where that cannot be done.
    pub(super) edits: Option<Vec<Replaced>>,
    /// Bytes at the end that have to wait.
    pub(super) hold: usize,
}

impl<'t> View<'t> {
    pub(super) fn of(text: &'t Text<'_>, max_match: usize) -> Self {
        let content: &str = &text.content;
        let plain = || Self::Plain(Window::new(text, max_match));
        match text.kind {
            // The name of its kind comes before its source.
            "media" => Self::Source(content.split_once(' ').map_or("", |(_, source)| source)),
            "tool-arguments" if text.released == 0 && text.complete => match tokens(content) {
                Some(tokens) => Self::Json(tokens),
                // Arguments are an object; what begins with a bracket is a text, such as one that was masked before.
                None if content.trim_start().starts_with('{') => Self::Fixed(content),
                None => plain(),
            },
            _ => plain(),
        }
    }

    /// The same after it left.
    pub(super) fn watched(self) -> Self {
        match self {
            Self::Plain(window) => Self::Plain(window.watched()),
            other => other,
        }
    }

    /// Looks at it, and with masks replaces what is found.
    ///
    /// # Errors
    /// Where the notes of the request are full.
    pub(super) fn look(
        &self,
        rules: &Rules,
        masks: Option<&mut Masks<'_>>,
        scope: &Scope,
    ) -> Result<Seen, HookError> {
        match (self, masks) {
            (Self::Plain(window), None) if window.is_whole() => Ok(fixed(rules.in_text(window.content))),
            (Self::Plain(window), masks) => plain(window, rules, masks, scope),
            (Self::Json(tokens), None) => {
                Ok(fixed(tokens.iter().flat_map(|token| rules.in_text(&token.value)).collect()))
            }
            (Self::Json(tokens), Some(masks)) => Ok(json(tokens, rules, masks)),
            (Self::Fixed(text), _) => Ok(fixed(rules.in_text(text))),
            (Self::Source(text), _) => Ok(fixed(rules.in_source(text))),
        }
    }
}

/// What has matches and is not replaced.
fn fixed(rules: BTreeSet<Rule>) -> Seen {
    let edits = rules.is_empty().then(Vec::new);
    Seen { rules, edits, hold: 0 }
}

fn plain(
    window: &Window<'_>,
    rules: &Rules,
    masks: Option<&mut Masks<'_>>,
    scope: &Scope,
) -> Result<Seen, HookError> {
    let settled = window.settle(rules, masks.as_ref().map(|masks| &masks.vault), scope)?;
    let rules = settled.hits.iter().map(|hit| hit.rule).filter(|rule| rule.is_ours()).collect();
    let hold = window.content.len() - settled.sure;
    let edits = masks.filter(|_| !settled.too_late).map(|masks| {
        let replaced = merged(&settled.hits).into_iter().map(|hit| {
            let value = window.content.get(hit.range.clone()).unwrap_or_default();
            let replacement = masks.replacement(&hit, value);
            (hit.range, replacement)
        });
        replaced.collect()
    });
    Ok(Seen { rules, edits, hold })
}

/// Each token that has matches as JSON again; a number becomes a string.
fn json(tokens: &[Token], rules: &Rules, masks: &mut Masks<'_>) -> Seen {
    let mut seen = Seen { edits: Some(Vec::new()), ..Seen::default() };
    for token in tokens {
        let hits = with_tokens(rules.hits(&token.value, &|_| 0), masks.vault.hits(&token.value));
        if hits.is_empty() {
            continue;
        }
        seen.rules.extend(hits.iter().map(|hit| hit.rule).filter(|rule| rule.is_ours()));
        let mut value = token.value.clone();
        // From the end, so that places stay; tokens are given out from the beginning.
        let mut replaced: Vec<Replaced> = Vec::new();
        for hit in merged(&hits) {
            let replacement = masks.replacement(&hit, token.value.get(hit.range.clone()).unwrap_or_default());
            replaced.push((hit.range, replacement));
        }
        for (range, replacement) in replaced.into_iter().rev() {
            value.replace_range(range, &replacement);
        }
        let written = serde_json::to_string(&value).ok().map(|json| (token.range.clone(), json));
        seen.edits = seen.edits.zip(written).map(|(mut edits, edit)| {
            edits.push(edit);
            edits
        });
    }
    seen
}
