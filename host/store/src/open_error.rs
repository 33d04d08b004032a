//! Why a file of a store cannot be used, and what to change.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the file \"{}\" cannot keep {holds}: {problem}", path.display())]
pub struct OpenError {
    /// The file.
    pub path: PathBuf,
    /// What it was to keep.
    pub holds: &'static str,
    /// Why it cannot.
    pub problem: Problem,
}

impl OpenError {
    pub(crate) fn new(path: &Path, holds: &'static str, problem: impl Into<Problem>) -> Self {
        Self { path: path.to_owned(), holds, problem: problem.into() }
    }
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is no such folder.
    #[error("its folder is missing; create it")]
    NoFolder,
    /// The user of the process may not.
    #[error("it may not be written; let this user write to the file and to its folder")]
    Denied,
    /// A folder, a device, or bytes that are something else.
    #[error("it is no SQLite database; name another file, or move this one away")]
    NoDatabase,
    /// A database with other tables.
    #[error("it is a database of something else; name a file of its own for each store")]
    Foreign,
    /// Written by a gateway that knows more.
    #[error(
        "its tables are of version {found}, and this gateway knows {known}; run a newer gateway, or name another file"
    )]
    Newer {
        /// Its version.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// Only one process can keep it.
    #[error("another process has it open, and one alone can keep it; end that one, or name another file")]
    InUse,
    /// Locked for longer than anything takes.
    #[error("another process has locked it for 5 seconds; end that one, or wait for it")]
    Busy,
    /// There is no space left.
    #[error("the disk is full; free some space")]
    Full,
    /// The file system cannot do what SQLite needs.
    #[error("its file system knows no shared memory, which SQLite needs; put it on a local disk")]
    NoSharedMemory,
    /// Pages were damaged.
    #[error("the database is damaged ({0}); move it away and bring back a copy")]
    Damaged(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::NoFolder,
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::Denied,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Failed(error.to_string()),
        }
    }
}
