//! The settings of `content_moderation`.

mod stream;

use schemars::JsonSchema;
use serde::Deserialize;
use tidegate_contract::{Hook, Hooks, Subscription};
use tidegate_detect::Category;
use tidegate_pipeline::{SettingsProblem, World};

pub(super) use stream::Mode;
use stream::Stream;

use super::ContentModeration;
use super::pattern::Pattern;
use super::rules::Rules;
use super::service::ServiceSettings;
use super::words::Words;
use crate::settings::{problem, unless};

/// What stands in place of what was found, unless the settings say otherwise.
const REDACTED: &str = "[redacted]";

/// What texts must not have: those of messages, tools and schemas in a request, those of an answer and of its tool calls.
/// Words, patterns and personal data are found here; a service judges what they leave.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Words and phrases, found whatever their case and only where they stand by themselves: `cat` is not in `concatenate`.
    #[serde(default)]
    words: Vec<String>,
    /// Regular expressions in the syntax of Rust's `regex`, without look-around and back-references; `(?i)` ignores case.
    #[serde(default)]
    patterns: Vec<String>,
    /// Personal data and keys by their shape: some kinds, or `all`.
    detect: Option<Detect>,
    /// Which texts are judged; both unless set.
    #[serde(default = "both")]
    #[schemars(length(min = 1))]
    on: Vec<Side>,
    /// What becomes of a text with a match. What a service finds without telling its place is blocked by `redact`, too.
    #[serde(default)]
    action: Action,
    /// What `redact` puts in place of a match; `{category}` in it becomes what was found, such as `email`, `word` or
    /// `pattern`. `[redacted]` unless set.
    replace_with: Option<String>,
    /// With `redact`: each value of a request becomes a token such as `[EMAIL_1]`, and where an answer has that token, the
    /// client gets the value again. Once 16 KiB of values are kept, further ones are replaced for good.
    #[serde(default)]
    reversible: bool,
    /// What the client is told of a block.
    #[schemars(length(min = 1))]
    reason: Option<String>,
    /// How a streamed answer is judged.
    stream: Option<Stream>,
    /// Who judges texts after the rules. The entry's `timeout` of 500 ms is the time that a verdict may take; give a judge,
    /// which is a model, some seconds.
    service: Option<ServiceSettings>,
}

/// Kinds of personal data.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Detect {
    /// All kinds.
    All(All),
    /// Some of them.
    Some(#[schemars(length(min = 1))] Vec<Personal>),
}

/// The word for all kinds.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum All {
    /// All kinds.
    All,
}

/// A kind of personal data.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Personal {
    /// E-mail addresses.
    Email,
    /// Telephone numbers.
    Phone,
    /// Numbers of payment cards, by their check digit.
    Card,
    /// International account numbers, by their check digits.
    Iban,
    /// Social security numbers of the USA.
    Ssn,
    /// IPv4 and IPv6 addresses of hosts.
    Ip,
    /// Keys and tokens of known shapes, and private keys.
    Secret,
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

    /// The name in settings and in what services are asked.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
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

impl Personal {
    fn category(self) -> Category {
        match self {
            Self::Email => Category::Email,
            Self::Phone => Category::Phone,
            Self::Card => Category::Card,
            Self::Iban => Category::Iban,
            Self::Ssn => Category::Ssn,
            Self::Ip => Category::Ip,
            Self::Secret => Category::Secret,
        }
    }
}

impl Detect {
    fn categories(&self) -> Vec<Category> {
        match self {
            Self::All(All::All) => Category::ALL.to_vec(),
            Self::Some(kinds) => kinds.iter().map(|kind| kind.category()).collect(),
        }
    }
}

impl Settings {
    /// The filter, or every problem.
    pub(super) fn checked(self, world: &World<'_>) -> Result<ContentModeration, Vec<SettingsProblem>> {
        let mut problems = self.contradictions();
        let rules = self.rules(&mut problems);
        let subscription = self.subscription().unwrap_or_else(|found| {
            problems.extend(found);
            Subscription::default()
        });
        let service = self.service.map(|service| service.checked(world)).transpose();
        let service = service.unwrap_or_else(|found| {
            problems.extend(found);
            None
        });
        let filter = ContentModeration {
            rules,
            nothing: Rules::default(),
            on: self.on,
            action: self.action,
            replace_with: self.replace_with.unwrap_or_else(|| REDACTED.into()),
            reversible: self.reversible,
            reason: self.reason,
            watches: self.stream.as_ref().and_then(|stream| stream.mode) == Some(Mode::Watch),
            max_match: self.stream.unwrap_or_default().max_match(),
            service,
            subscription,
        };
        unless(problems, filter)
    }

    /// Keys that do not go together, or ask for nothing.
    fn contradictions(&self) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        let mut wrong = |pointer: &str, text: &str| problems.push(problem(pointer, text));
        let no_detect = self.detect.as_ref().is_none_or(|detect| detect.categories().is_empty());
        if self.words.is_empty() && self.patterns.is_empty() && no_detect && self.service.is_none() {
            wrong(
                "",
                "it looks for nothing; list what must not pass under \"words\", \"patterns\" or \"detect\", or name a \"service\"",
            );
        }
        if self.on.is_empty() {
            wrong("/on", "\"on\" is empty, so nothing is judged; list \"input\", \"output\" or both");
        }
        if self.reversible && self.action != Action::Redact {
            wrong("/reversible", "\"reversible\" needs tokens to be put in; set \"action\" to \"redact\"");
        }
        if self.reversible && !self.on.is_empty() && !self.on.contains(&Side::Input) {
            wrong(
                "/reversible",
                "\"reversible\" puts back what was taken out of requests; add \"input\" to \"on\"",
            );
        }
        if self.stream.is_some() && !self.reversible && !self.on.contains(&Side::Output) {
            wrong(
                "/stream",
                "\"stream\" is about answers, which are not judged; add \"output\" to \"on\" or remove it",
            );
        }
        let mode = self.stream.as_ref().and_then(|stream| stream.mode);
        if mode == Some(Mode::Watch) && self.action == Action::Redact {
            wrong(
                "/stream/mode",
                "what has left cannot be redacted; take another \"mode\" than \"watch\", or another \"action\"",
            );
        }
        if mode == Some(Mode::Carry) && self.service.is_some() && self.on.contains(&Side::Output) {
            wrong(
                "/stream/mode",
                "a service judges no text that is cut anywhere; set \"mode\" to \"window\" or \"full\"",
            );
        }
        problems
    }

    fn rules(&self, problems: &mut Vec<SettingsProblem>) -> Rules {
        for (index, _) in self.words.iter().enumerate().filter(|(_, word)| word.trim().is_empty()) {
            let text = format!("word {index} is empty, so every text would have it; take it out");
            problems.push(problem(&format!("/words/{index}"), &text));
        }
        let patterns = self.patterns.iter().enumerate().filter_map(|(index, text)| {
            let told = |cause| {
                problems.push(problem(&format!("/patterns/{index}"), &format!("pattern {index} {cause}")));
            };
            Pattern::new(text).map_err(told).ok()
        });
        let patterns = patterns.collect();
        let words = Words::new(&self.words).map_err(|cause| {
            problems.push(problem("/words", &format!("these words make no list to look for: {cause}")));
        });
        let detect = self.detect.as_ref().map(Detect::categories).unwrap_or_default();
        Rules { words: words.unwrap_or_default(), patterns, detect }
    }

    fn subscription(&self) -> Result<Subscription, Vec<SettingsProblem>> {
        let mut hooks: Hooks = self.on.iter().map(|side| side.hook()).collect();
        if self.reversible {
            hooks = hooks.with(Hook::ModerateOutput);
        }
        let usual = Stream::default();
        let stream = self.stream.as_ref().unwrap_or(&usual);
        let judged_as_a_whole = self.service.is_some() && self.on.contains(&Side::Output);
        let mode = stream.mode.unwrap_or(if judged_as_a_whole { Mode::Full } else { Mode::Carry });
        let windows = stream.windows(mode)?;
        let windows = hooks.has(Hook::ModerateOutput).then_some(windows);
        Ok(Subscription { windows, ..Subscription::to(hooks) })
    }
}
