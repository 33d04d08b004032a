//! The Responses API: texts of requests and answers, and the events of its streams.

pub(crate) mod edited;
pub(crate) mod gather;
pub(crate) mod items;
pub(crate) mod scatter;
pub(crate) mod stream;
