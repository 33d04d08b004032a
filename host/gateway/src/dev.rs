//! `tidegate plugin dev`: a gateway of the author's own, with the mock model behind it and the plugin in it, rebuilt and
//! swapped at every save, and every verdict on the terminal.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::{EventKind, RecursiveMode, Watcher as _};
use serde_json::{Map, Value, json};
use tidegate_contract::Hook;
use tidegate_pipeline::{Capabilities, Trace, Traces};
use tidegate_runtime_wasm::Compilation;
use tidegate_toolkit::{Built, Project, Tools, build, process};

use crate::boot;
use crate::source::FileSource;
use crate::trace_command::step;

/// An editor writes a file in several steps; what comes within this time is one save.
const QUIET: Duration = Duration::from_millis(30);
/// How often the terminal is told what came.
const GLANCE: Duration = Duration::from_millis(50);
/// Folders of a project in which tools work, and no author.
const MADE: [&str; 6] = [".tidegate", ".git", "target", "node_modules", "build", "dist"];
/// What tools make, wherever it is.
const ARTEFACTS: [&str; 4] = ["wasm", "so", "pyc", "new"];

/// What a gateway of the author's own listens on, and how the plugin is configured there.
#[derive(clap::Args)]
pub(crate) struct Own {
    /// The port for requests.
    #[arg(long, default_value_t = 10000)]
    port: u16,
    /// The port of the admin listener.
    #[arg(long, default_value_t = 9901)]
    admin_port: u16,
    /// A file with the plugin's configuration as JSON; without it the largest of its cases.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Own {
    /// Runs until it is interrupted.
    ///
    /// # Errors
    /// Where the plugin cannot be built at first, or the gateway cannot start.
    pub(crate) fn run(self, folder: &Path) -> Result<String, String> {
        let project = Project::open(folder).map_err(|problem| problem.to_string())?;
        let tools = Tools::of_user().map_err(|problem| problem.to_string())?;
        // Before the first build, which may take a minute: what is saved meanwhile is built next.
        let (watcher, saves) = watch(&project)?;
        say(&built(&project, &tools)?);
        let home = tempfile::tempdir()
            .map_err(|error| format!("there is no place for its configuration: {error}"))?;
        let file = home.path().join("tidegate.yaml");
        let config = self.plugin_config(&project)?;
        let text = gateway_config(&project, &config, self.port, self.admin_port).to_string();
        std::fs::write(&file, text).map_err(|error| format!("\"{}\": {error}", file.display()))?;
        let traces = Arc::<Traces>::default();
        std::thread::spawn(move || rebuild(&project, &tools, &saves));
        let told = Arc::clone(&traces);
        std::thread::spawn(move || Terminal::default().follow(&told));
        say(&format!("serving on http://127.0.0.1:{}, the mock model behind it; Ctrl-C ends it", self.port));
        let ran = boot::run(Arc::new(FileSource::new(file)), traces, Compilation::Fast)
            .map_err(|error| error.to_string());
        drop(watcher);
        ran.map(|()| String::new())
    }

    fn plugin_config(&self, project: &Project) -> Result<Value, String> {
        if let Some(file) = &self.config {
            let text = std::fs::read(file).map_err(|error| format!("\"{}\": {error}", file.display()))?;
            return serde_json::from_slice(&text)
                .map_err(|error| format!("\"{}\" is no JSON: {error}", file.display()));
        }
        let cases = tidegate_testkit::cases(&project.folder.join("cases")).unwrap_or_default();
        let taken = cases.iter().filter(|case| case.refusal().is_none()).map(|case| case.config());
        let config = taken.filter_map(|text| serde_json::from_str::<Value>(&text).ok());
        Ok(config.max_by_key(|config| config.as_object().map_or(0, Map::len)).unwrap_or_else(|| json!({})))
    }
}

fn say(text: &str) {
    use std::io::Write as _;
    // A terminal that has gone away is no failure.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn built(project: &Project, tools: &Tools) -> Result<String, String> {
    let built = build(project, tools).map_err(|problem| problem.to_string())?;
    Ok(match built {
        Built::Nothing => format!("{}: the gateway reads the source", project.manifest.entry),
        Built::Artefact { compiled, encoded, bytes, .. } => format!(
            "{}: {bytes} bytes, compiled in {:.2} s, encoded in {:.2} s",
            project.manifest.entry,
            compiled.as_secs_f64(),
            encoded.as_secs_f64()
        ),
    })
}

/// One route, one filter, all that its manifest asks for granted.
fn gateway_config(project: &Project, config: &Value, port: u16, admin_port: u16) -> Value {
    let Capabilities { http, kv, secrets, metrics, models } = &project.manifest.capabilities;
    let secrets: Map<_, _> = secrets.iter().map(|name| (name.clone(), json!("dev"))).collect();
    let grants = json!({"http": http, "kv": kv, "secrets": secrets, "metrics": metrics, "models": models});
    let mut plugin = json!({"path": project.folder, "grants": grants});
    if let Some(environment) = process(&project.folder, None).interpreter {
        plugin["python"] = json!(environment);
    }
    let entry = json!([{"plugin": {"name": "dev", "config": literal(config)}}]);
    let of_a_backend = project.manifest.hooks.iter().eq([Hook::TransformUpstream]);
    let (of_the_service, of_the_backend) = if of_a_backend { (json!([]), entry) } else { (entry, json!([])) };
    let at = |port: u16| format!("{}:{port}", Ipv4Addr::LOCALHOST);
    json!({
        "listeners": [{"address": at(port)}],
        "admin": {"address": at(admin_port)},
        "telemetry": {"access_log": {"format": "off"}, "hook_traces": {"sample": 1.0}},
        "allow_native": true,
        "clusters": {"mock": {"provider": "mock"}},
        "plugins": {"dev": plugin},
        "virtual_services": [{
            "name": "dev",
            "hosts": ["*"],
            "filters": of_the_service,
            "routes": [{"name": "all", "backends": [{"cluster": "mock", "filters": of_the_backend}]}],
        }],
    })
}

/// In the configuration of a gateway `${NAME}` is a variable; here it is what it is.
fn literal(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace("${", "$${").into(),
        Value::Array(list) => list.iter().map(literal).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), literal(value))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Tells of every source that is saved.
fn watch(project: &Project) -> Result<(notify::RecommendedWatcher, Receiver<()>), String> {
    let (saved, saves) = channel();
    let root = project.folder.clone();
    let is_source = move |path: &PathBuf| {
        let inside = path.strip_prefix(&root).unwrap_or(path);
        let first = inside.components().next().map(|part| part.as_os_str().to_owned());
        let made = first.is_some_and(|first| MADE.iter().any(|name| first == *name));
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".tidegate-"));
        let extension = path.extension().map(|extension| extension.to_string_lossy().into_owned());
        !made && !hidden && extension.is_none_or(|extension| !ARTEFACTS.contains(&extension.as_str()))
    };
    let heard = move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let written = !matches!(event.kind, EventKind::Access(_));
        // After too many events at once nobody knows what they were.
        if event.need_rescan() || (written && event.paths.iter().any(&is_source)) {
            // Whoever listened has ended, and so will this.
            let _ = saved.send(());
        }
    };
    let failed =
        |error: notify::Error| format!("\"{}\" cannot be watched: {error}", project.folder.display());
    let mut watcher = notify::recommended_watcher(heard).map_err(failed)?;
    watcher.watch(&project.folder, RecursiveMode::Recursive).map_err(failed)?;
    Ok((watcher, saves))
}

/// Builds again whenever a source was saved; the gateway notices the artefact by itself.
fn rebuild(project: &Project, tools: &Tools, saves: &Receiver<()>) {
    while saves.recv().is_ok() {
        while let Ok(()) = saves.recv_timeout(QUIET) {}
        if matches!(saves.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Disconnected)) {
            return;
        }
        // The manifest may be what was saved.
        let told = Project::open(&project.folder).map_err(|problem| problem.to_string());
        match told.and_then(|project| built(&project, tools)) {
            Ok(text) => say(&text),
            Err(error) => say(&format!("not built, what was live stays: {error}")),
        }
    }
}

/// What was told already, by the place of a trace in memory: a stream adds steps as it goes.
#[derive(Default)]
struct Terminal {
    told: HashMap<usize, (Arc<Trace>, usize)>,
}

impl Terminal {
    fn follow(mut self, traces: &Traces) {
        loop {
            let began = Instant::now();
            let all = traces.all();
            for trace in &all {
                self.tell(trace);
            }
            let kept: Vec<_> = all.iter().map(|trace| Arc::as_ptr(trace).addr()).collect();
            self.told.retain(|place, _| kept.contains(place));
            std::thread::sleep(GLANCE.saturating_sub(began.elapsed()));
        }
    }

    fn tell(&mut self, trace: &Arc<Trace>) {
        let place = Arc::as_ptr(trace).addr();
        let (_, told) = self.told.entry(place).or_insert_with(|| (Arc::clone(trace), 0));
        if trace.count() == *told {
            return;
        }
        let shown = trace.shown();
        let steps = shown["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
        if *told == 0 {
            say(&format!("request {}", shown["request_id"].as_str().unwrap_or_default()));
        }
        for one in steps.iter().skip(*told) {
            say(step(one).trim_end());
        }
        *told = steps.len();
    }
}
