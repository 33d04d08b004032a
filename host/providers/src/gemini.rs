//! Google's API of Gemini: paths and shapes of its clients, and the providers that speak it.

pub(crate) mod client;
pub(crate) mod codec;
pub(crate) mod dialect;
pub(crate) mod upstream;
