//! Tokens that stand for what was found in a request, and the way back to it in the answer.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_contract::Text;
use tidegate_pipeline::{HookError, MAX_NOTES, Scope};

use super::rules::{Hit, Rule};

/// The note that holds all of them.
const NOTE: &str = "tokens";

/// What other notes of this filter may need.
const RESERVE: usize = 1024;

/// Signs of the longest token.
const LONGEST: usize = 32;

/// What was found in a request, each value under a token such as `[EMAIL_1]`.
#[derive(Debug, Default)]
pub(super) struct Vault {
    /// Token and value, in the order in which they were found.
    entries: Vec<(String, String)>,
    by_value: BTreeMap<String, usize>,
    by_token: BTreeMap<String, usize>,
    /// Bytes of the note, at most.
    size: usize,
    /// Looks like a token in the texts of the request, and is none of ours.
    foreign: BTreeSet<String>,
}

impl Vault {
    /// That of the request.
    pub(super) fn of(scope: &Scope) -> Result<Self, HookError> {
        let Some(note) = scope.note(NOTE) else { return Ok(Self::default()) };
        let broken = |error| HookError::Failed(format!("the tokens of the request cannot be read: {error}"));
        let entries: Vec<(String, String)> = serde_json::from_slice(&note).map_err(broken)?;
        let mut vault = Self::default();
        for (token, value) in entries {
            vault.insert(token, &value);
        }
        Ok(vault)
    }

    /// The same, for the texts of a request: no token will be one that they have already.
    pub(super) fn for_texts(scope: &Scope, texts: &[Text<'_>]) -> Result<Self, HookError> {
        let mut vault = Self::of(scope)?;
        let written = texts.iter().flat_map(|text| written(&text.content)).map(|(_, token)| token);
        vault.foreign =
            written.filter(|token| !vault.by_token.contains_key(*token)).map(str::to_owned).collect();
        Ok(vault)
    }

    /// Keeps what was added.
    pub(super) fn keep(&self, scope: &Scope) -> Result<(), HookError> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let failed =
            |error: String| HookError::Failed(format!("the tokens of the request cannot be kept: {error}"));
        let note = serde_json::to_vec(&self.entries).map_err(|error| failed(error.to_string()))?;
        scope.set_note(NOTE, &note).map_err(|error| failed(error.to_string()))
    }

    /// The token of a value; `None` where there is room for no more of them.
    pub(super) fn token(&mut self, category: &str, value: &str) -> Option<String> {
        if let Some((token, _)) = self.by_value.get(value).and_then(|index| self.entries.get(*index)) {
            return Some(token.clone());
        }
        let category = category.to_uppercase();
        let known = |token: &String| self.by_token.contains_key(token) || self.foreign.contains(token);
        let most = self.entries.len() + self.foreign.len() + 1;
        let token = (1..=most).map(|number| format!("[{category}_{number}]")).find(|token| !known(token))?;
        if NOTE.len() + self.size + cost(&token, value) + RESERVE > MAX_NOTES {
            return None;
        }
        self.insert(token.clone(), value);
        Some(token)
    }

    fn insert(&mut self, token: String, value: &str) {
        self.size += cost(&token, value);
        self.by_value.insert(value.to_owned(), self.entries.len());
        self.by_token.insert(token.clone(), self.entries.len());
        self.entries.push((token, value.to_owned()));
    }

    /// What a token stands for.
    pub(super) fn value(&self, index: usize) -> &str {
        self.entries.get(index).map_or("", |(_, value)| value)
    }

    /// The tokens in a text, in order.
    pub(super) fn hits(&self, text: &str) -> Vec<Hit> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        let known = written(text).filter_map(|(at, token)| {
            let rule = Rule::Token(*self.by_token.get(token)?);
            Some(Hit { range: at..at + token.len(), rule })
        });
        known.collect()
    }

    /// Where a token begins whose end has not arrived; the length of the text where none does.
    pub(super) fn open(&self, text: &str) -> usize {
        let Some(at) = text.rfind('[').filter(|at| text.len() - at < LONGEST) else { return text.len() };
        let begun = text.get(at..).unwrap_or_default();
        let grows = |token: &String| token.starts_with(begun) && token.len() > begun.len();
        if self.by_token.keys().any(grows) { at } else { text.len() }
    }
}

/// Bytes of an entry in the note, at most: JSON may write a byte as six.
fn cost(token: &str, value: &str) -> usize {
    let escaped: usize = value
        .bytes()
        .map(|byte| if byte < 0x20 { 6 } else { 1 + usize::from(b"\"\\".contains(&byte)) })
        .sum();
    token.len() + escaped + r#"["",""],"#.len()
}

/// Whatever looks like a token, and where it begins.
fn written(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices('[').filter_map(move |(at, _)| {
        let rest = text.get(at..)?;
        let end = rest.bytes().take(LONGEST).position(|byte| byte == b']')?;
        let token = rest.get(..=end)?;
        let (category, number) = token.get(1..end)?.split_once('_')?;
        let fits = category.bytes().all(|byte| byte.is_ascii_uppercase())
            && number.bytes().all(|byte| byte.is_ascii_digit());
        (fits && !category.is_empty() && !number.is_empty()).then_some((at, token))
    })
}

#[cfg(test)]
#[path = "vault_tests.rs"]
mod tests;
