//! Google's Gemini, in the Gemini API and in Vertex AI.

pub(crate) mod codec;
