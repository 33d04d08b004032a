//! Compiles and runs small programs against the header.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A language that the header is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    C,
    Cpp,
}

impl Language {
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Cpp => "cpp",
        }
    }

    fn compiler(self) -> String {
        let (variable, default) = match self {
            Self::C => ("CC", "cc"),
            Self::Cpp => ("CXX", "c++"),
        };
        std::env::var(variable).unwrap_or_else(|_| default.to_owned())
    }

    fn standard(self) -> &'static [&'static str] {
        match self {
            Self::C => &["-std=c11", "-Wmissing-prototypes", "-Wstrict-prototypes"],
            Self::Cpp => &["-std=c++17"],
        }
    }
}

/// What a program prints; nothing where this machine compiles no C++. Without a compiler for C nothing of this repository is
/// built.
pub(crate) fn run(language: Language, name: &str, text: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (source, program) = (folder.join(name), folder.join(format!("{name}.out")));
    std::fs::write(&source, text).unwrap();
    let include: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    let compiled = Command::new(language.compiler())
        .args(language.standard())
        .args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-I"])
        .args([include.as_path(), Path::new("-o"), &program, &source])
        .output();
    match compiled {
        Err(error) if language == Language::Cpp && error.kind() == std::io::ErrorKind::NotFound => {
            return None;
        }
        compiled => done(name, compiled.unwrap()),
    };
    Some(done(name, Command::new(&program).output().unwrap()))
}

fn done(name: &str, output: Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {}\n{told}", output.status);
    String::from_utf8(output.stdout).unwrap()
}
