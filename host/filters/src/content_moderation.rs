//! `content_moderation`: what texts of requests and answers must not have, by words, patterns, shapes of personal data, and
//! the judgement of a service.

mod carry;
mod fold;
mod growth;
mod masks;
mod pattern;
mod rules;
mod service;
mod settings;
#[cfg(test)]
mod testing;
mod vault;
mod views;
mod words;

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;
use tidegate_contract::{Judged, Judgement, Subscription, Text, TextEdit};
use tidegate_pipeline::{Answer, Call, FilterFactory, HookError, Plugin, SettingsProblem, World, edit_text};

use crate::settings::decode;
use masks::Masks;
use rules::Rules;
use service::{Opinion, Question, Service, Verdict};
use settings::{Action, Settings, Side};
use vault::Vault;
use views::{Replaced, View};

/// Makes `content_moderation`s.
pub struct ContentModerationFactory;

impl FilterFactory for ContentModerationFactory {
    fn kind(&self) -> &'static str {
        "content_moderation"
    }

    fn schema(&self) -> Value {
        schemars::schema_for!(Settings).to_value()
    }

    fn build(&self, settings: &Value, world: &World<'_>) -> Result<Arc<dyn Plugin>, Vec<SettingsProblem>> {
        Ok(Arc::new(decode::<Settings>(settings, "")?.checked(world)?))
    }
}

/// Judges texts, by rules and then by a service. Findings name what found something and never what it found.
struct ContentModeration {
    rules: Rules,
    /// Those of a side that is not judged, whose tokens are put back all the same.
    nothing: Rules,
    on: Vec<Side>,
    action: Action,
    replace_with: String,
    reversible: bool,
    reason: Option<String>,
    /// Whether a stream is judged after it left.
    watches: bool,
    max_match: u32,
    service: Option<Service>,
    subscription: Subscription,
}

impl ContentModeration {
    async fn judge(&self, side: Side, call: Call<'_>, texts: &[Text<'_>]) -> Result<Judged, HookError> {
        let judged = self.judge_by_rules(side, call, texts)?;
        let service = self.service.as_ref().filter(|_| self.on.contains(&side));
        match (service, &judged.judgement) {
            (None, _) | (_, Judgement::Block(_)) => Ok(judged),
            (Some(service), Judgement::Allow) => {
                let opinion = service.ask(Question { call, side, texts }).await?;
                Ok(self.combined(side, (texts, texts), judged, opinion))
            }
            (Some(service), Judgement::Edit(edits)) => {
                let masked = masked(texts, edits)?;
                let opinion = service.ask(Question { call, side, texts: &masked }).await?;
                Ok(self.combined(side, (texts, &masked), judged, opinion))
            }
        }
    }

    fn judge_by_rules(&self, side: Side, call: Call<'_>, texts: &[Text<'_>]) -> Result<Judged, HookError> {
        let mut masks = self.masks(side, call, texts)?;
        let rules = if self.on.contains(&side) { &self.rules } else { &self.nothing };
        let (mut findings, mut hold, mut edits) = (Vec::new(), Vec::new(), Some(Vec::new()));
        for text in texts {
            let view = View::of(text, self.max_match as usize);
            let view = if self.watches && side == Side::Output { view.watched() } else { view };
            let seen = view.look(rules, masks.as_mut(), call.scope)?;
            findings.extend(seen.rules.iter().map(|rule| rule.finding(text.id)));
            edits = edits.zip(seen.edits).map(|(edits, new)| with(edits, text.id, new));
            if !text.complete {
                hold.push((text.id, offset(seen.hold)));
            }
        }
        if let Some(masks) = masks.filter(|masks| masks.reversible) {
            masks.vault.keep(call.scope)?;
        }
        let judgement = match (self.action, edits) {
            (Action::Flag, _) => Judgement::Allow,
            (Action::Redact, Some(edits)) if !edits.is_empty() => Judgement::Edit(edits),
            (Action::Redact, None) => Judgement::Block(self.reason(side, None)),
            (Action::Block, _) if !findings.is_empty() => Judgement::Block(self.reason(side, None)),
            _ => Judgement::Allow,
        };
        Ok(Judged { judgement, findings, hold })
    }

    /// What replaces, where anything is replaced. Tokens are given out for requests and put back in answers.
    fn masks(&self, side: Side, call: Call<'_>, texts: &[Text<'_>]) -> Result<Option<Masks<'_>>, HookError> {
        if self.action != Action::Redact {
            return Ok(None);
        }
        let vault = match side {
            Side::Input if self.reversible => Vault::for_texts(call.scope, texts)?,
            Side::Output if self.reversible && texts.iter().any(may_have_tokens) => Vault::of(call.scope)?,
            _ => Vault::default(),
        };
        let reversible = self.reversible && side == Side::Input;
        Ok(Some(Masks { replace_with: &self.replace_with, reversible, vault }))
    }

    /// What the rules say and what the service says of the same texts, as they came and as they left them.
    fn combined(
        &self,
        side: Side,
        (texts, masked): (&[Text<'_>], &[Text<'_>]),
        mut judged: Judged,
        opinion: Opinion,
    ) -> Judged {
        judged.findings.extend(opinion.findings);
        let verdict = if self.action == Action::Flag { Verdict::Allow } else { opinion.verdict };
        match verdict {
            Verdict::Allow => {}
            Verdict::Block(told) => judged.judgement = Judgement::Block(self.reason(side, told)),
            Verdict::Edit(changed) => {
                let edits = texts.iter().zip(masked).map(|(text, masked)| {
                    let told = changed.iter().find(|(id, _)| *id == text.id);
                    difference(text, told.map_or(&*masked.content, |(_, content)| content))
                });
                judged.judgement = match edits.collect::<Option<Vec<_>>>() {
                    Some(edits) => Judgement::Edit(edits.into_iter().flatten().collect()),
                    None => Judgement::Block(self.reason(side, None)),
                };
            }
        }
        judged
    }

    /// What the client is told: what the settings say, else what the service says.
    fn reason(&self, side: Side, told: Option<String>) -> String {
        self.reason.clone().or(told).unwrap_or_else(|| side.reason().to_owned())
    }
}

/// A token has a bracket, which JSON may write otherwise.
fn may_have_tokens(text: &Text<'_>) -> bool {
    text.kind == "tool-arguments" || text.content.contains('[')
}

/// The texts with these edits made.
fn masked<'t>(texts: &'t [Text<'_>], edits: &[TextEdit]) -> Result<Vec<Text<'t>>, HookError> {
    let one = |text: &'t Text<'_>| {
        let own: Vec<TextEdit> = edits.iter().filter(|edit| edit.id == text.id).cloned().collect();
        let content = edit_text(&text.content, &own)?;
        Ok(Text { content: Cow::Owned(content), ..*text })
    };
    texts.iter().map(one).collect()
}

/// The one edit that makes a text this one; none where it is the same, `None` where it changes what has left.
fn difference(text: &Text<'_>, wanted: &str) -> Option<Option<TextEdit>> {
    let content: &str = &text.content;
    if content == wanted {
        return Some(None);
    }
    let same = |(one, other): &(char, char)| one == other;
    let start: usize =
        content.chars().zip(wanted.chars()).take_while(same).map(|(one, _)| one.len_utf8()).sum();
    let (rest, wanted) = (content.get(start..)?, wanted.get(start..)?);
    let tail: usize =
        rest.chars().rev().zip(wanted.chars().rev()).take_while(same).map(|(one, _)| one.len_utf8()).sum();
    let replacement = wanted.get(..wanted.len() - tail)?.to_owned();
    let edit = TextEdit { id: text.id, start: offset(start), end: offset(content.len() - tail), replacement };
    (start >= text.released as usize).then_some(Some(edit))
}

/// The edits so far and those of one more text.
fn with(mut edits: Vec<TextEdit>, id: u32, new: Vec<Replaced>) -> Vec<TextEdit> {
    edits.extend(new.into_iter().map(|(range, replacement)| TextEdit {
        id,
        start: offset(range.start),
        end: offset(range.end),
        replacement,
    }));
    edits
}

/// Offsets beyond 4 GiB cannot be told, and no body is that large.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Plugin for ContentModeration {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn moderate_input<'a>(&'a self, call: Call<'a>, texts: &'a [Text<'a>]) -> Answer<'a, Judged> {
        Box::pin(self.judge(Side::Input, call, texts))
    }

    fn moderate_output<'a>(
        &'a self,
        call: Call<'a>,
        texts: &'a [Text<'a>],
        _last: bool,
    ) -> Answer<'a, Judged> {
        Box::pin(self.judge(Side::Output, call, texts))
    }
}

#[cfg(test)]
#[path = "content_moderation/content_moderation_tests.rs"]
mod tests;
