//! What is wrong with a file, each with its place: the whole answer of a failed load.

use std::fmt;
use std::path::PathBuf;

use crate::node::{Node, Place};

/// One thing that is wrong, at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, as the user named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong and what to change; holds no interpolated value.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

/// Everything that is wrong with a file, in the order of the file, one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// A problem that someone else found in a part of the file, such as a filter in its settings.
    /// A pointer that names nothing is reported at the node itself.
    pub fn at(file: &str, node: &Node, pointer: &str, message: impl Into<String>) -> Problem {
        problem(file, node.at(pointer).unwrap_or(node).place(), message)
    }

    /// Sorted by place, each once.
    pub(crate) fn sorted(mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|a, b| (a.line, a.column, &a.message).cmp(&(b.line, b.column, &b.message)));
        problems.dedup();
        Self(problems)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// A file that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub problems: Problems,
    /// Every file that was read, or looked for, on the way: a change of one may be what mends it.
    pub files: Vec<PathBuf>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problems.fmt(f)
    }
}

impl std::error::Error for Refused {}

pub(crate) fn problem(file: &str, place: Place, message: impl Into<String>) -> Problem {
    Problem { file: file.to_owned(), line: place.line, column: place.column, message: message.into() }
}
