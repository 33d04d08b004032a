//! `content_moderation`: words and patterns that texts of requests and answers must not have.

mod arguments;
mod fold;
mod rules;
mod settings;
mod views;
mod words;

use std::sync::Arc;

use serde_json::Value;
use tidegate_contract::{Finding, Hook, Hooks, Judged, Judgement, Subscription, Text, TextEdit, Windows};
use tidegate_pipeline::{Answer, Call, FilterFactory, Plugin, SettingsProblem, World};

use crate::settings::decode;
use rules::{Rule, Rules};
use settings::{Action, Settings, Side};
use views::View;

/// Makes `content_moderation`s.
pub struct ContentModerationFactory;

impl FilterFactory for ContentModerationFactory {
    fn kind(&self) -> &'static str {
        "content_moderation"
    }

    fn schema(&self) -> Value {
        schemars::schema_for!(Settings).to_value()
    }

    fn build(&self, settings: &Value, _: &World<'_>) -> Result<Arc<dyn Plugin>, Vec<SettingsProblem>> {
        Ok(Arc::new(decode::<Settings>(settings, "")?.checked()?))
    }
}

/// Judges texts by rules. Findings name a rule by its place in the settings and never what it found.
struct ContentModeration {
    rules: Rules,
    action: Action,
    replace_with: String,
    reason: Option<String>,
    subscription: Subscription,
}

impl ContentModeration {
    fn new(rules: Rules, action: Action, on: &[Side]) -> Self {
        let hooks: Hooks = on.iter().map(|side| side.hook()).collect();
        // A pattern may match a text of any length, so a stream is judged as a whole.
        let whole = || Windows { mode: "full".into(), ..Windows::default() };
        let windows = hooks.has(Hook::ModerateOutput).then(whole);
        let subscription = Subscription { windows, ..Subscription::to(hooks) };
        Self { rules, action, replace_with: settings::REDACTED.into(), reason: None, subscription }
    }

    fn judge(&self, side: Side, texts: &[Text<'_>]) -> Judged {
        let mut findings = Vec::new();
        let mut edits = Some(Vec::new());
        for text in texts {
            let view = View::of(text);
            let found = view.rules(&self.rules);
            findings.extend(found.iter().map(|rule| finding(*rule, text.id)));
            if !found.is_empty() && self.action == Action::Redact {
                let redacted = view.redacted(&self.rules, &found, &self.replace_with);
                edits = edits.zip(redacted).map(|(edits, new)| with(edits, text.id, new));
            }
        }
        let judgement = match (self.action, edits) {
            (Action::Flag, _) => Judgement::Allow,
            _ if findings.is_empty() => Judgement::Allow,
            (Action::Redact, Some(edits)) => Judgement::Edit(edits),
            (Action::Redact, None) | (Action::Block, _) => Judgement::Block(self.reason(side)),
        };
        Judged { judgement, findings, hold: Vec::new() }
    }

    fn reason(&self, side: Side) -> String {
        self.reason.clone().unwrap_or_else(|| side.reason().to_owned())
    }
}

fn finding(rule: Rule, text: u32) -> Finding {
    let (category, detail) = match rule {
        Rule::Word(index) => ("word", format!("words[{index}]")),
        Rule::Pattern(index) => ("pattern", format!("patterns[{index}]")),
    };
    Finding { category: category.into(), score: None, text: Some(text), detail }
}

/// The edits so far and those of one more text; offsets beyond 4 GiB cannot be told, and no body is that large.
fn with(mut edits: Vec<TextEdit>, id: u32, new: Vec<views::Replaced>) -> Vec<TextEdit> {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    edits.extend(new.into_iter().map(|(range, replacement)| TextEdit {
        id,
        start: offset(range.start),
        end: offset(range.end),
        replacement,
    }));
    edits
}

impl Plugin for ContentModeration {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn moderate_input<'a>(&'a self, _call: Call<'a>, texts: &'a [Text<'a>]) -> Answer<'a, Judged> {
        Box::pin(std::future::ready(Ok(self.judge(Side::Input, texts))))
    }

    fn moderate_output<'a>(
        &'a self,
        _call: Call<'a>,
        texts: &'a [Text<'a>],
        _last: bool,
    ) -> Answer<'a, Judged> {
        Box::pin(std::future::ready(Ok(self.judge(Side::Output, texts))))
    }
}

#[cfg(test)]
#[path = "content_moderation/content_moderation_tests.rs"]
mod tests;
