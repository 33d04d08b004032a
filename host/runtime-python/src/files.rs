//! Folders of files that belong to this user alone.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

/// A folder with these files, each with its path in it; it goes when it is dropped.
///
/// # Errors
/// Where nothing can be written there.
pub(crate) fn unpacked<'a, P: AsRef<Path>>(
    files: impl IntoIterator<Item = (P, &'a [u8])>,
) -> io::Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("tidegate-python-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()?;
    for (name, bytes) in files {
        write(&folder.path().join(name), bytes)?;
    }
    Ok(folder)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, bytes)
}
