//! Toolchains: where those stand that were installed for the user, and how a tool is run.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tidegate_pipeline::cache_folder;

use crate::problem::Problem;

/// The folder of toolchains.
#[derive(Debug, Clone)]
pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// `$TIDEGATE_TOOLS`, else `tidegate/tools` of the user's cache.
    ///
    /// # Errors
    /// Where the user has neither.
    pub fn of_user() -> Result<Self, Problem> {
        let refused =
            || Problem::Refused("there is no home for toolchains; set TIDEGATE_TOOLS to a folder".into());
        let folder = cache_folder("TIDEGATE_TOOLS", "tools").ok_or_else(refused)?;
        // Tools are started in other folders than this one.
        std::path::absolute(&folder)
            .map(|folder| Self { folder })
            .map_err(|error| Problem::file(&folder, &error))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// A program on the search path.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Runs a tool whose words go to the terminal, on standard error.
pub(crate) fn run(command: &mut Command, what: &str) -> Result<(), Problem> {
    let status = command.stdin(Stdio::null()).stdout(std::io::stderr()).status();
    ended(status.map(|status| status.success()), what)
}

/// Runs a tool and takes what it writes to standard output.
pub(crate) fn output(command: &mut Command, what: &str) -> Result<String, Problem> {
    let made = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let text =
        made.as_ref().map(|made| String::from_utf8_lossy(&made.stdout).into_owned()).unwrap_or_default();
    ended(made.map(|made| made.status.success()), what).map(|()| text)
}

fn ended(succeeded: std::io::Result<bool>, what: &str) -> Result<(), Problem> {
    match succeeded {
        Ok(true) => Ok(()),
        Ok(false) => Err(Problem::Command(what.to_owned())),
        Err(error) => Err(Problem::Refused(format!("{what} could not be started: {error}"))),
    }
}
