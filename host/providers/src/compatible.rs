//! The many that speak OpenAI's API: what they are is data, not code.

pub(crate) mod upstream;
