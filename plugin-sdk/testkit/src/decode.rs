//! From JSON to typed values, with the place of whatever is wrong.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// A value that a case cannot have there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Such as `steps[0].in.texts[1].role`.
    pub(crate) place: String,
    /// One sentence.
    pub(crate) problem: String,
}

impl Wrong {
    pub(crate) fn at(place: &str, problem: impl Into<String>) -> Self {
        Self { place: place.to_owned(), problem: problem.into() }
    }
}

/// Decodes what stands at `place`.
pub(crate) fn decode<T: DeserializeOwned>(place: &str, value: Value) -> Result<T, Wrong> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let place = match (place, &*path) {
            (place, ".") => place.to_owned(),
            ("", path) => path.to_owned(),
            (place, path) if path.starts_with('[') => format!("{place}{path}"),
            (place, path) => format!("{place}.{path}"),
        };
        Wrong { place, problem: error.into_inner().to_string().replace('`', "\"") }
    })
}
