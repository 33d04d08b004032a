//! Edits of headers, as settings name them.

use std::collections::BTreeMap;

use http::HeaderMap;
use schemars::JsonSchema;
use serde::Deserialize;
use tidegate_contract::HeaderEdit;
use tidegate_pipeline::{HookError, SettingsProblem, apply_headers};

use crate::settings::{below, problem};

/// Edits of headers: first `remove`, then `set`, then `add`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HeaderSettings {
    /// Headers to set, whatever they were.
    set: BTreeMap<String, String>,
    /// Headers to add beside those of the same name.
    add: BTreeMap<String, String>,
    /// Names of headers to take away.
    remove: Vec<String>,
}

impl HeaderSettings {
    /// The edits in the order in which they are made; what cannot be one goes to `problems`.
    pub(crate) fn checked(self, problems: &mut Vec<SettingsProblem>) -> Vec<HeaderEdit> {
        let remove = self.remove.into_iter().enumerate();
        let remove = remove
            .map(|(index, name)| (format!("/headers/remove/{index}"), HeaderEdit::Remove(lower(&name))));
        let set = self.set.into_iter().map(|(name, value)| {
            (below("/headers/set", &name), HeaderEdit::Set(lower(&name), value.into_bytes()))
        });
        let add = self.add.into_iter().map(|(name, value)| {
            (below("/headers/add", &name), HeaderEdit::Add(lower(&name), value.into_bytes()))
        });
        let mut edits = Vec::new();
        for (pointer, edit) in remove.chain(set).chain(add) {
            if let Err(cause) = carried_out(&edit) {
                problems.push(problem(&pointer, &format!("{cause}; correct it or take it out")));
            }
            edits.push(edit);
        }
        edits
    }
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// The rules are those that hold when the edit is made.
fn carried_out(edit: &HeaderEdit) -> Result<(), String> {
    apply_headers(std::slice::from_ref(edit), &mut HeaderMap::new()).map_err(|error| match error {
        HookError::Invalid(cause) => cause,
        other => other.to_string(),
    })
}
