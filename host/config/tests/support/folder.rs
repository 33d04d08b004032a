//! The folders of configuration files that the gateway plays as well.

use std::path::{Path, PathBuf};

use tidegate_config::{Loaded, Refused, Source, load};

use crate::kinds::Kinds;

/// The YAML files of a folder below `tests/config`, in order.
pub(crate) fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/config").join(folder);
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

/// Loads a file under the name that its errors are written with.
#[allow(dead_code, reason = "the property tests load texts")]
pub(crate) fn load_file(path: &Path) -> Result<Loaded, Refused> {
    let text = std::fs::read_to_string(path).unwrap();
    let base = path.parent().unwrap().to_owned();
    load(&Source { name: "tidegate.yaml".to_owned(), text, base }, &|_| None, &Kinds)
}
