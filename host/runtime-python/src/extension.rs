//! Where the compiled part of the worker is. Without it workers do the same in Python, at more cost.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use tidegate_pipeline::LoadError;

/// Names the file. Empty, or `off`: there is none.
const VARIABLE: &str = "TIDEGATE_PYTHON_EXT";

/// What it is called where nobody names it.
const FILE: &str = "tidegate_worker.abi3.so";

/// The folder of an environment's packages that it is installed to, with the package `tidegate`.
const INSTALLED: &str = "tidegate";

/// What the interpreter is told of it, after `-X`.
///
/// # Errors
/// Where the operator names a file that is not there.
pub(crate) fn option(packages: &[PathBuf]) -> Result<OsString, LoadError> {
    let program = std::env::current_exe().ok();
    let found = find(std::env::var_os(VARIABLE), program.as_deref(), packages)?;
    let mut option = OsString::from("tidegate_worker=");
    option.push(found.as_deref().map_or(OsStr::new("off"), Path::as_os_str));
    Ok(option)
}

/// The one that is named; else the one beside the gateway's own program; else the one of the plugin's environment.
fn find(
    named: Option<OsString>,
    program: Option<&Path>,
    packages: &[PathBuf],
) -> Result<Option<PathBuf>, LoadError> {
    let Some(named) = named else {
        let beside = program.map(|program| program.with_file_name(FILE));
        let installed = packages.iter().map(|folder| folder.join(INSTALLED).join(FILE));
        return Ok(beside.into_iter().chain(installed).find(|file| file.is_file()));
    };
    if named.is_empty() || named == "off" {
        return Ok(None);
    }
    // A worker runs in the folder of its plugin.
    let file = std::path::absolute(&named).unwrap_or_else(|_| named.into());
    if !file.is_file() {
        return Err(LoadError::Configure(format!(
            "no extension of the Python worker: \"{}\" of {VARIABLE} is no file; name {FILE}, or set it to \"off\"",
            file.display()
        )));
    }
    Ok(Some(file))
}

#[cfg(test)]
#[path = "extension_tests.rs"]
mod tests;
