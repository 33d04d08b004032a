use std::path::{Path, PathBuf};

use super::{FILES, Sdk};

/// What only the tests of a plugin need, and what only components are built with.
const NO_WORKERS: [&str; 3] = ["testing", "component", "componentize.py"];

fn modules(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if NO_WORKERS.contains(&name.trim_start_matches('_')) {
            continue;
        }
        if path.is_dir() {
            modules(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            found.push(path);
        }
    }
}

#[test]
fn the_binary_carries_every_module() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk-python/src");
    let mut found = Vec::new();
    modules(&root.join("tidegate"), &mut found);
    let mut found: Vec<_> =
        found.iter().map(|path| path.strip_prefix(&root).unwrap().to_string_lossy().into_owned()).collect();
    found.sort();
    let mut carried: Vec<_> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    carried.sort();
    assert_eq!(carried, found);
}

#[test]
fn all_plugins_share_a_folder_that_goes_with_the_last_of_them() {
    let sdk = Sdk::default();
    let (first, second) = (sdk.folder().unwrap(), sdk.folder().unwrap());
    let path = first.path().to_owned();
    assert_eq!(path, second.path());
    drop((first, second));
    assert!(!path.exists());
    let third = sdk.folder().unwrap();
    std::fs::remove_file(third.path().join("tidegate/text.py")).unwrap();
    assert_ne!(sdk.folder().unwrap().path(), third.path());
}
