//! What some clouds put around the bodies of Anthropic's messages.

use super::api::Envelope;
use super::json::{Json, Object};

/// The version of messages that each knows.
pub(crate) const BEDROCK: &str = "bedrock-2023-05-31";
pub(crate) const VERTEX: &str = "vertex-2023-10-16";

/// Takes out of a body what is in the path or the head, and adds what a client of Anthropic's says there.
pub(super) fn put<'a>(envelope: Envelope, body: &mut Object<'a>, betas: &[&'a str]) {
    match envelope {
        Envelope::None => {}
        Envelope::BedrockInvoke => {
            body.take("model");
            body.take("stream");
            version(body, BEDROCK);
            flags(body, betas);
        }
        Envelope::VertexRaw => {
            body.take("model");
            version(body, VERTEX);
        }
    }
}

/// Adds the version where the client names none.
pub(crate) fn version(body: &mut Object<'_>, version: &'static str) {
    if body.get("anthropic_version").is_none() {
        body.set("anthropic_version", version);
    }
}

/// Adds the flags of the head where the body has none of its own.
pub(crate) fn flags<'a>(body: &mut Object<'a>, betas: &[&'a str]) {
    if !betas.is_empty() && body.get("anthropic_beta").is_none() {
        body.set("anthropic_beta", betas.iter().map(|beta| Json::from(*beta)).collect::<Vec<_>>());
    }
}
