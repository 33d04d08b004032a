//! Writes what is made of the contract: `tidegate-bindgen [bindings | reference] [--check]`. Without a name: all of it.
//!
//! `bindings` are those that toolkits keep, `reference` is the page for readers. Nothing in those files is written by hand. With
//! `--check` nothing is written: what would differ is named, and that is a failure. What the guests' own build tools make of
//! the contract at build time is not here.

mod c;
mod go;
mod js;
mod reference;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use wit_parser::{PackageId, Resolve};

/// A file: where it belongs, seen from the root of the repository, and what is in it.
type Made = (PathBuf, Vec<u8>);
/// What makes some files of the contract.
type Maker = fn(Resolve, PackageId) -> Result<Vec<Made>, String>;

const CONTRACT: &str = "plugin-sdk/wit/0.1";
/// By what they are called on the command line.
const MAKERS: [(&str, Maker); 4] =
    [("bindings", c::files), ("bindings", go::go), ("bindings", js::files), ("reference", reference::page)];

fn main() -> ExitCode {
    let (flags, names): (Vec<_>, Vec<_>) =
        env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let known = |name: &String| MAKERS.iter().any(|(known, _)| known == name);
    let check = flags == ["--check"];
    if !(check || flags.is_empty()) || names.len() > 1 || !names.iter().all(known) {
        eprintln!("usage: tidegate-bindgen [bindings | reference] [--check]");
        return ExitCode::FAILURE;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match run(&root, names.first().map(String::as_str), check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, name: Option<&str>, check: bool) -> Result<(), String> {
    let mut differ = Vec::new();
    for (_, maker) in MAKERS.iter().filter(|(of, _)| name.is_none_or(|name| name == *of)) {
        let mut resolve = Resolve::default();
        let (package, _) =
            resolve.push_path(root.join(CONTRACT)).map_err(|error| format!("{CONTRACT}: {error:#}"))?;
        for (path, content) in maker(resolve, package)? {
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
