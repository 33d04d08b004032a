//! How much a model thinks, both ways, and how long its answer may be; what can be said differs from model to model.
//!
//! Source: <https://platform.claude.com/docs/en/build-with-claude/thinking>

use crate::exchange::effort;
use crate::exchange::fields::Fields;
use crate::exchange::json::{Object, Text, object};
use crate::exchange::refused::Refused;
use crate::exchange::request::Reasoning;

use super::decode::{Unknown, none_of};

/// Tokens of an answer where the client sets no limit, which the API demands: every model since Claude 3.7 can write as many,
/// thoughts included.
const MAX_TOKENS: u64 = 32_000;

/// The same for older models, none of which thinks.
const OLD_MAX_TOKENS: u64 = 4096;

/// The least that may be thought.
const LEAST_BUDGET: u64 = 1024;

/// How many tokens an effort is, for models that take a budget only. All of them are below [`MAX_TOKENS`], so that there is
/// room for an answer.
const BUDGETS: [(&str, u64); 6] = [
    ("minimal", 1024),
    ("low", 1024),
    ("medium", 4096),
    ("high", 16_384),
    ("xhigh", 24_576),
    ("max", 24_576),
];

/// What thinking without a word of how much is, for models that take a budget only.
const USUAL_BUDGET: u64 = 4096;

/// `thinking`, and the effort that stands elsewhere.
pub(super) fn decode<'a>(
    fields: &mut Fields<'a, '_>,
    effort: Option<Text<'a>>,
    unknown: &mut Unknown,
) -> Result<Option<Reasoning<'a>>, Refused> {
    let place = fields.place();
    let Some(thinking) = fields.object("thinking")? else {
        return Ok(effort.map(|effort| Reasoning { effort: Some(effort), ..Reasoning::default() }));
    };
    let place = place.key("thinking");
    let mut thinking = Fields::of_object(thinking, place);
    let kind = thinking.need_text("type")?;
    let budget = thinking.count("budget_tokens")?;
    let shown = match thinking.text("display")?.as_deref() {
        Some("summarized") => Some(true),
        Some("omitted") => Some(false),
        Some(_) => {
            unknown.push(place.key("display").to_string());
            None
        }
        None => None,
    };
    let mut reasoning = Reasoning { effort, shown, ..Reasoning::default() };
    match &*kind {
        "enabled" => reasoning.budget = Some(budget.ok_or_else(|| thinking.missing("budget_tokens"))?),
        "adaptive" => reasoning.adaptive = true,
        // The least of models that cannot do without.
        "disabled" | "between_tools" => {}
        _ => return Err(none_of(&place.key("type"), &kind, "enabled, adaptive, disabled, between_tools")),
    }
    reasoning.enabled = Some(matches!(&*kind, "enabled" | "adaptive"));
    thinking.done(unknown);
    Ok(Some(reasoning))
}

/// What a request says of it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan<'a> {
    pub(super) thinking: Option<Object<'a>>,
    pub(super) effort: Option<Text<'a>>,
    pub(super) max_tokens: u64,
}

/// What the client allows for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) max_tokens: Option<u64>,
    /// Whether a budget may be larger than that: it then counts for all thoughts between calls of tools.
    pub(super) interleaved: bool,
}

pub(super) fn plan<'a>(name: &str, reasoning: Option<Reasoning<'a>>, limits: Limits) -> Plan<'a> {
    let model = Model::of(name);
    let usual = limits.max_tokens.unwrap_or(model.max_tokens());
    let Some(reasoning) = reasoning else { return Plan { max_tokens: usual, ..Plan::default() } };
    let Reasoning { enabled, effort, budget, adaptive, shown, summary } = reasoning;
    let is_off = enabled == Some(false) || budget == Some(0) || effort.as_deref() == Some("none");
    let effort = effort.filter(|effort| effort != "none");
    let told = effort.clone().filter(|_| model.takes_effort()).map(|effort| model.effort(effort));
    if is_off {
        return Plan { thinking: model.off(), effort: told, max_tokens: usual };
    }
    let asks = enabled == Some(true) || adaptive || budget.is_some();
    if !asks && (effort.is_none() || model.takes_effort()) {
        return Plan { thinking: None, effort: told, max_tokens: usual };
    }
    let shown = shown.or(summary.map(|_| true));
    if model.is_adaptive() && (budget.is_none() || adaptive || !model.takes_budget()) {
        let effort = told.or_else(|| budget.map(effort::of_budget));
        let thinking = with_display(object! { "type": "adaptive" }, shown);
        return Plan { thinking: Some(thinking), effort, max_tokens: usual };
    }
    let budget = match budget {
        Some(budget) if limits.interleaved => Some(budget),
        Some(budget) => Some(fitting(budget, limits.max_tokens)),
        None => derived(effort.as_deref(), limits.max_tokens),
    };
    // The answer comes on top of what is thought.
    let room = budget.map_or(0, |budget| budget.saturating_add(OLD_MAX_TOKENS));
    let max_tokens = limits.max_tokens.unwrap_or(usual.max(room));
    // Such models show their thoughts unless told otherwise.
    let shown = shown.filter(|shown| model.is_adaptive() || !shown);
    let thinking = |budget: u64| with_display(object! { "type": "enabled", "budget_tokens": budget }, shown);
    Plan { thinking: budget.map(thinking), effort: told, max_tokens }
}

/// Whether the answer tells the thoughts, where that is said.
pub(crate) fn with_display<'a>(mut thinking: Object<'a>, shown: Option<bool>) -> Object<'a> {
    thinking.set_some("display", shown.map(|shown| if shown { "summarized" } else { "omitted" }));
    thinking
}

/// A budget that the client names, in the bounds that the provider sets. In a limit that leaves no room for one it stays as it
/// is: the provider says best what is wrong.
fn fitting(budget: u64, max_tokens: Option<u64>) -> u64 {
    match max_tokens {
        Some(max_tokens) if max_tokens <= LEAST_BUDGET => budget,
        Some(max_tokens) if budget >= max_tokens => (max_tokens / 2).max(LEAST_BUDGET),
        _ => budget.max(LEAST_BUDGET),
    }
}

/// How many tokens an effort is, for models that take a budget only; `None` for a word that is none of them.
pub(crate) fn budget(effort: &str) -> Option<u64> {
    BUDGETS.iter().find(|(word, _)| *word == effort).map(|(_, budget)| *budget)
}

/// A budget that an effort amounts to, of which at least half the limit is left for the answer; `None` where there is no room
/// to think.
fn derived(effort: Option<&str>, max_tokens: Option<u64>) -> Option<u64> {
    let budget = effort.and_then(budget).unwrap_or(USUAL_BUDGET);
    match max_tokens {
        Some(max_tokens) if max_tokens <= LEAST_BUDGET => None,
        Some(max_tokens) => Some(budget.min(max_tokens / 2).max(LEAST_BUDGET)),
        None => Some(budget),
    }
}

/// What the name of a model tells of it; one without a version is taken for the newest.
#[derive(Debug, Clone, Copy)]
struct Model {
    version: (u64, u64),
    is_named: bool,
    is_opus: bool,
    is_sonnet: bool,
}

impl Model {
    /// Of names such as `claude-opus-4-5-20251101`, `claude-3-7-sonnet@20250219`, `us.anthropic.claude-sonnet-4-20250514-v1:0`.
    fn of(name: &str) -> Self {
        let own = name.rsplit_once("claude").map(|(_, own)| own);
        let mut numbers = own.into_iter().flat_map(|own| own.split(['-', '.', '@', ':', '_']));
        // A date has more digits than a version.
        let number = |word: &str| word.parse::<u64>().ok().filter(|_| word.len() <= 2);
        let major = numbers.by_ref().find_map(number);
        let minor = numbers.next().and_then(number).unwrap_or(0);
        Self {
            version: major.map_or((u64::MAX, 0), |major| (major, minor)),
            is_named: major.is_some(),
            is_opus: name.contains("opus"),
            is_sonnet: name.contains("sonnet"),
        }
    }

    fn max_tokens(self) -> u64 {
        if self.version < (3, 7) { OLD_MAX_TOKENS } else { MAX_TOKENS }
    }

    /// Whether it decides itself how much to think.
    fn is_adaptive(self) -> bool {
        self.version >= (4, 6)
    }

    /// A name without a version may be anybody's alias of a model that does.
    fn takes_budget(self) -> bool {
        self.version < (4, 7) || !self.is_named
    }

    fn takes_effort(self) -> bool {
        self.is_adaptive() || (self.is_opus && self.version >= (4, 5))
    }

    /// The nearest of the words that the model knows.
    fn effort(self, effort: Text<'_>) -> Text<'_> {
        match &*effort {
            "minimal" => Text::Borrowed("low"),
            "xhigh" if self.version < (4, 7) => Text::Borrowed("high"),
            "max" if self.version < (4, 6) => Text::Borrowed("high"),
            _ => effort,
        }
    }

    /// How it is told not to think; models from before there was thinking need not be told.
    fn off(self) -> Option<Object<'static>> {
        let thinks_always = self.is_sonnet && self.is_named && self.version >= (5, 5);
        match self.version {
            version if version < (3, 7) => None,
            _ if thinks_always => Some(object! { "type": "between_tools" }),
            _ => Some(object! { "type": "disabled" }),
        }
    }
}

#[cfg(test)]
#[path = "thinking_tests.rs"]
mod tests;
