//! Why there are no credentials, in words that hold none.

use std::fmt;
use std::sync::Arc;

/// What kind of failure it is, since a chain of sources goes on after one kind only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nothing is set up there: the next source has its turn.
    Absent,
    /// Something is set up there, and wrongly.
    Unfit,
    /// A server answered, and gave none.
    Refused,
    /// A server gave no answer, so another try may help.
    Unreachable,
}

/// Why there are no credentials; cheap to copy, since all who wait for one fetch are told.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct CredentialsError {
    why: Why,
    text: Arc<str>,
}

impl CredentialsError {
    /// The kind of failure.
    pub fn why(&self) -> Why {
        self.why
    }

    pub(crate) fn absent(text: impl AsRef<str>) -> Self {
        Self::new(Why::Absent, text)
    }

    pub(crate) fn unfit(text: impl AsRef<str>) -> Self {
        Self::new(Why::Unfit, text)
    }

    pub(crate) fn refused(text: impl AsRef<str>) -> Self {
        Self::new(Why::Refused, text)
    }

    pub(crate) fn unreachable(text: impl AsRef<str>) -> Self {
        Self::new(Why::Unreachable, text)
    }

    /// The same failure, with the place where it happened before it.
    pub(crate) fn at(&self, place: &str) -> Self {
        Self::new(self.why, format!("{place}: {self}"))
    }

    /// The same failure as one that ends a chain: what was named by the operator must not be passed over.
    pub(crate) fn demanded(self) -> Self {
        match self.why {
            Why::Absent => Self { why: Why::Unfit, ..self },
            _ => self,
        }
    }

    /// One line, whatever a server or a file put into it.
    fn new(why: Why, text: impl AsRef<str>) -> Self {
        let line: String = text.as_ref().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self { why, text: line.into() }
    }
}

impl fmt::Debug for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialsError({:?}: {})", self.why, self.text)
    }
}
