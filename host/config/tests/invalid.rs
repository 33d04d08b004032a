//! Plays `tests/config/invalid/`: every file gives exactly the errors that stand beside it.
//! `UPDATE=1` rewrites them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that unwraps fails where it stands")]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/kinds.rs"]
mod kinds;

use folder::{fixtures, load_file};

#[test]
fn every_invalid_file_gives_the_errors_beside_it() {
    let files = fixtures("invalid");
    assert!(files.len() >= 40, "only {} files", files.len());
    let mut differences = String::new();
    for file in files {
        let found = match load_file(&file) {
            Ok(_) => "(no error)\n".to_owned(),
            Err(problems) => format!("{problems}\n"),
        };
        let beside = file.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&beside, &found).unwrap();
        }
        let wanted = std::fs::read_to_string(&beside).unwrap_or_default();
        if found != wanted || found == "(no error)\n" {
            differences.push_str(&format!("{}\nwanted:\n{wanted}found:\n{found}\n", file.display()));
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn no_error_shows_what_was_interpolated() {
    for file in fixtures("invalid") {
        if let Err(problems) = load_file(&file) {
            assert!(!problems.to_string().contains("hunter2"), "{}: {problems}", file.display());
        }
    }
}
