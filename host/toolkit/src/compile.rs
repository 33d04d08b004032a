//! `plugin build`: from a project's sources to the artefact that its manifest names.

mod cargo;
mod cpp;
mod go;
mod js;
mod python;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::encode::encode;
use crate::files;
use crate::language::Language;
use crate::problem::Problem;
use crate::project::Project;
use crate::tools::Tools;
use crate::world::{cut, services};

/// What became of a build.
#[derive(Debug)]
pub enum Built {
    /// The gateway reads the sources themselves.
    Nothing,
    /// An artefact.
    Artefact {
        /// Where it is.
        entry: PathBuf,
        /// Its size.
        bytes: usize,
        /// What the language's own compiler took.
        compiled: Duration,
        /// What was then done to the core module; zero where the compiler makes a component itself.
        encoded: Duration,
    },
}

/// What a compiler left.
enum Made {
    /// A core module, yet to become a component.
    Core(Vec<u8>),
    /// The artefact itself.
    Whole(Vec<u8>),
}

/// Builds a project.
///
/// # Errors
/// Where the toolchain is missing, the compiler fails, or the code is not what the manifest says.
pub fn build(project: &Project, tools: &Tools) -> Result<Built, Problem> {
    check_entry(project)?;
    project.refresh_toolkit()?;
    let started = Instant::now();
    let made = match project.language {
        None => {
            return Err(Problem::Refused(format!(
                "\"{}\" holds no sources that this command knows: a Cargo.toml, go.mod, CMakeLists.txt, package.json or \
                 plugin.py beside plugin.toml; build \"{}\" by the toolkit that it was written with",
                project.folder.display(),
                project.manifest.entry
            )));
        }
        Some(Language::Rust) => Made::Core(cargo::component(project, tools)?),
        Some(Language::Native) => Made::Whole(cargo::library(project)?),
        Some(Language::Go) => Made::Core(go::core(project, tools)?),
        Some(Language::Cpp) => Made::Core(cpp::core(project, tools)?),
        Some(Language::Js) => Made::Whole(js::component(project, tools)?),
        Some(Language::Python) if project.manifest.runtime == "wasm" => {
            Made::Whole(python::component(project, tools)?)
        }
        Some(Language::Python | Language::Lua) => return Ok(Built::Nothing),
    };
    let (compiled, started) = (started.elapsed(), Instant::now());
    let artefact = match made {
        Made::Core(module) => encode(&module, project.manifest.hooks, &project.manifest.capabilities)?,
        Made::Whole(bytes) => bytes,
    };
    let entry = project.entry();
    replace(&entry, &artefact)?;
    Ok(Built::Artefact { entry, bytes: artefact.len(), compiled, encoded: started.elapsed() })
}

/// # Errors
/// Where the artefact would take the place of a source.
fn check_entry(project: &Project) -> Result<(), Problem> {
    let extension = match project.manifest.runtime.as_str() {
        "wasm" => "wasm",
        "native" => "so",
        _ => return Ok(()),
    };
    let entry = &project.manifest.entry;
    if Path::new(entry).extension().is_some_and(|found| found == extension) {
        return Ok(());
    }
    Err(Problem::Refused(format!(
        "\"entry\" of plugin.toml is \"{entry}\", and what is built for runtime = \"{}\" ends in .{extension}; name the \
         artefact there, not its source",
        project.manifest.runtime
    )))
}

/// All at once, so that a gateway that watches never reads half of it.
fn replace(entry: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let failed = |error: std::io::Error| Problem::file(entry, &error);
    let folder = entry.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new().prefix(".tidegate-").tempfile_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut beside, bytes).map_err(failed)?;
    // A file of a temporary kind is for its owner alone, and the gateway may be somebody else.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    beside.as_file().set_permissions(mode).map_err(failed)?;
    beside.persist(entry).map(drop).map_err(|error| failed(error.error))
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    std::fs::read(path).map_err(|error| Problem::file(path, &error))
}

/// Where a compiler puts what is in between, below the project.
fn scratch(project: &Project, name: &str) -> Result<PathBuf, Problem> {
    let folder = project.folder.join(".tidegate/build");
    std::fs::create_dir_all(&folder).map_err(|error| Problem::file(&folder, &error))?;
    files::write(&project.folder.join(".tidegate/.gitignore"), b"*\n")?;
    Ok(folder.join(name))
}

/// The contract with a world cut to the manifest, in a folder, for compilers that make components themselves.
fn world(project: &Project) -> Result<PathBuf, Problem> {
    let folder = scratch(project, "wit")?;
    let manifest = &project.manifest;
    let text = cut(manifest.hooks, &services(&manifest.capabilities));
    files::write(&folder.join("plugin.wit"), text.as_bytes())?;
    Ok(folder)
}
