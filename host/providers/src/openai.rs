//! OpenAI's API: paths and shapes of its clients, and the provider itself.

pub(crate) mod answer;
pub(crate) mod asked_usage;
pub(crate) mod chat_events;
pub(crate) mod chat_stream;
pub(crate) mod client;
pub(crate) mod codec;
pub(crate) mod count;
pub(crate) mod dialect;
pub(crate) mod embeddings;
pub(crate) mod responses;
pub(crate) mod stream_texts;
pub(crate) mod texts;
pub(crate) mod upstream;
