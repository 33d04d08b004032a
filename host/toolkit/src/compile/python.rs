//! Python as a component, with its interpreter in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{read, scratch, world};
use crate::files;
use crate::language::Language;
use crate::problem::Problem;
use crate::project::Project;
use crate::setup::places;
use crate::tools::{Tools, run};
use crate::world::WORLD;

pub(super) fn component(project: &Project, tools: &Tools) -> Result<Vec<u8>, Problem> {
    let python = places::python(tools);
    if !crate::setup::has_componentize_py(tools) {
        return Err(Problem::Missing { tool: "componentize-py".into(), language: Language::Python });
    }
    let toolkit = tools.at("python-sdk");
    files::mirror("sdk/python", &toolkit, &["__pycache__"])?;
    let out = scratch(project, "component.wasm")?;
    let packages = packages(project, &python)?;
    let mut command = Command::new(python);
    command.current_dir(&project.folder).env("PYTHONPATH", &toolkit).args(["-m", "tidegate.componentize"]);
    command.args(["--entry", "plugin.py", "--world", WORLD, "--wit"]).arg(world(project)?);
    if let Some(packages) = packages {
        command.arg("--packages").arg(packages);
    }
    run(command.arg("--out").arg(&out), "componentize-py")?;
    read(&out)
}

/// What the plugin imports, by its `requirements.txt`, installed beside it: in a component there is nothing to import from.
fn packages(project: &Project, python: &Path) -> Result<Option<PathBuf>, Problem> {
    let wanted = project.folder.join("requirements.txt");
    if !wanted.is_file() {
        return Ok(None);
    }
    let folder = scratch(project, "packages")?;
    let (stamp, list) = (scratch(project, "packages.txt")?, read(&wanted)?);
    if std::fs::read(&stamp).is_ok_and(|there| there == list) {
        return Ok(Some(folder));
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| Problem::file(&folder, &error))?;
    }
    let mut command = Command::new(python);
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    run(command.arg("-r").arg(&wanted).arg("--target").arg(&folder), "pip install")?;
    files::write(&stamp, &list)?;
    Ok(Some(folder))
}
