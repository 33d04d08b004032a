//! How long an answer may become, as its request says it.

use serde::Deserialize;
use serde_json::value::RawValue;

/// What bounds an answer, at the top of a body or in the object where Gemini and Converse have it.
#[derive(Default, Deserialize)]
struct Bounds<'a> {
    #[serde(borrow)]
    max_tokens: Option<&'a RawValue>,
    max_completion_tokens: Option<&'a RawValue>,
    #[serde(alias = "maxOutputTokens")]
    max_output_tokens: Option<&'a RawValue>,
    #[serde(rename = "maxTokens")]
    of_converse: Option<&'a RawValue>,
    #[serde(alias = "candidateCount")]
    n: Option<&'a RawValue>,
    #[serde(rename = "generationConfig", alias = "inferenceConfig", alias = "generation_config")]
    inner: Option<&'a RawValue>,
}

/// The most tokens that the answers to a request may have together; `None` where it does not say.
pub fn output_bound(body: &[u8]) -> Option<u64> {
    let outer: Bounds<'_> = serde_json::from_slice(body).ok()?;
    let inner = outer.inner.and_then(|raw| serde_json::from_str::<Bounds<'_>>(raw.get()).ok());
    let inner = inner.unwrap_or_default();
    let named = [&outer, &inner]
        .into_iter()
        .flat_map(|of| [of.max_completion_tokens, of.max_tokens, of.max_output_tokens, of.of_converse]);
    let most = named.filter_map(number).max()?;
    let answers = number(outer.n).or(number(inner.n)).unwrap_or(1).max(1);
    Some(most.saturating_mul(answers))
}

fn number(raw: Option<&RawValue>) -> Option<u64> {
    raw?.get().parse().ok()
}

#[cfg(test)]
#[path = "bound_tests.rs"]
mod tests;
