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
    clear(project, &out)?;
    let mut configure = Command::new("cmake");
    configure.args(["-S", ".", "--log-level=WARNING", "-B"]).arg(&out).current_dir(&project.folder);
    configure.arg(format!("-DCMAKE_TOOLCHAIN_FILE={}", toolchain.display()));
    run(&mut configure, "cmake")?;
    run(Command::new("cmake").arg("--build").arg(&out).args(["--", "--quiet"]), "cmake --build")?;
    read(&module(&out)?)
}

/// Takes away what would be taken for what is built now: modules, and the whole folder where the project stood elsewhere, which
/// CMake refuses.
fn clear(project: &Project, out: &Path) -> Result<(), Problem> {
    let home = format!("CMAKE_HOME_DIRECTORY:INTERNAL={}\n", project.folder.display());
    let is_other =
        std::fs::read_to_string(out.join("CMakeCache.txt")).is_ok_and(|cache| !cache.contains(&home));
    if is_other {
        return std::fs::remove_dir_all(out).map_err(|error| Problem::file(out, &error));
    }
    for module in modules(out) {
        std::fs::remove_file(&module).map_err(|error| Problem::file(&module, &error))?;
    }
    Ok(())
}

fn modules(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "wasm")).collect()
}

/// The one module that `tidegate_plugin` made.
fn module(folder: &Path) -> Result<PathBuf, Problem> {
    let mut modules = modules(folder).into_iter();
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
