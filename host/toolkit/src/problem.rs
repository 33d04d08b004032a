//! Why a command of an author could not do what it was asked for.

use std::io;
use std::path::{Path, PathBuf};

use tidegate_pipeline::LoadError;
use tidegate_testkit::CaseError;

use crate::encode::EncodeError;
use crate::language::Language;

/// One sentence for the author, with what to do.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The package or its code.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The component.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A case file.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// A part of the toolchain.
    #[error(
        "\"{tool}\" is missing, which plugins in {language} are built with; run \"tidegate plugin setup --lang {language}\""
    )]
    Missing {
        /// What is looked for.
        tool: String,
        /// For what.
        language: Language,
    },
    /// A part that this command cannot install.
    #[error("\"{tool}\" is missing, which plugins in {language} need; install {remedy}, then run this again")]
    Machine {
        /// What is looked for.
        tool: String,
        /// For what.
        language: Language,
        /// What to install, and where it is had.
        remedy: &'static str,
    },
    /// A compiler or installer, whose own words went to the terminal.
    #[error("{0} failed; what it says stands above")]
    Command(String),
    /// A file or folder.
    #[error("\"{}\": {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// All else.
    #[error("{0}")]
    Refused(String),
}

impl Problem {
    pub(crate) fn file(path: &Path, error: &io::Error) -> Self {
        Self::File { path: path.to_owned(), cause: error.to_string() }
    }
}
