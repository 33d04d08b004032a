//! The error of a hook: one sentence.

use std::fmt;

/// What a hook answers: a verdict, or why it has none. An error is never a verdict: the filter's `on_error` decides.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a hook has no verdict, or why a configuration is refused: one sentence for the operator, without secrets.
///
/// Made of anything that can be shown, so that `?` works on every error, and `.into()` on a text. It does not implement
/// `Display` itself, since that would forbid exactly this.
#[derive(PartialEq, Eq)]
pub struct Error(String);

impl Error {
    /// The sentence.
    pub fn text(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: fmt::Display> From<E> for Error {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}
