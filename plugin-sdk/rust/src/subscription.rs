//! What a configured plugin asks to be told.

use crate::bindings::host::tidegate::plugin::types::Need;
use crate::bindings::lifecycle::exports::tidegate::plugin::lifecycle;
use crate::{Hook, Windows};

/// Hooks, and what of the bodies. Handed to [`crate::Plugin::subscribe`] with the hooks that were written.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    hooks: Vec<Hook>,
    headers: Need,
    request_body: Need,
    response_body: Need,
    body_digest: bool,
    windows: Option<Windows>,
    dialects: Vec<String>,
}

impl Subscription {
    /// These hooks, all header fields, and the whole bodies that transforms among them are about.
    pub fn to(hooks: impl IntoIterator<Item = Hook>) -> Self {
        let hooks: Vec<Hook> = hooks.into_iter().collect();
        let whole = |of: &[Hook]| {
            if hooks.iter().any(|hook| of.contains(hook)) { Need::Whole } else { Need::Nothing }
        };
        Self {
            request_body: whole(&[Hook::TransformRequest, Hook::TransformUpstream]),
            response_body: whole(&[Hook::TransformResponse]),
            hooks,
            headers: Need::Whole,
            body_digest: false,
            windows: None,
            dialects: Vec::new(),
        }
    }

    /// The hooks.
    pub fn hooks(&self) -> &[Hook] {
        &self.hooks
    }

    /// Leaves out a hook that this configuration does not need; it costs nothing then.
    #[must_use]
    pub fn without(mut self, hook: Hook) -> Self {
        self.hooks.retain(|other| *other != hook);
        self
    }

    /// The header fields of these names, in lower case and in this order, for `authenticate` and the transforms.
    #[must_use]
    pub fn headers<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.headers = Need::Fields(names.into_iter().map(Into::into).collect());
        self
    }

    /// None of the header fields.
    #[must_use]
    pub fn no_headers(mut self) -> Self {
        self.headers = Need::Nothing;
        self
    }

    /// What stands at these pointers (RFC 6901) of the request, for `transform_request` and `transform_upstream`.
    #[must_use]
    pub fn request_fields<S: Into<String>>(mut self, pointers: impl IntoIterator<Item = S>) -> Self {
        self.request_body = Need::Fields(pointers.into_iter().map(Into::into).collect());
        self
    }

    /// Nothing of the request's body.
    #[must_use]
    pub fn request_nothing(mut self) -> Self {
        self.request_body = Need::Nothing;
        self
    }

    /// All of the request's body.
    #[must_use]
    pub fn request_whole(mut self) -> Self {
        self.request_body = Need::Whole;
        self
    }

    /// What stands at these pointers (RFC 6901) of the answer, for `transform_response`.
    #[must_use]
    pub fn response_fields<S: Into<String>>(mut self, pointers: impl IntoIterator<Item = S>) -> Self {
        self.response_body = Need::Fields(pointers.into_iter().map(Into::into).collect());
        self
    }

    /// Nothing of the answer's body.
    #[must_use]
    pub fn response_nothing(mut self) -> Self {
        self.response_body = Need::Nothing;
        self
    }

    /// All of the answer's body.
    #[must_use]
    pub fn response_whole(mut self) -> Self {
        self.response_body = Need::Whole;
        self
    }

    /// The SHA-256 of the request's body in `authenticate`; the body is read first then.
    #[must_use]
    pub fn body_digest(mut self) -> Self {
        self.body_digest = true;
        self
    }

    /// How a stream is cut for `moderate_output`, in place of what the manifest says.
    #[must_use]
    pub fn windows(mut self, windows: Windows) -> Self {
        self.windows = Some(windows);
        self
    }

    /// The dialects that the transforms understand; none stands for `openai`.
    #[must_use]
    pub fn dialects<S: Into<String>>(mut self, dialects: impl IntoIterator<Item = S>) -> Self {
        self.dialects = dialects.into_iter().map(Into::into).collect();
        self
    }

    pub(crate) fn into_contract(self) -> lifecycle::Subscription {
        let Self { hooks, headers, request_body, response_body, body_digest, windows, dialects } = self;
        let hooks = hooks.into_iter().map(|hook| hook.as_str().to_owned()).collect();
        lifecycle::Subscription {
            hooks,
            headers,
            request_body,
            response_body,
            body_digest,
            windows,
            dialects,
        }
    }
}
