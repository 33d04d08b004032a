//! What OpenAI's answers and stream events say about themselves.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::value::RawValue;
use tidegate_contract::Usage;

use crate::text::json_text;

/// What one event of a stream says.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) model: Option<String>,
    pub(crate) usage: Option<Usage>,
    /// It carries a part of the answer.
    pub(crate) token: bool,
    /// Some choice is finished.
    pub(crate) finish: bool,
    pub(crate) error: bool,
}

/// Keys whose value, if not null, is worth a parse. Quotes inside JSON strings are escaped, so no content can hold them.
static TELLING: LazyLock<[Finder<'static>; 3]> =
    LazyLock::new(|| [r#""usage""#, r#""finish_reason""#, r#""error""#].map(Finder::new));

/// Whether the event can be more than another part of the answer; much cheaper than a parse.
pub(crate) fn says_something(data: &[u8]) -> bool {
    TELLING.iter().any(|key| {
        let length = key.needle().len();
        key.find_iter(data).any(|at| !is_null_value(&data[at + length..]))
    })
}

/// Reads one event; `None` where it is not a JSON object.
pub(crate) fn part(data: &[u8]) -> Option<Part> {
    let event: Event<'_> = serde_json::from_slice(data).ok()?;
    let choices: Vec<Choice<'_>> =
        event.choices.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    Some(Part {
        // Azure's first event has an empty name.
        model: event.model.and_then(|raw| json_text(raw.get().as_bytes())).filter(|name| !name.is_empty()),
        usage: event.usage.and_then(|raw| usage(raw.get().as_bytes())),
        token: choices.iter().any(Choice::has_token),
        finish: choices.iter().any(|choice| choice.finish_reason.is_some()),
        error: event.error.is_some(),
    })
}

/// A `usage` object, under the names of chat completions or of responses; `None` where it counts nothing.
pub(crate) fn usage(raw: &[u8]) -> Option<Usage> {
    // One look for UTF-8 instead of one at each key.
    let counts: Counts = serde_json::from_str(std::str::from_utf8(raw).ok()?).ok()?;
    let input = counts.prompt_tokens.or(counts.input_tokens);
    let output = counts.completion_tokens.or(counts.output_tokens);
    if input.is_none() && output.is_none() {
        return None;
    }
    let of_input = counts.prompt_tokens_details.or(counts.input_tokens_details).unwrap_or_default();
    let of_output = counts.completion_tokens_details.or(counts.output_tokens_details).unwrap_or_default();
    Some(Usage {
        input: count(input),
        output: count(output),
        cached_input: count(of_input.cached_tokens),
        cache_write: 0,
        reasoning: count(of_output.reasoning_tokens),
        ..Usage::default()
    })
}

fn is_null_value(after_key: &[u8]) -> bool {
    let value = after_key.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start);
    value.is_some_and(|value| value.starts_with(b"null"))
}

/// Some servers write counts as `12.0`. The bound keeps sums of hostile counts away from an overflow.
fn count(value: Option<f64>) -> u64 {
    const LARGEST: f64 = 9_007_199_254_740_991.0;
    value.unwrap_or(0.0).clamp(0.0, LARGEST) as u64
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    choices: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    finish_reason: Option<&'a RawValue>,
}

impl Choice<'_> {
    fn has_token(&self) -> bool {
        self.text.is_some_and(says_anything) || self.delta.is_some_and(|delta| delta_has_token(delta.get()))
    }
}

/// Any field besides the role counts: vendors have many names for reasoning.
fn delta_has_token(delta: &str) -> bool {
    let fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(delta).unwrap_or_default();
    fields.iter().any(|(name, value)| name != "role" && says_anything(value))
}

fn says_anything(value: &RawValue) -> bool {
    !matches!(value.get(), "null" | r#""""# | "[]" | "{}")
}

#[derive(Deserialize)]
struct Counts {
    prompt_tokens: Option<f64>,
    input_tokens: Option<f64>,
    completion_tokens: Option<f64>,
    output_tokens: Option<f64>,
    prompt_tokens_details: Option<Details>,
    input_tokens_details: Option<Details>,
    completion_tokens_details: Option<Details>,
    output_tokens_details: Option<Details>,
}

#[derive(Default, Deserialize)]
struct Details {
    cached_tokens: Option<f64>,
    reasoning_tokens: Option<f64>,
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
