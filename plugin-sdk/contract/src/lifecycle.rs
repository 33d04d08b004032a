//! What a configured plugin asks to be told.

use crate::{Hooks, Need, Windows};

/// What one configuration of a plugin needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Hooks that are not here are not called and cost nothing.
    pub hooks: Hooks,
    /// Of header fields, by their names in lower case, for `authenticate` and the transforms.
    pub headers: Need,
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

/// No hook, all of the headers, nothing of any body.
impl Default for Subscription {
    fn default() -> Self {
        Self {
            hooks: Hooks::default(),
            headers: Need::Whole,
            request_body: Need::Nothing,
            response_body: Need::Nothing,
            body_digest: false,
            windows: None,
            dialects: Vec::new(),
        }
    }
}

impl Subscription {
    /// These hooks, and nothing of any body.
    pub fn to(hooks: Hooks) -> Self {
        Self { hooks, ..Self::default() }
    }
}
