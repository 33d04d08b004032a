//! The command line: what a person types and what they read back.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use tidegate_runtime_wasm::Compilation;
use tidegate_telemetry::Format;

use crate::boot;
use crate::endpoints;
use crate::filters::Kinds;
use crate::plugin_command::PluginCommand;
use crate::quickstart::{EmbeddedSource, Machine};
use crate::runtimes::WORKER;
use crate::source::{ConfigSource, FileSource, SourceError};
use crate::trace_command::TraceCommand;
use crate::usage_command::UsageCommand;

/// The file that is used where none is named.
const DEFAULT_FILE: &str = "tidegate.yaml";

/// An AI gateway whose every policy is a plugin.
#[derive(Parser)]
#[command(name = "tidegate", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the gateway.
    Run {
        /// The configuration; without it ./tidegate.yaml, else the embedded quickstart.
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Checks a configuration and prints every error with its place.
    Check {
        /// The configuration to check.
        #[arg(short, long, value_name = "FILE", default_value = DEFAULT_FILE)]
        config: PathBuf,
    },
    /// Prints the JSON Schema of the configuration file.
    Schema,
    /// Makes, builds and tests plugins.
    Plugin {
        #[command(subcommand)]
        command: PluginCommand,
    },
    /// Prints which provider serves the paths by which models are called.
    #[command(hide = true)]
    Endpoints {
        /// As the page of the documentation instead of JSON.
        #[arg(long)]
        page: bool,
    },
    /// Prints what each filter did to a request, in order.
    Trace {
        #[command(flatten)]
        asked: TraceCommand,
    },
    /// Prints what was used, by whom and for how much.
    Usage {
        #[command(flatten)]
        asked: UsageCommand,
    },
    /// Serves one native plugin to the gateway that started this process.
    #[command(hide = true, name = WORKER)]
    Worker,
    /// Waits for the end of the gateway that started it, and ends what is left of its workers.
    #[command(hide = true)]
    Guard {
        /// The gateway.
        gateway: String,
    },
}

/// Runs the command that was typed.
pub(crate) fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Run { config } => start(config),
        Command::Check { config } => check(&config),
        Command::Schema => schema(),
        Command::Plugin { command } => told(command.run()),
        Command::Trace { asked } => told(asked.run()),
        Command::Usage { asked } => told(asked.run()),
        Command::Endpoints { page: true } => print(endpoints::page().trim_end()),
        Command::Endpoints { page: false } => print(&endpoints::json()),
        Command::Worker => worker(),
        Command::Guard { gateway } => {
            tidegate_runtime_python::stand_guard(&gateway);
            ExitCode::SUCCESS
        }
    }
}

fn start(config: Option<PathBuf>) -> ExitCode {
    let format = if std::io::stderr().is_terminal() { Format::Text } else { Format::Json };
    if let Err(error) = tidegate_telemetry::init(format) {
        return fail(&error.to_string());
    }
    let ran = source(config).map_err(|error| error.to_string());
    match ran.and_then(|source| {
        boot::run(source, Arc::default(), Compilation::Optimizing).map_err(|error| error.to_string())
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn source(config: Option<PathBuf>) -> Result<Arc<dyn ConfigSource>, SourceError> {
    Ok(match config {
        Some(file) => Arc::new(FileSource::new(file)),
        None if Path::new(DEFAULT_FILE).exists() => Arc::new(FileSource::new(DEFAULT_FILE.into())),
        None => Arc::new(quickstart()?),
    })
}

/// With a line in the log for each plugin that this machine cannot run.
fn quickstart() -> Result<EmbeddedSource, SourceError> {
    let machine = Machine::look();
    for lack in machine.lacks() {
        tracing::warn!(
            plugin = lack.plugin,
            runtime = lack.runtime,
            "the quickstart goes on without a plugin: {}",
            lack.reason
        );
    }
    EmbeddedSource::unpack(&machine)
}

fn check(file: &Path) -> ExitCode {
    match boot::check(&FileSource::new(file.to_owned())) {
        Ok(()) => print(&format!("{}: ok", file.display())),
        Err(problems) => fail(&problems.to_string()),
    }
}

fn worker() -> ExitCode {
    match tidegate_runtime_native::serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("a worker is started by a gateway alone: {error}")),
    }
}

/// What a command has to say; where it failed, on standard error and with its own exit code.
fn told(ended: Result<String, String>) -> ExitCode {
    match ended {
        Ok(text) => print(text.trim_end()),
        Err(error) => fail(&error),
    }
}

fn schema() -> ExitCode {
    let schema = tidegate_config::schema(&Kinds::builtin());
    match serde_json::to_string_pretty(&schema) {
        Ok(text) => print(&text),
        Err(error) => fail(&error.to_string()),
    }
}

/// A reader that has gone away, such as `head`, is no failure of ours to report.
fn print(text: &str) -> ExitCode {
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn fail(text: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::FAILURE
}
