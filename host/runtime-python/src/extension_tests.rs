use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{FILE, find};

/// A folder with a program, and one of packages; the extension is in those of them that are named.
fn places(beside: bool, installed: bool) -> (tempfile::TempDir, PathBuf, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let packages = folder.path().join("site-packages");
    std::fs::create_dir_all(packages.join("tidegate")).unwrap();
    if beside {
        std::fs::write(folder.path().join(FILE), "").unwrap();
    }
    if installed {
        std::fs::write(packages.join("tidegate").join(FILE), "").unwrap();
    }
    let program = folder.path().join("tidegate-gateway");
    (folder, program, vec![packages])
}

#[test]
fn the_one_beside_the_program_comes_before_an_installed_one() {
    let (folder, program, packages) = places(true, true);
    assert_eq!(find(None, Some(&program), &packages).unwrap(), Some(folder.path().join(FILE)));
    let (_folder, program, packages) = places(false, true);
    assert_eq!(find(None, Some(&program), &packages).unwrap(), Some(packages[0].join("tidegate").join(FILE)));
    assert_eq!(find(None, None, &[]).unwrap(), None);
    let (_folder, program, packages) = places(false, false);
    assert_eq!(find(None, Some(&program), &packages).unwrap(), None);
}

#[test]
fn what_the_operator_says_comes_first() {
    let (folder, program, packages) = places(true, true);
    for off in ["", "off"] {
        assert_eq!(find(Some(off.into()), Some(&program), &packages).unwrap(), None);
    }
    let named = folder.path().join("other.so");
    std::fs::write(&named, "").unwrap();
    assert_eq!(find(Some(named.clone().into()), Some(&program), &packages).unwrap(), Some(named));
}

#[test]
fn a_named_one_that_is_not_there_is_a_sentence() {
    let (_folder, program, packages) = places(true, true);
    for missing in ["/nowhere/tidegate_worker.abi3.so", "/tmp"] {
        let error = find(Some(OsString::from(missing)), Some(&program), &packages).unwrap_err().to_string();
        assert!(error.contains(&format!("\"{missing}\" of TIDEGATE_PYTHON_EXT is no file")), "{error}");
    }
}

#[test]
fn a_relative_path_is_that_of_the_gateway() {
    let found = find(Some("Cargo.toml".into()), None, &[]).unwrap().unwrap();
    assert!(found.is_absolute() && found.ends_with("Cargo.toml"));
    assert_eq!(found, Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
}
