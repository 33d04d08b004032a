//! Embeds the toolkits of the languages, the templates and the recipe of a toolchain, so that authors need no checkout.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Where it stands in the repository, and the name that it is embedded under.
const FOLDERS: [(&str, &str); 9] = [
    ("plugin-sdk/abi", "sdk/abi"),
    ("plugin-sdk/rust", "sdk/rust"),
    ("plugin-sdk/wit", "sdk/wit"),
    ("sdk-cpp-wasm", "sdk/cpp"),
    ("sdk-go-wasm", "sdk/go"),
    ("sdk-js-wasm", "sdk/js"),
    ("sdk-lua", "sdk/lua"),
    ("sdk-python/src", "sdk/python"),
    ("host/toolkit/templates", "templates"),
];
const FILES: [(&str, &str); 2] =
    [("scripts/lib.sh", "scripts/lib.sh"), ("scripts/rust-wasm.sh", "scripts/rust-wasm.sh")];

/// What is made by tools, and what only those who work on a toolkit need.
const LEFT_OUT: [&str; 7] = ["target", "node_modules", "__pycache__", "test", "tests", "build", "dist"];

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let mut found = Vec::new();
    for (folder, name) in FOLDERS {
        println!("cargo::rerun-if-changed={}", root.join(folder).display());
        collect(&root.join(folder), name, name != "templates", &mut found)?;
    }
    for (file, name) in FILES {
        println!("cargo::rerun-if-changed={}", root.join(file).display());
        found.push((name.to_owned(), root.join(file)));
    }
    found.sort();
    let mut code = String::from("[\n");
    for (name, path) in found {
        // Writing to a string cannot fail.
        let _ = writeln!(code, "    ({name:?}, include_bytes!({path:?}).as_slice()),");
    }
    code.push_str("]\n");
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    fs::write(out.join("files.rs"), code)
}

fn collect(folder: &Path, name: &str, filtered: bool, found: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let file = entry.file_name().to_string_lossy().into_owned();
        if filtered && (file.starts_with('.') || LEFT_OUT.contains(&file.as_str()) || file.ends_with(".pyc"))
        {
            continue;
        }
        let name = format!("{name}/{file}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &name, filtered, found)?;
        } else {
            found.push((name, entry.path()));
        }
    }
    Ok(())
}
