//! What the filters share in reading their settings.

use serde::de::DeserializeOwned;
use serde_json::Value;
use tidegate_pipeline::SettingsProblem;

/// Reads settings that passed the schema; what is left is reported at `pointer`.
pub(crate) fn decode<T: DeserializeOwned>(
    settings: &Value,
    pointer: &str,
) -> Result<T, Vec<SettingsProblem>> {
    T::deserialize(settings).map_err(|error| vec![problem(pointer, &error.to_string())])
}

/// A problem at a place of the settings.
pub(crate) fn problem(pointer: &str, message: &str) -> SettingsProblem {
    SettingsProblem { pointer: pointer.to_owned(), message: message.to_owned() }
}

/// The pointer to a key below another (RFC 6901, section 3).
pub(crate) fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// What was made, unless there are problems.
pub(crate) fn unless<T>(problems: Vec<SettingsProblem>, made: T) -> Result<T, Vec<SettingsProblem>> {
    if problems.is_empty() { Ok(made) } else { Err(problems) }
}
