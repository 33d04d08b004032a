//! Rust, as a core module or a shared library.

use std::env;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use tidegate_pipeline::Digest;

use super::read;
use crate::language::Language;
use crate::problem::Problem;
use crate::project::Project;
use crate::setup::places;
use crate::tools::{Tools, on_path, output};

/// A line of cargo's report; of other reasons than an artefact the rest is absent.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

pub(super) fn component(project: &Project, tools: &Tools) -> Result<Vec<u8>, Problem> {
    let cargo = places::cargo_wasm(tools);
    if !cargo.exists() {
        return Err(Problem::Missing {
            tool: "cargo for wasm32-unknown-unknown".into(),
            language: Language::Rust,
        });
    }
    let mut command = Command::new(cargo);
    command.args(["rustc", "--release"]);
    let compiles_std = tools.at("rust-wasm/root").exists();
    if !compiles_std || env::var_os("CARGO_TARGET_DIR").is_some() {
        return made(&mut command, &[], project, "wasm");
    }
    // The standard library is compiled along, which takes a minute: once is enough for all projects. They share a folder, where
    // two crates of one name would be taken for the same, so each is told apart by its place, and one is built at a time.
    let shared = tools.at("rust-wasm/target");
    command.env("CARGO_TARGET_DIR", &shared);
    let _alone = alone(&shared)?;
    let own = format!("metadata={}", Digest::of(project.folder.as_os_str().as_encoded_bytes()));
    made(&mut command, &["--", "-C", &own], project, "wasm")
}

/// Waits until nobody else builds in this folder, and keeps others waiting until the lock is dropped.
fn alone(folder: &Path) -> Result<File, Problem> {
    let path = folder.join(".tidegate-lock");
    let failed = |error: io::Error| Problem::file(&path, &error);
    std::fs::create_dir_all(folder).map_err(failed)?;
    let lock = File::create(&path).map_err(failed)?;
    lock.lock().map_err(failed)?;
    Ok(lock)
}

/// With the profile `native`, which the template has: a panic must not end the gateway.
pub(super) fn library(project: &Project) -> Result<Vec<u8>, Problem> {
    if on_path("cargo").is_none() {
        return Err(Problem::Missing { tool: "cargo".into(), language: Language::Native });
    }
    made(Command::new("cargo").args(["rustc", "--profile", "native"]), &[], project, "so")
}

/// The bytes of the project's own artefact with that extension.
fn made(cargo: &mut Command, last: &[&str], project: &Project, extension: &str) -> Result<Vec<u8>, Problem> {
    cargo
        .current_dir(&project.folder)
        .args(["--lib", "--quiet", "--message-format=json-render-diagnostics"])
        .args(last);
    let report = output(cargo, "cargo build")?;
    let manifest = project.folder.join("Cargo.toml");
    let lines = report.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    let own = lines.filter(|line| line.manifest_path == manifest);
    let is_it = |path: &Path| path.extension().is_some_and(|found| found == extension);
    let found = own.flat_map(|line| line.filenames).rfind(|path| is_it(path));
    let refused = || {
        Problem::Refused(format!(
            "\"{}\" makes no .{extension} file; set crate-type = [\"cdylib\", \"rlib\"] under [lib]",
            manifest.display()
        ))
    };
    read(&found.ok_or_else(refused)?)
}
