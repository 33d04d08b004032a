//! The canonical exchange: what is asked and answered, in no API's words. An API is a [`codec::Codec`] in the folder of its
//! provider; [`translate`] puts two of them together.

pub(crate) mod answer;
pub(crate) mod api;
pub(crate) mod codec;
pub(crate) mod counted;
pub(crate) mod effort;
pub(crate) mod embed;
pub(crate) mod envelope;
pub(crate) mod fields;
pub(crate) mod ids;
pub(crate) mod json;
pub(crate) mod parts;
pub(crate) mod place;
pub(crate) mod question;
pub(crate) mod refused;
pub(crate) mod request;
pub(crate) mod streamed;
pub(crate) mod translate;
