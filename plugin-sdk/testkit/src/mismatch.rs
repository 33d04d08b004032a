//! A plugin that does not do what its case says.

/// Where a plugin and its case part, as text for the plugin's author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("case \"{case}\", {place}: {problem}")]
pub struct Mismatch {
    case: String,
    place: String,
    problem: String,
}

impl Mismatch {
    pub(crate) fn new(case: &str, place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { case: case.to_owned(), place: place.into(), problem: problem.into() }
    }
}
