//! What an exchange used.

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
}
