//! What a configured plugin asks to be told.

use crate::{Hooks, Need, Windows};

/// What one configuration of a plugin needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscription {
    /// Hooks that are not here are not called and cost nothing.
    pub hooks: Hooks,
    /// Of the request's body, for `transform_request` and `transform_upstream`.
    pub request_body: Need,
    /// Of the answer's body, for `transform_response`.
    pub response_body: Need,
    /// Whether `authenticate` needs the SHA-256 of the body.
    pub body_digest: bool,
    /// How streams are cut for `moderate_output`.
    pub windows: Option<Windows>,
    /// The dialects that its transforms understand; empty is OpenAI's.
    pub dialects: Vec<String>,
}

impl Subscription {
    /// These hooks, and nothing of any body.
    pub fn to(hooks: Hooks) -> Self {
        Self { hooks, ..Self::default() }
    }
}
