//! Anthropic's API: paths and shapes of its clients, and the provider itself.

pub(crate) mod client;
pub(crate) mod codec;
pub(crate) mod count;
pub(crate) mod dialect;
pub(crate) mod edited;
pub(crate) mod gather;
pub(crate) mod scatter;
pub(crate) mod stream;
pub(crate) mod texts;
pub(crate) mod upstream;
