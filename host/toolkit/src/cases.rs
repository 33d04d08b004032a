//! `plugin test`: the package's cases, and what they leave out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tidegate_contract::Hook;
use tidegate_pipeline::{Package, Process, Runtime, runtime_of};
use tidegate_testkit::{Case, cases, run};

use crate::problem::Problem;

/// What does not hold of a value, by the JSON Schema of a package; one text a mistake.
pub type Holds = fn(&Value, &Value) -> Vec<String>;

/// What came of a package's cases.
#[derive(Debug)]
pub struct Report {
    /// Name of each case, what it took, and what differs where something does.
    pub played: Vec<(String, Duration, Option<String>)>,
    /// Hooks of the manifest that no case asks for.
    pub untested: Vec<Hook>,
    /// What loading took, compilation of a component included.
    pub loaded: Duration,
}

impl Report {
    /// Whether every case held.
    pub fn passed(&self) -> bool {
        self.played.iter().all(|(.., difference)| difference.is_none())
    }
}

/// Plays the cases of a folder against the package in another, which often is its parent.
///
/// # Errors
/// Where the package cannot be loaded, or a case file has a mistake.
pub async fn test(
    folder: &Path,
    from: &Path,
    (runtimes, process): (&[Arc<dyn Runtime>], &Process),
    holds: Holds,
) -> Result<Report, Problem> {
    let package = Package::read(folder)?;
    let cases = cases(from)?;
    let started = Instant::now();
    let code = runtime_of(runtimes, &package.manifest.runtime)?.load(&package).await?;
    let loaded = started.elapsed();
    let mut played = Vec::new();
    for case in &cases {
        let started = Instant::now();
        let problem = config_problem(case, &package, holds);
        let difference = match (problem, case.refusal()) {
            (Some(problem), None) => Some(problem),
            // The gateway refuses it so, before the plugin is asked.
            (Some(problem), Some(text)) if problem.contains(text) => None,
            _ => {
                run(case, &*code, &package.manifest, process).await.err().map(|mismatch| mismatch.to_string())
            }
        };
        played.push((case.name().to_owned(), started.elapsed(), difference));
    }
    let asked: BTreeSet<Hook> =
        cases.iter().flat_map(|case| case.hooks().iter().collect::<Vec<_>>()).collect();
    let untested = package.manifest.hooks.iter().filter(|hook| !asked.contains(hook)).collect();
    Ok(Report { played, untested, loaded })
}

/// How the processes of a plugin run: with the interpreter of this environment, else of the one in the project's `.venv`.
pub fn process(folder: &Path, environment: Option<PathBuf>) -> Process {
    let own = || Some(folder.join(".venv")).filter(|own| own.join("bin/python").exists());
    let interpreter = environment.or_else(own).map(|path| path.canonicalize().unwrap_or(path));
    Process { interpreter, ..Process::default() }
}

/// Why the gateway would refuse the configuration before the plugin is asked.
fn config_problem(case: &Case, package: &Package, holds: Holds) -> Option<String> {
    let schema = package.schema.as_ref()?;
    let config: Value = serde_json::from_str(&case.config()).ok()?;
    let problems = holds(schema, &config);
    if problems.is_empty() {
        return None;
    }
    let schema = package.manifest.schema.as_deref().unwrap_or("schema");
    Some(format!("its \"config\" does not hold to \"{schema}\": {}", problems.join("; ")))
}
