//! What an exchange used, and how it ended.

use crate::Finding;

/// Token counts of one exchange, as the provider reported them.
///
/// `input` includes `cached_input` and `cache_write`; `output` includes `reasoning`, as in OpenAI's `usage`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub input: u64,
    /// Tokens of the answer.
    pub output: u64,
    /// Tokens of the prompt that the provider took from its cache.
    pub cached_input: u64,
    /// Tokens of the prompt that the provider wrote to its cache.
    pub cache_write: u64,
    /// Tokens of the answer that are reasoning.
    pub reasoning: u64,
    /// What it cost in millionths of a dollar, where that is known.
    pub cost_micro_usd: Option<u64>,
    /// Whether the counts are a guess from sizes.
    pub estimated: bool,
}

/// A finished exchange, as `completed` is told of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The status that the client got; 499 where it left before there was one.
    pub status: u16,
    /// Why it failed, where it did.
    pub error: Option<String>,
    /// The cluster that was tried last.
    pub cluster: Option<String>,
    /// Tries in all.
    pub attempts: u32,
    /// From the head of the request to the last byte of the answer.
    pub duration_ms: u32,
    /// To the first part of a streamed answer.
    pub first_token_ms: Option<u32>,
    /// What was used until then.
    pub usage: Usage,
    /// Of all moderation filters.
    pub findings: Vec<Finding>,
    /// Whether the client left before the last byte.
    pub cancelled: bool,
}
