//! C++, as a core module for WASI preview 1.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{read, scratch};
use crate::files;
use crate::language::Language;
use crate::problem::Problem;
use crate::project::Project;
use crate::setup::places;
use crate::tools::{Tools, on_path, run};

pub(super) fn core(project: &Project, tools: &Tools) -> Result<Vec<u8>, Problem> {
    for tool in [places::CLANG, "cmake"] {
        if on_path(tool).is_none() {
            return Err(Problem::Missing { tool: tool.into(), language: Language::Cpp });
        }
    }
    // CMake asks for the compilers before it reads a project that could name them.
    let toolchain = tools.at("cpp/cmake/tidegate-wasm.cmake");
    files::write_below("sdk/cpp/cmake", &tools.at("cpp/cmake"))?;
    let out = scratch(project, "cmake")?;
    let mut configure = Command::new("cmake");
    configure.args(["-S", ".", "--log-level=WARNING", "-B"]).arg(&out).current_dir(&project.folder);
    configure.arg(format!("-DCMAKE_TOOLCHAIN_FILE={}", toolchain.display()));
    run(&mut configure, "cmake")?;
    run(Command::new("cmake").arg("--build").arg(&out).args(["--", "--quiet"]), "cmake --build")?;
    read(&module(&out)?)
}

/// The one module that `tidegate_plugin` made.
fn module(folder: &Path) -> Result<PathBuf, Problem> {
    let entries = std::fs::read_dir(folder).map_err(|error| Problem::file(folder, &error))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut modules = paths.filter(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    match (modules.next(), modules.next()) {
        (Some(module), None) => Ok(module),
        (None, _) => Err(Problem::Refused(
            "CMakeLists.txt makes no component; name the plugin and its sources in \"tidegate_plugin\"".into(),
        )),
        (Some(_), Some(_)) => Err(Problem::Refused(
            "CMakeLists.txt makes several components; a package is one plugin, so keep one \"tidegate_plugin\"".into(),
        )),
    }
}
