//! All that the sources of credentials touch of the world, so that a test can stand in for it.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use tidegate_pipeline::HttpClient;
use tokio::io::AsyncReadExt;

use crate::CredentialsError;

/// The largest file that is read: keys, tokens and certificates are a few KiB.
const MAX_FILE: u64 = 1 << 20;

/// Variables and files that tell of credentials.
pub trait Environment: Send + Sync + 'static {
    /// A variable of the environment.
    fn var(&self, name: &str) -> Option<String>;

    /// The text of a file, which is taken for a secret until it is known to be none.
    fn read<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<SecretString>>;
}

/// The time of day, to which tokens and signatures are bound.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> SystemTime;
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn var(&self, name: &str) -> Option<String> {
        env::var(name).ok()
    }

    fn read<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<SecretString>> {
        Box::pin(async move {
            let mut text = String::new();
            let file = tokio::fs::File::open(path).await?;
            let read = file.take(MAX_FILE + 1).read_to_string(&mut text).await?;
            let text = SecretString::from(text);
            if read as u64 > MAX_FILE { Err(io::Error::other("it is larger than 1 MiB")) } else { Ok(text) }
        })
    }
}

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// What sources ask: servers, the environment, the time.
#[derive(Clone)]
pub struct Sources {
    /// Sends requests to token servers and to the metadata services of clouds.
    pub http: Arc<dyn HttpClient>,
    /// Variables and files.
    pub env: Arc<dyn Environment>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

impl Sources {
    /// Those of this process.
    pub fn of_process(http: Arc<dyn HttpClient>) -> Self {
        Self { http, env: Arc::new(ProcessEnvironment), clock: Arc::new(SystemClock) }
    }

    /// A variable, where it is set to anything; white space around it comes from files that became variables.
    pub(crate) fn var(&self, name: &str) -> Option<String> {
        self.env.var(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// A variable that holds a secret.
    pub(crate) fn secret(&self, name: &str) -> Option<SecretString> {
        self.var(name).map(SecretString::from)
    }

    /// A variable without which a source that is set up cannot work; `with` is the one that says it is.
    pub(crate) fn needed(&self, name: &str, with: &str) -> Result<String, CredentialsError> {
        let missing =
            || CredentialsError::unfit(format!("\"{with}\" is set and \"{name}\" is not; set both"));
        self.var(name).ok_or_else(missing)
    }

    /// Whether a variable says yes.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.var(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// A path below the home directory.
    pub(crate) fn home(&self, below: &str) -> Option<PathBuf> {
        self.var("HOME").map(|home| Path::new(&home).join(below))
    }

    /// A file that was named, so that it must be there.
    pub(crate) async fn file(&self, path: &Path) -> Result<SecretString, CredentialsError> {
        let read = self.env.read(path).await;
        read.map_err(|error| unreadable(path, &error))
    }

    /// A file at its usual place, where there may be none.
    pub(crate) async fn file_if_any(&self, path: &Path) -> Result<Option<SecretString>, CredentialsError> {
        match self.env.read(path).await {
            Ok(text) => Ok(Some(text)),
            Err(error) if is_missing(error.kind()) => Ok(None),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    /// Seconds since 1970, as tokens count.
    pub(crate) fn epoch(&self) -> u64 {
        self.clock.now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
    }
}

fn is_missing(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn unreadable(path: &Path, error: &io::Error) -> CredentialsError {
    let remedy = "it must be a text that this process may read";
    CredentialsError::unfit(format!("file \"{}\" cannot be read: {error}; {remedy}", path.display()))
}

#[cfg(test)]
#[path = "sources_tests.rs"]
mod tests;
