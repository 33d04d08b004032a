//! C++, as a core module for WASI preview 1.

use std::process::Command;

use super::{read, scratch};
use crate::language::Language;
use crate::problem::Problem;
use crate::project::Project;
use crate::setup::places;
use crate::tools::{on_path, run};

/// The name of what `tidegate_plugin` of the toolkit's CMake makes.
const CORE: &str = "plugin.core.wasm";

pub(super) fn core(project: &Project) -> Result<Vec<u8>, Problem> {
    for tool in [places::CLANG, "cmake"] {
        if on_path(tool).is_none() {
            return Err(Problem::Missing { tool: tool.into(), language: Language::Cpp });
        }
    }
    let out = scratch(project, "cmake")?;
    let mut configure = Command::new("cmake");
    configure.args(["-S", ".", "-DCMAKE_BUILD_TYPE=Release", "--log-level=WARNING", "-B"]);
    run(configure.arg(&out).current_dir(&project.folder), "cmake")?;
    let mut make = Command::new("cmake");
    run(make.arg("--build").arg(&out).args(["--", "--quiet"]), "cmake --build")?;
    read(&out.join(CORE))
}
