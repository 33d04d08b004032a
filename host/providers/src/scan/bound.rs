//! How long an answer may become, as its request says it.

use serde_json::value::RawValue;

use super::found::Found;

/// What an object says of it.
#[derive(Default)]
pub(super) struct Bound<'a> {
    most: Option<u64>,
    answers: Option<u64>,
    /// The objects in which Gemini and Converse have it.
    inner: Vec<&'a RawValue>,
}

/// A key that says something of it.
#[derive(Clone, Copy)]
pub(super) enum BoundKey {
    Most,
    Answers,
    Inner,
}

impl BoundKey {
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "max_tokens"
            | "max_completion_tokens"
            | "max_output_tokens"
            | "maxOutputTokens"
            | "maxTokens" => Some(Self::Most),
            "n" | "candidateCount" => Some(Self::Answers),
            "generationConfig" | "generation_config" | "inferenceConfig" => Some(Self::Inner),
            _ => None,
        }
    }
}

impl<'a> Bound<'a> {
    /// Of numbers that stand twice the larger counts.
    pub(super) fn note(&mut self, key: BoundKey, raw: &'a RawValue) {
        match key {
            BoundKey::Most => self.most = self.most.max(number(raw)),
            BoundKey::Answers => self.answers = self.answers.max(number(raw)),
            BoundKey::Inner => self.inner.push(raw),
        }
    }

    /// The most tokens of all answers together. Inner objects are looked into once, whatever stands in them.
    pub(super) fn tokens(mut self) -> Option<u64> {
        for raw in std::mem::take(&mut self.inner) {
            let Ok(Found { bound: inner, .. }) = serde_json::from_str(raw.get()) else { continue };
            self.most = self.most.max(inner.most);
            self.answers = self.answers.max(inner.answers);
        }
        Some(self.most?.saturating_mul(self.answers.unwrap_or(1).max(1)))
    }
}

/// The most tokens that the answers to a request may have together; `None` where it does not say.
pub fn output_bound(body: &[u8]) -> Option<u64> {
    serde_json::from_slice::<Found<'_>>(body).ok()?.bound.tokens()
}

fn number(raw: &RawValue) -> Option<u64> {
    raw.get().parse().ok()
}

#[cfg(test)]
#[path = "bound_tests.rs"]
mod tests;
