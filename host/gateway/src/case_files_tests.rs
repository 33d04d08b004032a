//! The case files of this repository, each against plugins that came the way of every configuration: read, checked, loaded,
//! configured and put into a snapshot.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use tidegate_config::Source;
use tidegate_contract::Hook;
use tidegate_pipeline::{Capabilities, LoadError, MANIFEST, Manifest, Package, Plugin, Runtime};
use tidegate_proxy::Observers;
use tidegate_runtime_lua::LuaRuntime;
use tidegate_runtime_python::PythonRuntime;
use tidegate_runtime_wasm::WasmRuntime;
use tidegate_telemetry::Metrics;
use tidegate_testkit::{Case, Mismatch, cases, check_configure, play};

use crate::assemble::{Assembled, assemble};
use crate::filters::Kinds;
use crate::plugins::Plugins;
use crate::source::{ConfigSource, SourceError};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// A configuration whose only service has one filter: the plugin under test.
struct Written {
    text: String,
    base: PathBuf,
}

impl ConfigSource for Written {
    fn read(&self) -> Result<Source, SourceError> {
        Ok(Source { name: "tidegate.yaml".into(), text: self.text.clone(), base: self.base.clone() })
    }

    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where the packages are: those of the repository, or what was built of their source just now.
fn packages_root() -> PathBuf {
    std::env::var_os("TIDEGATE_GUESTS").map_or_else(root, PathBuf::from)
}

/// The packages in the folders of a folder.
fn packages(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut packages = entries.collect::<Result<Vec<_>, _>>()?;
    packages.retain(|package| package.join(MANIFEST).is_file());
    packages.sort();
    if packages.is_empty() { Err(format!("no package in {}", folder.display()).into()) } else { Ok(packages) }
}

fn runtimes() -> Outcome<Vec<Arc<dyn Runtime>>> {
    Ok(vec![
        Arc::new(WasmRuntime::with_cache(None)?),
        Arc::new(LuaRuntime::new()),
        Arc::new(PythonRuntime::new()),
    ])
}

/// What the case grants, else all that the package asks for; with the case's values for secrets.
fn grants(case: &Case, manifest: &Manifest) -> Value {
    let (capabilities, values) = (case.grants().unwrap_or(&manifest.capabilities), case.secrets());
    let secrets: Map<_, _> = capabilities
        .secrets
        .iter()
        .map(|name| {
            let value = values.get(name).map_or("unset", |secret| secret.expose_secret());
            (name.clone(), value.into())
        })
        .collect();
    let Capabilities { http, kv, secrets: _, metrics, models } = capabilities;
    json!({"http": http, "kv": kv, "secrets": secrets, "metrics": metrics, "models": models})
}

fn written(case: &Case, package: &Path) -> Outcome<Written> {
    let granted = grants(case, &Package::read(package)?.manifest);
    let config: Value = serde_json::from_str(&case.config())?;
    let entry = json!([{"plugin": {"name": "case", "config": config}}]);
    let of_a_backend = case.hooks().iter().eq([Hook::TransformUpstream]);
    let (of_the_service, of_the_backend) = if of_a_backend { (json!([]), entry) } else { (entry, json!([])) };
    let text = json!({
        "clusters": {"local": {"provider": "mock"}},
        "plugins": {"case": {"path": package.canonicalize()?, "grants": granted, "max_instances": 2}},
        "virtual_services": [{
            "name": "main",
            "hosts": ["*"],
            "filters": of_the_service,
            "routes": [{"name": "all", "backends": [{"cluster": "local", "filters": of_the_backend}]}],
        }],
    });
    Ok(Written { text: text.to_string(), base: package.to_owned() })
}

/// The plugin that stands in the snapshot of this configuration, or why it could not be loaded.
async fn snapshot_of(
    source: &Written,
    plugins: &Plugins,
) -> Outcome<(Assembled, Result<Arc<dyn Plugin>, LoadError>)> {
    let observers = Observers { metrics: Metrics::new()?, access_log: None };
    let assembled =
        assemble(source, None, observers, (plugins, None)).await.map_err(|refused| refused.error)?;
    // What the snapshot has is shared with whoever asks for the same: this is the very instance.
    let config = tidegate_config::load(&source.read()?, &|_| None, &Kinds::builtin())?.config;
    let ready = plugins.prepare(&config, "tidegate.yaml", None).await;
    if let Some(problem) = ready.problems.first() {
        return Ok((assembled, Err(LoadError::Configure(problem.message.clone()))));
    }
    if plugins.configured_count() != 1 {
        return Err(format!("{} plugins of one entry", plugins.configured_count()).into());
    }
    let service = &config.virtual_services[0];
    let entry = service.filters.iter().chain(&service.routes[0].backends[0].filters).next();
    let given = ready.of(entry.ok_or("no filter")?).map_err(|problem| problem.message)?;
    Ok((assembled, Ok(given.plugin)))
}

/// `None` where all is as the case says.
async fn mismatch(case: &Case, package: &Path, runtimes: &[Arc<dyn Runtime>]) -> Outcome<Option<Mismatch>> {
    let (backing, recorder) = case.backing();
    let plugins = Plugins::new(runtimes.to_vec(), backing);
    let (_snapshot, made) = snapshot_of(&written(case, package)?, &plugins).await?;
    let subscription = made.as_ref().map(|plugin| plugin.subscription()).map_err(Clone::clone);
    let played = async {
        check_configure(case, subscription)?;
        let Ok(plugin) = &made else { return Ok(()) };
        play(case, plugin).await?;
        recorder.check(case)
    };
    Ok(played.await.err())
}

/// What differs, of all cases of a folder.
async fn differences(package: &Path, folder: &Path) -> Outcome<Vec<String>> {
    let (runtimes, cases) = (runtimes()?, cases(folder)?);
    let (backing, _) = cases[0].backing();
    // Kept to the end, so that the code is compiled for the first case only.
    let _kept = Plugins::new(runtimes.clone(), backing).version(package).await?;
    let mut told = Vec::new();
    for case in cases {
        let found = mismatch(&case, package, &runtimes).await;
        let found = found.map_err(|error| format!("{}: {}: {error}", package.display(), case.name()))?;
        told.extend(found.map(|mismatch| format!("{}: {mismatch}", package.display())));
    }
    Ok(told)
}

/// The languages of the conformance plugin, one test each: they take their time, and may take it at once.
const LANGUAGES: [&str; 3] = ["lua", "python", "rust"];

async fn conforms(language: &str) -> Outcome {
    let package = packages_root().join("tests/conformance/plugins").join(language);
    if !package.exists() && packages_root() != root() {
        // What was built just now is only what has to be built.
        return Ok(());
    }
    let told = differences(&package, &root().join("tests/conformance/cases")).await?;
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    Ok(())
}

#[tokio::test]
async fn the_conformance_plugin_in_lua_meets_every_case() -> Outcome {
    conforms("lua").await
}

#[tokio::test]
async fn the_conformance_plugin_in_python_meets_every_case() -> Outcome {
    conforms("python").await
}

#[tokio::test]
async fn the_conformance_plugin_in_rust_meets_every_case() -> Outcome {
    conforms("rust").await
}

#[test]
fn no_conformance_plugin_is_left_out() -> Outcome {
    let found = packages(&root().join("tests/conformance/plugins"))?;
    let names: Vec<_> = found.iter().filter_map(|package| package.file_name()?.to_str()).collect();
    assert_eq!(names, LANGUAGES);
    Ok(())
}

#[tokio::test]
async fn every_package_meets_its_cases() -> Outcome {
    let mut told = Vec::new();
    for package in packages(&packages_root().join("plugins"))? {
        told.extend(differences(&package, &package.join("cases")).await?);
    }
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    Ok(())
}
