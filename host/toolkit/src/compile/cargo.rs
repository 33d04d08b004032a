//! Rust, as a core module or a shared library.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

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
    // Where the standard library is compiled along, which takes a minute, once is enough for all projects.
    if env::var_os("CARGO_TARGET_DIR").is_none() {
        command.env("CARGO_TARGET_DIR", tools.at("rust-wasm/target"));
    }
    made(command.args(["build", "--release"]), project, "wasm")
}

/// With the profile `native`, which the template has: a panic must not end the gateway.
pub(super) fn library(project: &Project) -> Result<Vec<u8>, Problem> {
    if on_path("cargo").is_none() {
        return Err(Problem::Missing { tool: "cargo".into(), language: Language::Native });
    }
    made(Command::new("cargo").args(["build", "--profile", "native"]), project, "so")
}

/// The bytes of the project's own artefact with that extension.
fn made(cargo: &mut Command, project: &Project, extension: &str) -> Result<Vec<u8>, Problem> {
    cargo.current_dir(&project.folder).args(["--lib", "--quiet", "--message-format=json-render-diagnostics"]);
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
