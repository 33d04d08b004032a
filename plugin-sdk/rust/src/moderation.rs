//! Verdicts of the moderation hooks.

use std::ops::Range;

use crate::bindings::host::tidegate::plugin::types::{Judged, Judgement};
use crate::{Finding, Text, TextEdit};

/// The answer of the moderation hooks, made by [`allow`], [`flag`], [`redact`] or [`block`].
#[derive(Debug, Clone, PartialEq)]
pub struct Moderation(pub(crate) Judged);

/// The texts pass.
pub fn allow() -> Moderation {
    Moderation(Judged { judgement: Judgement::Allow, findings: Vec::new(), hold: Vec::new() })
}

/// The texts pass, and what was found is counted and logged.
pub fn flag(findings: impl IntoIterator<Item = Finding>) -> Moderation {
    allow().findings(findings)
}

/// The texts pass with these edits: for each text in order and without overlap. Without any it is [`allow`].
pub fn redact(edits: impl IntoIterator<Item = TextEdit>) -> Moderation {
    let edits: Vec<TextEdit> = edits.into_iter().collect();
    let judgement = if edits.is_empty() { Judgement::Allow } else { Judgement::Edit(edits) };
    Moderation(Judged { judgement, ..allow().0 })
}

/// The exchange ends; the reason is told to the client.
pub fn block(reason: impl Into<String>) -> Moderation {
    Moderation(Judged { judgement: Judgement::Block(reason.into()), ..allow().0 })
}

impl Moderation {
    /// For logs and metrics, whatever the judgement.
    #[must_use]
    pub fn findings(mut self, findings: impl IntoIterator<Item = Finding>) -> Self {
        self.0.findings.extend(findings);
        self
    }

    /// Of a stream: how many bytes at the end of a text to keep back until more is known; without it the manifest's
    /// `max_match`.
    #[must_use]
    pub fn hold(mut self, text: u32, bytes: u32) -> Self {
        self.0.hold.push((text, bytes));
        self
    }
}

impl Text {
    /// Replaces bytes of the content; both ends stand on borders of characters.
    ///
    /// Texts are at most a body's limit long, so that offsets fit; one that does not is clamped.
    pub fn edit(&self, range: Range<usize>, replacement: impl Into<String>) -> TextEdit {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        TextEdit {
            id: self.id,
            start: offset(range.start),
            end: offset(range.end),
            replacement: replacement.into(),
        }
    }
}

impl Finding {
    /// Something found: a short fixed word such as `email`.
    pub fn new(category: impl Into<String>) -> Self {
        Self { category: category.into(), score: None, text: None, detail: String::new() }
    }

    /// In which text.
    #[must_use]
    pub fn in_text(self, text: &Text) -> Self {
        Self { text: Some(text.id), ..self }
    }

    /// How sure it is, 0 to 1.
    #[must_use]
    pub fn score(self, score: f32) -> Self {
        Self { score: Some(score), ..self }
    }

    /// More for people; never what was found itself.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}
