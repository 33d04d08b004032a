//! The settings of `response_transform`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use tidegate_pipeline::SettingsProblem;

use super::ResponseTransform;
use crate::settings::unless;
use crate::transform::View;
use crate::transform::body::BodySettings;
use crate::transform::headers::HeaderSettings;

/// Edits of answers, in this order: `remove`, `rename`, `set`, `default`. They are made in whole answers, in errors of the
/// upstream and in each event of a stream. Bodies that are no JSON keep their bytes; only `headers` applies to them.
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
    /// Edits of the answer's headers; of a stream before its first byte.
    headers: HeaderSettings,
    /// In which shape pointers mean the body.
    view: View,
}

impl Settings {
    /// The filter, or every problem.
    pub(super) fn checked(self) -> Result<ResponseTransform, Vec<SettingsProblem>> {
        let Self { set, default, remove, rename, headers, view } = self;
        let mut problems = Vec::new();
        let body = BodySettings { set, default, remove, rename }.checked(&mut problems);
        let headers = headers.checked(&mut problems);
        unless(problems, ResponseTransform::new(body, headers, view.dialects()))
    }
}
