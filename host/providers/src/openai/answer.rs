//! What answers and stream events say about themselves.

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
    pub(crate) counts: Option<Counts>,
    /// It carries a part of the answer.
    pub(crate) token: bool,
    /// Some choice is finished.
    pub(crate) finish: bool,
    pub(crate) error: bool,
}

/// Keys whose value, if not null, is worth a parse, and a type of event that is. Quotes inside JSON strings are escaped,
/// so no content can hold them. Events of responses hold the whole `response` where they are not parts of it.
static TELLING: LazyLock<[Finder<'static>; 9]> = LazyLock::new(|| {
    [
        r#""usage""#,
        r#""finish_reason""#,
        r#""error""#,
        r#""response""#,
        r#""stop_reason""#,
        r#""message_stop""#,
        r#""usageMetadata""#,
        r#""finishReason""#,
        r#""stopReason""#,
    ]
    .map(Finder::new)
});

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
    let name = event.r#type.and_then(|raw| json_text(raw.get().as_bytes())).unwrap_or_default();
    let whole =
        event.response.or(event.message).and_then(|raw| serde_json::from_str::<Whole<'_>>(raw.get()).ok());
    let whole = whole.unwrap_or_default();
    let candidates: Vec<Candidate<'_>> =
        event.candidates.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    Some(Part {
        // Azure's first event has an empty name.
        model: event
            .model
            .or(whole.model)
            .and_then(|raw| json_text(raw.get().as_bytes()))
            .filter(|name| !name.is_empty()),
        counts: event.usage.or(whole.usage).and_then(|raw| serde_json::from_str(raw.get()).ok()),
        token: choices.iter().any(Choice::has_token)
            || candidates.iter().any(|candidate| candidate.content.is_some())
            || (event.block.is_some() && event.delta.is_some())
            || brings_a_token(&name),
        finish: choices.iter().any(|choice| choice.finish_reason.is_some())
            || candidates.iter().any(|candidate| candidate.finish_reason.is_some())
            || event.stop_reason.is_some()
            || is_last(&name)
            || stops(event.delta),
        error: event.error.is_some() || matches!(&*name, "error" | "response.failed"),
    })
}

/// A part of the answer, in a stream whose events have a type.
fn brings_a_token(name: &str) -> bool {
    name == "content_block_delta" || (name.starts_with("response.") && name.ends_with(".delta"))
}

fn is_last(name: &str) -> bool {
    matches!(name, "response.completed" | "response.incomplete" | "response.failed" | "message_stop")
}

fn stops(delta: Option<&RawValue>) -> bool {
    let stop = delta.and_then(|raw| serde_json::from_str::<Stop<'_>>(raw.get()).ok());
    stop.is_some_and(|stop| stop.stop_reason.is_some())
}

/// A `usage` object, under the names of chat completions, responses, messages, Gemini or Converse; `None` where it counts nothing.
pub(crate) fn usage(raw: &[u8]) -> Option<Usage> {
    // One look for UTF-8 instead of one at each key.
    let counts: Counts = serde_json::from_str(std::str::from_utf8(raw).ok()?).ok()?;
    counts.usage()
}

impl Counts {
    /// What it says; `None` where it counts nothing.
    pub(crate) fn usage(&self) -> Option<Usage> {
        let input = self.prompt_tokens.or(self.input_tokens);
        let output = self.completion_tokens.or(self.output_tokens);
        if input.is_none() && output.is_none() {
            return None;
        }
        let details = |of: Option<Details>, or: Option<Details>| of.or(or).unwrap_or_default();
        let of_input = details(self.prompt_tokens_details, self.input_tokens_details);
        let of_output = details(self.completion_tokens_details, self.output_tokens_details);
        let (read, written) = (count(self.cache_read_input_tokens), count(self.cache_creation_input_tokens));
        // Only messages count what the cache took or gave beside the rest of the input.
        let beside = self.prompt_tokens.is_none() && self.input_tokens_details.is_none();
        Some(Usage {
            input: count(input) + if beside { read + written } else { 0 },
            output: count(output) + count(self.thoughts),
            cached_input: of_input
                .cached_tokens
                .or(self.cached_content)
                .map_or(read, |tokens| count(Some(tokens))),
            cache_write: of_input.cache_write_tokens.map_or(written, |tokens| count(Some(tokens))),
            reasoning: count(of_output.reasoning_tokens.or(of_output.thinking_tokens).or(self.thoughts)),
            ..Usage::default()
        })
    }

    /// What is known once a later report has come, which may leave out what it says no more of.
    pub(crate) fn then(self, later: Self) -> Self {
        Self {
            prompt_tokens: later.prompt_tokens,
            completion_tokens: later.completion_tokens,
            thoughts: later.thoughts,
            cached_content: later.cached_content,
            input_tokens: later.input_tokens.or(self.input_tokens),
            output_tokens: later.output_tokens.or(self.output_tokens),
            prompt_tokens_details: later.prompt_tokens_details,
            input_tokens_details: later.input_tokens_details,
            completion_tokens_details: later.completion_tokens_details,
            output_tokens_details: later.output_tokens_details.or(self.output_tokens_details),
            cache_read_input_tokens: later.cache_read_input_tokens.or(self.cache_read_input_tokens),
            cache_creation_input_tokens: later
                .cache_creation_input_tokens
                .or(self.cache_creation_input_tokens),
        }
    }
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
    r#type: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow, alias = "modelVersion")]
    model: Option<&'a RawValue>,
    #[serde(borrow, alias = "usageMetadata")]
    usage: Option<&'a RawValue>,
    /// Of Gemini.
    #[serde(borrow)]
    candidates: Option<&'a RawValue>,
    /// Of Bedrock's Converse, as the one below.
    #[serde(borrow, rename = "contentBlockIndex")]
    block: Option<&'a RawValue>,
    #[serde(borrow, rename = "stopReason")]
    stop_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    choices: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// The answer that an event is about.
#[derive(Default, Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Stop<'a> {
    #[serde(borrow)]
    stop_reason: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Candidate<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow, rename = "finishReason")]
    finish_reason: Option<&'a RawValue>,
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

/// The fields of a `usage` object.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(crate) struct Counts {
    #[serde(alias = "promptTokenCount")]
    prompt_tokens: Option<f64>,
    #[serde(alias = "inputTokens")]
    input_tokens: Option<f64>,
    #[serde(alias = "candidatesTokenCount")]
    completion_tokens: Option<f64>,
    #[serde(alias = "outputTokens")]
    output_tokens: Option<f64>,
    /// Of Gemini, which counts them beside the rest of the answer.
    #[serde(rename = "thoughtsTokenCount")]
    thoughts: Option<f64>,
    /// Of Gemini, which counts them in the prompt.
    #[serde(rename = "cachedContentTokenCount")]
    cached_content: Option<f64>,
    prompt_tokens_details: Option<Details>,
    input_tokens_details: Option<Details>,
    completion_tokens_details: Option<Details>,
    output_tokens_details: Option<Details>,
    #[serde(alias = "cacheReadInputTokens")]
    cache_read_input_tokens: Option<f64>,
    #[serde(alias = "cacheWriteInputTokens")]
    cache_creation_input_tokens: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct Details {
    cached_tokens: Option<f64>,
    cache_write_tokens: Option<f64>,
    reasoning_tokens: Option<f64>,
    thinking_tokens: Option<f64>,
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
