//! The settings of `content_moderation`.

use schemars::JsonSchema;
use serde::Deserialize;
use tidegate_contract::Hook;
use tidegate_pipeline::SettingsProblem;

use super::ContentModeration;
use super::rules::{Rules, pattern};
use super::words::Words;
use crate::settings::{problem, unless};

/// What stands in place of what was found, unless the settings say otherwise.
pub(super) const REDACTED: &str = "[redacted]";

/// Words and patterns that texts must not have: those of messages, tools and schemas in a request, those of an answer
/// and of its tool calls. A streamed answer is held until all of it is judged.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Words and phrases, found whatever their case and only where they stand by themselves: `cat` is not in `concatenate`.
    #[serde(default)]
    words: Vec<String>,
    /// Regular expressions in the syntax of Rust's `regex`, without look-around and back-references; `(?i)` ignores case.
    #[serde(default)]
    patterns: Vec<String>,
    /// Which texts are judged; both unless set.
    #[serde(default = "both")]
    #[schemars(length(min = 1))]
    on: Vec<Side>,
    /// What becomes of a text with a match.
    #[serde(default)]
    action: Action,
    /// What `redact` puts in place of a match; `[redacted]` unless set.
    replace_with: Option<String>,
    /// What the client is told of a block.
    #[schemars(length(min = 1))]
    reason: Option<String>,
}

/// Whose texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Side {
    /// Those of requests.
    Input,
    /// Those of answers.
    Output,
}

/// What becomes of a text with a match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    /// The exchange ends.
    #[default]
    Block,
    /// The match is replaced; where it cannot be, as in what is no text, the exchange ends.
    Redact,
    /// It passes, and the log says so.
    Flag,
}

fn both() -> Vec<Side> {
    vec![Side::Input, Side::Output]
}

impl Side {
    pub(super) fn hook(self) -> Hook {
        match self {
            Self::Input => Hook::ModerateInput,
            Self::Output => Hook::ModerateOutput,
        }
    }

    /// What the client is told, unless the settings say otherwise.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Input => "the request has text that is not allowed here",
            Self::Output => "the answer has text that is not allowed here",
        }
    }
}

impl Settings {
    /// The filter, or every problem.
    pub(super) fn checked(self) -> Result<ContentModeration, Vec<SettingsProblem>> {
        let mut problems = Vec::new();
        if self.words.is_empty() && self.patterns.is_empty() {
            problems.push(problem(
                "",
                "it looks for nothing; list what must not pass under \"words\" or \"patterns\"",
            ));
        }
        if self.on.is_empty() {
            problems.push(problem(
                "/on",
                "\"on\" is empty, so nothing is judged; list \"input\", \"output\" or both",
            ));
        }
        for (index, _) in self.words.iter().enumerate().filter(|(_, word)| word.trim().is_empty()) {
            let text = format!("word {index} is empty, so every text would have it; take it out");
            problems.push(problem(&format!("/words/{index}"), &text));
        }
        let patterns = self.patterns.iter().enumerate().filter_map(|(index, text)| {
            let told = |cause| {
                problems.push(problem(&format!("/patterns/{index}"), &format!("pattern {index} {cause}")))
            };
            pattern(text).map_err(told).ok()
        });
        let patterns = patterns.collect();
        let words = Words::new(&self.words).map_err(|cause| {
            problems.push(problem("/words", &format!("these words make no list to look for: {cause}")));
        });
        let rules = Rules { words: words.unwrap_or_default(), patterns };
        let mut filter = ContentModeration::new(rules, self.action, &self.on);
        filter.reason = self.reason;
        if let Some(text) = self.replace_with {
            filter.replace_with = text;
        }
        unless(problems, filter)
    }
}
