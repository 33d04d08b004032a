//! Azure OpenAI: OpenAI's bodies on paths of its own.

pub(crate) mod upstream;
