//! Writes the bindings of the contract into the toolkits that keep them: `tidegate-bindgen [--check]`.
//!
//! Nothing in those files is written by hand. With `--check` nothing is written: what would differ is named, and that is a
//! failure. What the guests' own build tools make of the contract at build time is not here.

mod c;
mod go;
mod js;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use wit_parser::{PackageId, Resolve};

/// A file of some toolkit: where it belongs, seen from the root of the repository, and what is in it.
type Made = (PathBuf, Vec<u8>);
/// What makes the files of one language.
type Language = fn(Resolve, PackageId) -> Result<Vec<Made>, String>;

const CONTRACT: &str = "plugin-sdk/wit/0.1";
const LANGUAGES: [Language; 3] = [c::files, go::go, js::files];

fn main() -> ExitCode {
    let check = match env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => {
            eprintln!("usage: tidegate-bindgen [--check]");
            return ExitCode::FAILURE;
        }
    };
    match run(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, check: bool) -> Result<(), String> {
    let mut differ = Vec::new();
    for language in LANGUAGES {
        let mut resolve = Resolve::default();
        let (package, _) =
            resolve.push_path(root.join(CONTRACT)).map_err(|error| format!("{CONTRACT}: {error:#}"))?;
        for (path, content) in language(resolve, package)? {
            if fs::read(root.join(&path)).is_ok_and(|there| there == content) {
                continue;
            }
            if check { differ.push(path.display().to_string()) } else { put(&root.join(path), &content)? }
        }
    }
    if differ.is_empty() {
        return Ok(());
    }
    Err(format!(
        "not what the contract gives: {}; run scripts/bindings.sh and look at the difference",
        differ.join(", ")
    ))
}

fn put(path: &Path, content: &[u8]) -> Result<(), String> {
    let written = fs::create_dir_all(path.parent().unwrap_or(path)).and_then(|()| fs::write(path, content));
    written.map_err(|error| format!("\"{}\": {error}", path.display()))
}
