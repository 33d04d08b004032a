//! The settings of `request_transform`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use tidegate_pipeline::SettingsProblem;

use super::RequestTransform;
use super::prompt::Prompt;
use crate::settings::unless;
use crate::transform::View;
use crate::transform::body::BodySettings;
use crate::transform::headers::HeaderSettings;

/// Edits of requests, in this order: `remove`, `rename`, `set`, `default`, `append_user`, `prepend_system`. Bodies that
/// are no JSON keep their bytes; only `headers` applies to them.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    /// Values by JSON pointer (RFC 6901), put there whatever was there; missing objects on the way are made.
    set: BTreeMap<String, Value>,
    /// Values by JSON pointer, put there only where nothing is, not even null.
    default: BTreeMap<String, Value>,
    /// JSON pointers of what is taken away.
    remove: Vec<String>,
    /// From JSON pointer to JSON pointer: what stands at the first moves to the second, in place of what is there.
    rename: BTreeMap<String, String>,
    /// A text before the first system text, with an empty line between them; a system message at the beginning where
    /// there is none. Of `/v1/messages` and `/v1/responses` it begins `system` and `instructions`, of `/v1/completions`
    /// each prompt.
    #[schemars(length(min = 1))]
    prepend_system: Option<String>,
    /// A text after the last user text, in the same message, with an empty line between them; a user message at the end
    /// where there is none. Of `/v1/responses` that is in `input`; of `/v1/completions` it comes after each prompt.
    #[schemars(length(min = 1))]
    append_user: Option<String>,
    /// Edits of the request's headers.
    headers: HeaderSettings,
    /// In which shape pointers mean the body.
    view: View,
}

impl Settings {
    /// The filter, or every problem.
    pub(super) fn checked(self) -> Result<RequestTransform, Vec<SettingsProblem>> {
        let Self { set, default, remove, rename, prepend_system, append_user, headers, view } = self;
        let mut problems = Vec::new();
        let body = BodySettings { set, default, remove, rename }.checked(&mut problems);
        let headers = headers.checked(&mut problems);
        let prompt = Prompt { prepend_system, append_user };
        unless(problems, RequestTransform::new(body, prompt, headers, view.dialects()))
    }
}
