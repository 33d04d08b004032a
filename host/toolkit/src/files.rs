//! What the binary carries for authors.

use std::path::{Path, PathBuf};

use crate::problem::Problem;

/// Every file with its name, in order of the names.
static FILES: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The files below a folder, by their names within it.
pub(crate) fn below(folder: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let inside = move |name: &'static str| name.strip_prefix(folder)?.strip_prefix('/');
    FILES.iter().filter_map(move |(name, bytes)| Some((inside(name)?, *bytes)))
}

/// Writes the files below a folder of the binary to one of this machine; what is there and the same is left alone.
pub(crate) fn write_below(folder: &str, target: &Path) -> Result<(), Problem> {
    for (name, bytes) in below(folder) {
        write(&target.join(name), bytes)?;
    }
    Ok(())
}

/// The same, and takes away what the binary does not carry: a file that is gone in a new version would be compiled along. What
/// is named in `kept` is not ours, at any depth.
pub(crate) fn mirror(folder: &str, target: &Path, kept: &[&str]) -> Result<(), Problem> {
    write_below(folder, target)?;
    let carried: Vec<_> = below(folder).map(|(name, _)| target.join(name)).collect();
    sweep(target, &carried, kept)
}

fn sweep(folder: &Path, carried: &[PathBuf], kept: &[&str]) -> Result<(), Problem> {
    let failed = |error: std::io::Error| Problem::file(folder, &error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if kept.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type().map_err(failed)?.is_dir() {
            sweep(&path, carried, kept)?;
        } else if !carried.contains(&path) {
            std::fs::remove_file(&path).map_err(|error| Problem::file(&path, &error))?;
        }
    }
    Ok(())
}

/// Writes a file, and the folders that it stands in. A compiler that goes by times is not told of what is the same.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    if std::fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    folder.and_then(|()| std::fs::write(path, bytes)).map_err(|error| Problem::file(path, &error))
}
