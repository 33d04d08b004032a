//! Plays the cases of every package of this repository on its runtime alone, without a gateway around it: those of
//! `plugins/` beside each package, and the conformance cases against every conformance plugin.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidegate_pipeline::{MANIFEST, Package, Runtime};
use tidegate_runtime_lua::LuaRuntime;
use tidegate_runtime_wasm::WasmRuntime;
use tidegate_testkit::{cases, run};

type Outcome = Result<(), Box<dyn Error>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn runtimes() -> Result<[Arc<dyn Runtime>; 2], Box<dyn Error>> {
    Ok([Arc::new(LuaRuntime::new()), Arc::new(WasmRuntime::with_cache(None)?)])
}

/// The packages in the folders of a folder.
fn packages(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let entries = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut packages = entries.collect::<Result<Vec<_>, _>>()?;
    packages.retain(|package| package.join(MANIFEST).is_file());
    packages.sort();
    if packages.is_empty() { Err(format!("no package in {}", folder.display()).into()) } else { Ok(packages) }
}

/// What differs, of all cases of a folder.
async fn differences(
    runtimes: &[Arc<dyn Runtime>],
    package: &Path,
    folder: &Path,
) -> Result<Vec<String>, Box<dyn Error>> {
    let read = Package::read(package)?;
    let name = &read.manifest.runtime;
    let runtime = runtimes.iter().find(|runtime| runtime.name() == name);
    let runtime = runtime.ok_or_else(|| format!("no runtime \"{name}\""))?;
    let code = runtime.load(&read).await?;
    let mut told = Vec::new();
    for case in cases(folder)? {
        if let Err(mismatch) = run(&case, &*code, &read.manifest).await {
            told.push(format!("{}: {mismatch}", package.display()));
        }
    }
    Ok(told)
}

#[tokio::test]
async fn every_conformance_plugin_meets_every_case() -> Outcome {
    let (runtimes, folder) = (runtimes()?, root().join("tests/conformance"));
    let mut told = Vec::new();
    for package in packages(&folder.join("plugins"))? {
        told.extend(differences(&runtimes, &package, &folder.join("cases")).await?);
    }
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    Ok(())
}

#[tokio::test]
async fn every_package_meets_its_cases() -> Outcome {
    let runtimes = runtimes()?;
    let mut told = Vec::new();
    for package in packages(&root().join("plugins"))? {
        told.extend(differences(&runtimes, &package, &package.join("cases")).await?);
    }
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    Ok(())
}
