//! All files below the folder of a package that may be part of its code.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::TreeFile;
use crate::runtime::LoadError;

/// Files of a package, and bytes of them all.
const MAX_FILES: usize = 1000;
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What is made or used beside the code and is no part of it.
const ASIDE: [&str; 5] = ["__pycache__", "cases", "tests", "node_modules", "target"];

/// The mark of a Python environment: its packages belong to whoever made it.
const ENVIRONMENT: &str = "pyvenv.cfg";

/// The files, by their paths.
///
/// # Errors
/// Where one cannot be read, or they are too many.
pub(super) fn read(folder: &Path) -> Result<Vec<TreeFile>, LoadError> {
    let mut files = Vec::new();
    let mut bytes = 0;
    for path in paths(folder)? {
        let name = path.strip_prefix(folder).unwrap_or(&path).to_owned();
        let content = super::read(folder, &name.to_string_lossy())?;
        bytes += content.len();
        if bytes > MAX_BYTES {
            return Err(LoadError::Read {
                path: folder.to_owned(),
                cause: format!("its files have more than {} MiB; keep data outside", MAX_BYTES / 1024 / 1024),
            });
        }
        files.push(TreeFile { path: name, bytes: content.into() });
    }
    Ok(files)
}

/// Their paths, in order; links are not followed.
pub(super) fn paths(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed =
            |error: std::io::Error| LoadError::Read { path: folder.clone(), cause: error.to_string() };
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            let (path, name) = (entry.path(), entry.file_name());
            if is_aside(&name) {
                continue;
            }
            if kind.is_dir() && !path.join(ENVIRONMENT).exists() {
                folders.push(path);
            } else if kind.is_file() {
                found.push(path);
            }
        }
        if found.len() + folders.len() > MAX_FILES {
            let cause = format!("it has more than {MAX_FILES} files; keep only the plugin's code there");
            return Err(LoadError::Read { path: folder, cause });
        }
    }
    found.sort();
    Ok(found)
}

fn is_aside(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') || name.ends_with('~') || ASIDE.contains(&&*name)
}
