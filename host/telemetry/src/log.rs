//! Sets up the log of the gateway itself: on standard error, since standard output is the access log's.

use std::env::{self, VarError};
use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::TryInitError;

/// The variable that chooses what is logged, such as `debug` or `info,tidegate_proxy=trace`.
const VARIABLE: &str = "TIDEGATE_LOG";

/// What a log line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// One JSON object a line, for collectors.
    #[default]
    Json,
    /// One line of text, for a terminal.
    Text,
}

/// The log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The variable does not parse.
    #[error(
        "\"{VARIABLE}\" is not a log filter: {0}; use a level such as \"info\", or \"info,tidegate_proxy=debug\""
    )]
    Filter(#[from] ParseError),
    /// The variable is not UTF-8.
    #[error("\"{VARIABLE}\" is not text: it holds bytes that are not UTF-8; use a level such as \"info\"")]
    NotText,
    /// Something in the process has set up a log before.
    #[error("the log is set up already: {0}")]
    Twice(#[from] TryInitError),
}

/// Sends the process's log to standard error, at the level of `TIDEGATE_LOG` (unset: `info`).
pub fn init(format: Format) -> Result<(), LogError> {
    let filter = filter(env::var(VARIABLE))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        Format::Json => install(builder.json().flatten_event(true).finish()),
        Format::Text => install(builder.with_ansi(std::io::stderr().is_terminal()).finish()),
    }
}

fn install(subscriber: impl tracing_subscriber::util::SubscriberInitExt) -> Result<(), LogError> {
    Ok(subscriber.try_init()?)
}

fn filter(variable: Result<String, VarError>) -> Result<EnvFilter, LogError> {
    match variable {
        Ok(text) if !text.trim().is_empty() => Ok(EnvFilter::try_new(text)?),
        Ok(_) | Err(VarError::NotPresent) => Ok(EnvFilter::try_new("info")?),
        Err(VarError::NotUnicode(_)) => Err(LogError::NotText),
    }
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
