//! The canonical exchange: what is asked and answered, in no API's words. An API is a [`codec::Codec`] in the folder of its
//! provider; [`translate`] puts two of them together.

pub(crate) mod answer;
pub(crate) mod codec;
pub(crate) mod fields;
pub(crate) mod json;
pub(crate) mod place;
pub(crate) mod refused;
pub(crate) mod request;

#[cfg(test)]
mod golden_tests;
