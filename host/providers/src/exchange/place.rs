//! Where in a body something stands, for errors; costs nothing until there is one.

use std::fmt;

/// A place in a JSON body, written as `messages[0].content`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Body,
    Key(&'p str),
    At(usize),
}

impl Place<'static> {
    /// The whole of it.
    pub(crate) const BODY: Self = Self { parent: None, step: Step::Body };
}

impl<'p> Place<'p> {
    pub(crate) fn key(&'p self, key: &'p str) -> Self {
        Self { parent: Some(self), step: Step::Key(key) }
    }

    pub(crate) fn at(&'p self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::At(index) }
    }

    fn is_body(&self) -> bool {
        matches!(self.step, Step::Body)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Body => Ok(()),
            Step::Key(key) => {
                let is_first = self.parent.is_none_or(Place::is_body);
                write!(f, "{}{key}", if is_first { "" } else { "." })
            }
            Step::At(index) => write!(f, "[{index}]"),
        }
    }
}
