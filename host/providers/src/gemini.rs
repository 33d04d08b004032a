//! Google's API of Gemini: paths and shapes of its clients, and the providers that speak it.

pub(crate) mod client;
pub(crate) mod codec;
pub(crate) mod count;
pub(crate) mod dialect;
pub(crate) mod edited;
pub(crate) mod embeddings;
pub(crate) mod gather;
pub(crate) mod scatter;
pub(crate) mod stream;
pub(crate) mod texts;
pub(crate) mod upstream;
