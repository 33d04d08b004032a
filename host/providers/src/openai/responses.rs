//! The Responses API: texts of requests and answers, the events of its streams, and its words in every other API.

pub(crate) mod codec;
pub(crate) mod edited;
pub(crate) mod gather;
pub(crate) mod items;
pub(crate) mod scatter;
pub(crate) mod stream;
