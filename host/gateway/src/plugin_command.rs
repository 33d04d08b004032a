//! `tidegate plugin …`: what authors type and what they read back. What it does stands in the toolkit; here it is given
//! the engines of this gateway.

use std::fmt::Write as _;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use tidegate_pipeline::Process;
use tidegate_runtime_wasm::Compilation;
use tidegate_telemetry::Format;
use tidegate_toolkit::{
    Bench, Built, Info, Language, Problem, Project, Report, Template, Tools, bench, build, create, process,
    setup, test,
};

use crate::boot::guard_workers;
use crate::dev::Own;
use crate::runtimes::engines;

/// What can be done with the sources of a plugin.
#[derive(Subcommand)]
pub(crate) enum PluginCommand {
    /// Writes a new plugin, which builds and passes its cases as it stands.
    New {
        /// What it is written in.
        #[arg(long, value_enum)]
        lang: Lang,
        /// What it does.
        #[arg(long, value_enum, default_value = "moderation")]
        hook: Hook,
        /// The folder to write; its name becomes the plugin's.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Installs what a language needs to build plugins; quick where nothing is missing.
    Setup {
        /// Which.
        #[arg(long, value_enum)]
        lang: Lang,
    },
    /// Builds the artefact that plugin.toml names.
    Build {
        #[command(flatten)]
        place: Place,
    },
    /// Plays the cases of a plugin, and names the hooks that no case asks for.
    Test {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        from: Cases,
    },
    /// Runs a gateway with the plugin in it, rebuilds and swaps it at every save, and prints every verdict.
    Dev {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        own: Own,
    },
    /// Prints what each hook costs, by the plugin's cases.
    Bench {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        from: Cases,
        /// So many times each case, in place of a while.
        #[arg(long, value_name = "N")]
        calls: Option<usize>,
        /// As one line of JSON, with times in microseconds and memory in bytes.
        #[arg(long)]
        json: bool,
    },
    /// Reads digest, contract, hooks, imports and exports off a plugin.
    Info {
        #[command(flatten)]
        place: Place,
    },
}

/// The plugin's folder.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// The folder with plugin.toml.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

/// Where its cases are.
#[derive(clap::Args)]
pub(crate) struct Cases {
    /// Another folder of cases than the plugin's own.
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,
    /// Of a Python plugin: the environment that has what it imports; without it `.venv` of its folder, if there.
    #[arg(long, value_name = "DIR")]
    python: Option<PathBuf>,
}

impl Cases {
    fn of(self, place: &Place) -> (PathBuf, Process) {
        let process = process(&place.folder, self.python);
        (self.cases.unwrap_or_else(|| place.folder.join("cases")), process)
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Lang {
    Rust,
    Go,
    Cpp,
    Js,
    Python,
    Lua,
    Native,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Rust => Self::Rust,
            Lang::Go => Self::Go,
            Lang::Cpp => Self::Cpp,
            Lang::Js => Self::Js,
            Lang::Python => Self::Python,
            Lang::Lua => Self::Lua,
            Lang::Native => Self::Native,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Hook {
    Auth,
    Transform,
    Moderation,
}

impl From<Hook> for Template {
    fn from(hook: Hook) -> Self {
        match hook {
            Hook::Auth => Self::Auth,
            Hook::Transform => Self::Transform,
            Hook::Moderation => Self::Moderation,
        }
    }
}

impl PluginCommand {
    /// What is to be printed.
    ///
    /// # Errors
    /// What went wrong, also a case that did not hold.
    pub(crate) fn run(self) -> Result<String, String> {
        match self {
            Self::New { lang, hook, folder } => new(lang.into(), hook.into(), &folder),
            Self::Setup { lang } => said(Tools::of_user().and_then(|tools| setup(lang.into(), &tools))),
            Self::Build { place } => said(built(&place)),
            Self::Test { place, from } => played(&place, from),
            Self::Dev { place, own } => developed(&place, own),
            Self::Bench { place, from, calls, json } => timed(&place, from, calls, json),
            Self::Info { place } => said(Info::read(&place.folder).map(|info| info.to_string())),
        }
    }
}

fn said<T>(result: Result<T, Problem>) -> Result<T, String> {
    result.map_err(|problem| problem.to_string())
}

fn new(language: Language, template: Template, folder: &std::path::Path) -> Result<String, String> {
    said(create(language, template, folder))?;
    let folder = folder.display();
    let setup = if language == Language::Lua {
        String::new()
    } else {
        format!("  tidegate plugin setup --lang {language}\n")
    };
    Ok(format!(
        "wrote {folder}; next:\n{setup}  tidegate plugin build {folder}\n  tidegate plugin test {folder}"
    ))
}

fn built(place: &Place) -> Result<String, Problem> {
    let project = Project::open(&place.folder)?;
    Ok(match build(&project, &Tools::of_user()?)? {
        Built::Nothing => {
            format!("{}: nothing to build, the gateway reads the source", project.manifest.entry)
        }
        Built::Artefact { bytes, compiled, encoded, .. } => format!(
            "{}: {bytes} bytes, compiled in {:.1} s, encoded in {:.2} s",
            project.manifest.entry,
            compiled.as_secs_f64(),
            encoded.as_secs_f64()
        ),
    })
}

/// On the engines of this binary, as in a running gateway.
fn on_engines<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, String> {
    guard_workers();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let done = runtime.map_err(|error| error.to_string())?.block_on(work);
    tidegate_runtime_python::end_all();
    said(done)
}

fn played(place: &Place, from: Cases) -> Result<String, String> {
    let engines = engines(Compilation::Optimizing).map_err(|error| error.to_string())?;
    let (from, process) = from.of(place);
    let holds = |schema: &_, config: &_| tidegate_config::holds(config, schema);
    let report = on_engines(test(&place.folder, &from, (&engines, &process), holds))?;
    let text = lines(&report);
    if report.passed() { Ok(text) } else { Err(text) }
}

fn developed(place: &Place, own: Own) -> Result<String, String> {
    tidegate_telemetry::init(Format::Text).map_err(|error| error.to_string())?;
    own.run(&place.folder)
}

fn lines(report: &Report) -> String {
    let mut text = String::new();
    let mut failed = 0;
    for (name, time, difference) in &report.played {
        match difference {
            None => _ = writeln!(text, "ok    {name} ({})", short(*time)),
            Some(difference) => {
                failed += 1;
                _ = writeln!(text, "FAIL  {name}\n{difference}");
            }
        }
    }
    for hook in &report.untested {
        _ = writeln!(text, "note  no case asks for \"{hook}\"");
    }
    let passed = report.played.len() - failed;
    _ = write!(text, "{passed} passed, {failed} failed, loaded in {}", short(report.loaded));
    text
}

fn timed(place: &Place, from: Cases, calls: Option<usize>, json: bool) -> Result<String, String> {
    let engines = engines(Compilation::Optimizing).map_err(|error| error.to_string())?;
    let (from, process) = from.of(place);
    let report = on_engines(bench(&place.folder, &from, (&engines, &process), calls))?;
    Ok(if json { as_json(&report) } else { table(&report) })
}

fn table(report: &Bench) -> String {
    let memory = report.memory.map_or_else(|| "unknown".into(), |bytes| format!("{} KiB", bytes / 1024));
    let mut text = format!(
        "loaded in {}, configured in {}, {memory} of memory came with it\n{:<20} {:>8} {:>10} {:>10} {:>10}",
        short(report.loaded),
        short(report.configured),
        "hook",
        "calls",
        "first",
        "median",
        "p99"
    );
    if report.failed > 0 {
        _ = write!(text, "\n{} calls failed", report.failed);
    }
    for (hook, cost) in &report.hooks {
        let [first, median, p99] = [cost.first, cost.median, cost.p99].map(short);
        let hook = hook.as_str();
        _ = write!(text, "\n{hook:<20} {:>8} {first:>10} {median:>10} {p99:>10}", cost.calls);
    }
    text
}

fn as_json(report: &Bench) -> String {
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let hooks: serde_json::Map<_, _> = report
        .hooks
        .iter()
        .map(|(hook, cost)| {
            let [first, median, p99] = [cost.first, cost.median, cost.p99].map(micros);
            let cost = serde_json::json!({"calls": cost.calls, "first": first, "median": median, "p99": p99});
            (hook.as_str().to_owned(), cost)
        })
        .collect();
    serde_json::json!({
        "loaded": micros(report.loaded),
        "configured": micros(report.configured),
        "memory": report.memory,
        "grown": report.grown,
        "failed": report.failed,
        "hooks": hooks,
    })
    .to_string()
}

/// Three figures, in the unit that fits.
fn short(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        1e6.. => format!("{:.2} s", micros / 1e6),
        1e3.. => format!("{:.1} ms", micros / 1e3),
        _ => format!("{micros:.1} us"),
    }
}
