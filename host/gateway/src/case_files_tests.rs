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
use tidegate_pipeline::{Backing, Capabilities, LoadError, MANIFEST, Manifest, Package, Plugin, Runtime};
use tidegate_proxy::Observers;
use tidegate_runtime_lua::LuaRuntime;
use tidegate_runtime_native::{NativeRuntime, Worker};
use tidegate_runtime_python::PythonRuntime;
use tidegate_runtime_wasm::{Compilation, WasmRuntime};

use tidegate_telemetry::Metrics;
use tidegate_testkit::{Case, Mismatch, cases, check_configure, play};

use crate::assemble::{Assembled, assemble};
use crate::filters::Kinds;
use crate::plugins::{Lasting, Plugins};
use crate::source::{ConfigSource, SourceError};
use crate::stores::Stores;

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
        Arc::new(WasmRuntime::with_cache(Compilation::Optimizing, None)?),
        Arc::new(LuaRuntime::new()),
        Arc::new(PythonRuntime::new()),
        Arc::new(NativeRuntime::new(worker())),
    ])
}

/// This test binary, running the one test below.
fn worker() -> Worker {
    let args = ["--exact", "case_files_tests::serves_a_native_plugin", "--ignored", "--nocapture"];
    Worker { program: "/proc/self/exe".into(), args: args.map(Into::into).to_vec() }
}

#[test]
#[ignore = "no test: what a gateway under test starts for a native plugin in a process of its own"]
fn serves_a_native_plugin() -> Outcome {
    Ok(tidegate_runtime_native::serve()?)
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

fn written(case: &Case, package: &Path, more: &Value) -> Outcome<Written> {
    let granted = grants(case, &Package::read(package)?.manifest);
    let mut plugin = json!({"path": package.canonicalize()?, "grants": granted, "max_instances": 2});
    for (key, value) in more.as_object().into_iter().flatten() {
        plugin[key] = value.clone();
    }
    let config: Value = serde_json::from_str(&case.config())?;
    let entry = json!([{"plugin": {"name": "case", "config": config}}]);
    let of_a_backend = case.hooks().iter().eq([Hook::TransformUpstream]);
    let (of_the_service, of_the_backend) = if of_a_backend { (json!([]), entry) } else { (entry, json!([])) };
    let text = json!({
        "clusters": {"local": {"provider": "mock"}},
        "plugins": {"case": plugin},
        "allow_native": true,
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
    let observers = Observers {
        metrics: Metrics::new()?,
        access_log: None,
        traces: Arc::default(),
        prices: Arc::default(),
        usage: None,
    };
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

fn plugins(runtimes: &[Arc<dyn Runtime>], backing: Backing) -> Arc<Plugins> {
    let mut stores = Stores::memory();
    stores.kv = Arc::clone(&backing.kv);
    let http = Arc::clone(&backing.http);
    Plugins::new(runtimes.to_vec(), backing, Lasting { http, stores })
}

/// `None` where all is as the case says.
async fn mismatch(
    case: &Case,
    (package, more): (&Path, &Value),
    runtimes: &[Arc<dyn Runtime>],
) -> Outcome<Option<Mismatch>> {
    let (backing, recorder) = case.backing();
    let plugins = plugins(runtimes, backing);
    let manifest = Package::manifest(package)?;
    let (_snapshot, made) = snapshot_of(&written(case, package, more)?, &plugins).await?;
    let subscription = made.as_ref().map(|plugin| plugin.subscription()).map_err(Clone::clone);
    let played = async {
        check_configure(case, subscription)?;
        let Ok(plugin) = &made else { return Ok(()) };
        play(case, plugin, manifest.stream.as_ref()).await?;
        recorder.check(case)
    };
    Ok(played.await.err())
}

/// What differs, of all cases of a folder; `more` are keys of the plugin's entry.
async fn differences(package: &Path, folder: &Path, more: &Value) -> Outcome<Vec<String>> {
    let (runtimes, mut cases) = (runtimes()?, cases(folder)?);
    if Package::manifest(package)?.runtime == "native" && more.is_null() {
        cases.retain(|case| case.name() != ENDLESS);
    }
    let (backing, _) = cases[0].backing();
    // Kept to the end, so that the code is compiled for the first case only.
    let _kept = plugins(&runtimes, backing).version(package).await?;
    let mut told = Vec::new();
    for case in cases {
        let found = mismatch(&case, (package, more), &runtimes).await;
        let found = found.map_err(|error| format!("{}: {}: {error}", package.display(), case.name()))?;
        told.extend(found.map(|mismatch| format!("{}: {mismatch}", package.display())));
    }
    Ok(told)
}

/// Native code that runs where it is called cannot be ended.
const ENDLESS: &str = "a call that does not end is ended, and the next one works";

/// The languages of the conformance plugin, one test each: they take their time, and may take it at once.
const LANGUAGES: [&str; 4] = ["lua", "native", "python", "rust"];
/// Components of megabytes, which `scripts/test.sh toolkits` builds and has play the same cases.
const LARGE: [&str; 4] = ["cpp", "go", "js", "python-wasm"];

async fn conforms(language: &str) -> Outcome {
    conforms_with(language, &Value::Null).await
}

async fn conforms_with(language: &str, more: &Value) -> Outcome {
    let package = packages_root().join("tests/conformance/plugins").join(language);
    if !package.exists() && packages_root() != root() {
        // What was built just now is only what has to be built.
        return Ok(());
    }
    let told = differences(&package, &root().join("tests/conformance/cases"), more).await?;
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    Ok(())
}

#[tokio::test]
async fn the_conformance_plugin_in_lua_meets_every_case() -> Outcome {
    conforms("lua").await
}

#[tokio::test]
async fn the_native_conformance_plugin_meets_every_case() -> Outcome {
    conforms("native").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_native_conformance_plugin_meets_every_case_where_threads_share_the_work() -> Outcome {
    conforms("native").await
}

#[tokio::test]
async fn the_native_conformance_plugin_meets_every_case_on_threads_of_its_own() -> Outcome {
    conforms_with("native", &json!({"blocking": true})).await
}

#[tokio::test]
async fn the_native_conformance_plugin_meets_every_case_in_a_process_of_its_own() -> Outcome {
    conforms_with("native", &json!({"isolation": "process", "workers": 2})).await
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
    let mut known = [LANGUAGES, LARGE].concat();
    known.sort_unstable();
    assert_eq!(names, known);
    Ok(())
}

/// The plugins of `tests/golden/0.1`.
const GOLDEN: [&str; 6] = ["lua", "native", "native-c", "python", "wasm-cpp", "wasm-rust"];

/// What was built when version 0.1 of the contract was published still does what it did then.
async fn is_as_published(name: &str) -> Outcome {
    let version = root().join("tests/golden/0.1");
    let package = version.join(name);
    let is_native = Package::manifest(&package)?.runtime == "native";
    if is_native && !cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")) {
        return Ok(());
    }
    let own = package.join("cases");
    let cases = if own.is_dir() { own } else { version.join("cases") };
    let told = differences(&package, &cases, &Value::Null).await?;
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    Ok(())
}

#[tokio::test]
async fn the_golden_plugin_in_lua_is_as_it_was_published() -> Outcome {
    is_as_published("lua").await
}

#[tokio::test]
async fn the_native_golden_plugin_is_as_it_was_published() -> Outcome {
    is_as_published("native").await
}

#[tokio::test]
async fn the_golden_plugin_in_c_is_as_it_was_published() -> Outcome {
    is_as_published("native-c").await
}

#[tokio::test]
async fn the_golden_plugin_in_python_is_as_it_was_published() -> Outcome {
    is_as_published("python").await
}

#[tokio::test]
async fn the_golden_component_of_cpp_is_as_it_was_published() -> Outcome {
    is_as_published("wasm-cpp").await
}

#[tokio::test]
async fn the_golden_component_of_rust_is_as_it_was_published() -> Outcome {
    is_as_published("wasm-rust").await
}

#[test]
fn no_golden_plugin_is_left_out() -> Outcome {
    let found = packages(&root().join("tests/golden/0.1"))?;
    let names: Vec<_> = found.iter().filter_map(|package| package.file_name()?.to_str()).collect();
    assert_eq!(names, GOLDEN);
    Ok(())
}

/// The packages of all examples but components, which are built and played with their pages. Nothing of them is built for
/// `TIDEGATE_GUESTS`.
fn examples() -> Outcome<Vec<PathBuf>> {
    if packages_root() != root() {
        return Ok(Vec::new());
    }
    let topics = fs::read_dir(root().join("examples"))?.map(|topic| topic.map(|topic| topic.path()));
    let topics = topics.collect::<Result<Vec<_>, _>>()?;
    let found = topics.iter().filter(|topic| topic.is_dir()).map(|topic| packages(topic));
    let mut found = found.collect::<Outcome<Vec<_>>>()?.concat();
    found.retain(|package| Package::manifest(package).is_ok_and(|manifest| manifest.runtime != "wasm"));
    Ok(found)
}

/// Keys of a package's entry: where what it imports is installed.
fn environment(package: &Path) -> Outcome<Value> {
    if !package.join("requirements.txt").is_file() {
        return Ok(Value::Null);
    }
    let environment = root().canonicalize()?.join(".venv-plugins");
    if !environment.join("bin/python").exists() {
        return Err(format!("there is no {}; run scripts/setup.sh test", environment.display()).into());
    }
    Ok(json!({"python": environment}))
}

#[tokio::test]
async fn every_package_meets_its_cases() -> Outcome {
    let mut told = Vec::new();
    for package in packages(&packages_root().join("plugins"))?.into_iter().chain(examples()?) {
        told.extend(differences(&package, &package.join("cases"), &environment(&package)?).await?);
    }
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    Ok(())
}
