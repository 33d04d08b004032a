//! The services that a plugin may use, each checked against what the operator granted, below every contract version.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, join_all};
use secrecy::{ExposeSecret, SecretString};
use tidegate_contract::{Header, Reply};

use crate::manifest::Capabilities;
use crate::scope::Scope;

/// Where values outlive a request. Keys are whole: whoever calls has put the plugin's own prefix before them.
pub trait KeyValue: Send + Sync + 'static {
    /// The value and its version.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Entry>, StoreError>>;

    /// Stores a value. `if_version`: `None` always, 0 only where there is none. `Ok(None)`: another version stands there.
    fn set<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        ttl: Option<Duration>,
        if_version: Option<u64>,
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>>;

    /// Whether there was one.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Adds to a decimal number, from 0; `ttl` counts from the first.
    fn increment<'a>(
        &'a self,
        key: &'a str,
        by: i64,
        ttl: Option<Duration>,
    ) -> BoxFuture<'a, Result<i64, StoreError>>;
}

/// A stored value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its bytes.
    pub value: Bytes,
    /// Another one after every change, never 0.
    pub version: u64,
}

/// Why a store gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Not granted.
    #[error("not granted: the operator must list the capability \"kv\" under \"grants\"")]
    Denied,
    /// Key or value is too large.
    #[error("a key may have 512 bytes and a value 64 KiB")]
    TooLarge,
    /// It cannot be reached, or refuses.
    #[error("the store gives no answer: {0}")]
    Unavailable(String),
}

/// The longest key of a plugin.
pub const MAX_KEY: usize = 512;

/// The largest value of a plugin.
pub const MAX_VALUE: usize = 64 * 1024;

/// Sends requests to other servers, to checked addresses only.
pub trait HttpClient: Send + Sync + 'static {
    /// One request and its answer; redirects are not followed.
    fn send<'a>(&'a self, request: &'a HttpRequest) -> BoxFuture<'a, Result<Reply, NoAnswer>>;
}

/// Sends requests to the clusters of the configuration, with the credentials and the addresses that they have there.
///
/// For built-in filters, which the operator wrote down beside the clusters; plugins ask models by their own service.
pub trait Clusters: Send + Sync + 'static {
    /// Posts JSON to a cluster and gives its answer, whatever the status. `path` is one that clients write, such as
    /// `/v1/moderations`. No filter of any route sees the request, so it cannot come back to who sends it.
    fn post<'a>(
        &'a self,
        cluster: &'a str,
        path: &'a str,
        body: Bytes,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Reply, NoAnswer>>;

    /// Whether the configuration has a cluster of that name.
    fn knows(&self, cluster: &str) -> bool;
}

/// Asks models through the routes of the gateway.
pub trait Models: Send + Sync + 'static {
    /// The answer of a route to a chat request, as JSON.
    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<String, NoAnswer>>;
}

/// What a plugin asks a model.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who asks.
    pub plugin: &'a str,
    /// The route that is to answer.
    pub route: &'a str,
    /// A chat request as JSON.
    pub body: &'a str,
    /// The request for which it is asked.
    pub request_id: &'a str,
    /// Questions in whose course it is asked: a filter on the way of a question may ask, too.
    pub depth: u8,
}

/// Questions within questions: a filter on the way of a question asks none, since that may have no end.
pub const MAX_DEPTH: u8 = 1;

/// A request of a plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpRequest {
    /// Upper case.
    pub method: String,
    /// Absolute, `https` or `http`.
    pub url: String,
    /// Fields besides host and framing.
    pub headers: Vec<Header>,
    /// Its body.
    pub body: Vec<u8>,
    /// `None`: as long as the call may take.
    pub timeout: Option<Duration>,
}

/// Why a request of a plugin, or a question to a model, has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Not granted, or an address that no plugin may reach, or no such route.
    #[error("denied: {0}")]
    Denied(String),
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The answer is too large.
    #[error("the answer is larger than 1 MiB")]
    TooLarge,
    /// Anything else.
    #[error("failed: {0}")]
    Failed(String),
}

/// An error and what is behind it, since the outermost one seldom says why.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// Series that plugins make.
pub trait PluginMetrics: Send + Sync + 'static {
    /// Adds to a counter.
    fn count(&self, plugin: &str, name: &str, by: f64, labels: &[(String, String)]);

    /// Observes a value in a histogram.
    fn observe(&self, plugin: &str, name: &str, value: f64, labels: &[(String, String)]);
}

/// How serious a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For the plugin's author.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Something failed.
    Error,
}

/// What the host has to offer; shared by all plugins.
#[derive(Clone)]
pub struct Backing {
    /// The store.
    pub kv: Arc<dyn KeyValue>,
    /// The client.
    pub http: Arc<dyn HttpClient>,
    /// The series.
    pub metrics: Arc<dyn PluginMetrics>,
    /// The models.
    pub models: Arc<dyn Models>,
}

/// What one plugin may use.
pub struct Services {
    plugin: Arc<str>,
    granted: Capabilities,
    secrets: BTreeMap<String, SecretString>,
    backing: Backing,
}

impl Services {
    /// The services of a plugin, held to what was granted.
    pub fn new(
        plugin: Arc<str>,
        granted: Capabilities,
        secrets: BTreeMap<String, SecretString>,
        backing: Backing,
    ) -> Arc<Self> {
        Arc::new(Self { plugin, granted, secrets, backing })
    }

    /// The plugin's name.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Writes a line into the gateway's log; beyond the limit of a request it is dropped.
    pub fn log(&self, scope: &Scope, level: Level, message: &str, fields: &[(String, String)]) {
        if !scope.may_log() {
            return;
        }
        let (plugin, request_id) = (&*self.plugin, scope.request_id());
        let message: String = message.chars().take(MAX_LINE).collect();
        let fields = shown(fields);
        match level {
            Level::Debug => tracing::debug!(plugin, request_id, fields, "{message}"),
            Level::Info => tracing::info!(plugin, request_id, fields, "{message}"),
            Level::Warn => tracing::warn!(plugin, request_id, fields, "{message}"),
            Level::Error => tracing::error!(plugin, request_id, fields, "{message}"),
        }
    }

    /// Adds to a counter of the plugin's own; nothing where that is not granted.
    pub fn count(&self, name: &str, by: f64, labels: &[(String, String)]) {
        if self.granted.metrics {
            self.backing.metrics.count(&self.plugin, name, by, labels);
        }
    }

    /// Observes a value in a histogram of the plugin's own; nothing where that is not granted.
    pub fn observe(&self, name: &str, value: f64, labels: &[(String, String)]) {
        if self.granted.metrics {
            self.backing.metrics.observe(&self.plugin, name, value, labels);
        }
    }

    /// A secret by its name.
    ///
    /// # Errors
    /// Where it is not granted, or the operator gave none of that name.
    pub fn secret(&self, name: &str) -> Result<String, String> {
        if !self.granted.secrets.iter().any(|granted| granted == name) {
            return Err(format!(
                "secret \"{name}\" is not granted; the operator must list it under \"grants\""
            ));
        }
        let secret = self.secrets.get(name).map(|secret| secret.expose_secret().to_owned());
        secret.ok_or_else(|| {
            format!("secret \"{name}\" has no value; the operator must set it under \"secrets\"")
        })
    }

    /// A value and its version.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn get(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        self.backing.kv.get(&self.key(key, 0)?).await
    }

    /// Stores a value; see [`KeyValue::set`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn set(
        &self,
        key: &str,
        value: Vec<u8>,
        ttl: Option<Duration>,
        if_version: Option<u64>,
    ) -> Result<Option<u64>, StoreError> {
        let key = self.key(key, value.len())?;
        self.backing.kv.set(&key, value.into(), ttl, if_version).await
    }

    /// Whether there was one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        self.backing.kv.delete(&self.key(key, 0)?).await
    }

    /// Adds to a number; see [`KeyValue::increment`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn increment(&self, key: &str, by: i64, ttl: Option<Duration>) -> Result<i64, StoreError> {
        self.backing.kv.increment(&self.key(key, 0)?, by, ttl).await
    }

    /// Sends requests, all at once; the answers stand in the same order.
    pub async fn send(&self, requests: &[HttpRequest]) -> Vec<Result<Reply, NoAnswer>> {
        if requests.len() > MAX_REQUESTS {
            let error = NoAnswer::Denied(format!("at most {MAX_REQUESTS} requests may be sent at once"));
            return vec![Err(error); requests.len()];
        }
        join_all(requests.iter().map(|request| self.send_one(request))).await
    }

    /// Asks a model through a route; `body` is a chat request as JSON, and so is the answer.
    ///
    /// # Errors
    /// Where the route is not granted, gives no answer, or the question would never end.
    pub async fn ask(&self, scope: &Scope, route: &str, body: &str) -> Result<String, NoAnswer> {
        if !self.granted.models.iter().any(|granted| granted == route) {
            return Err(NoAnswer::Denied(format!(
                "route \"{route}\" is not granted; the operator must list it under \"grants\""
            )));
        }
        let depth = scope.depth();
        if depth >= MAX_DEPTH {
            return Err(NoAnswer::Denied(format!(
                "route \"{route}\" is not asked: the request is a question of a plugin itself, so it may have no end"
            )));
        }
        let (plugin, request_id) = (&*self.plugin, scope.request_id());
        self.backing.models.ask(Question { plugin, route, body, request_id, depth }).await
    }

    async fn send_one(&self, request: &HttpRequest) -> Result<Reply, NoAnswer> {
        let authority = authority(&request.url)?;
        if !self.granted.http.iter().any(|granted| host_matches(granted, &authority)) {
            let text =
                format!("host \"{authority}\" is not granted; the operator must list it under \"grants\"");
            return Err(NoAnswer::Denied(text));
        }
        self.backing.http.send(request).await
    }

    /// A plugin's keys are its own: its name, which has no such separator, stands before each.
    fn key(&self, key: &str, value: usize) -> Result<String, StoreError> {
        if !self.granted.kv {
            return Err(StoreError::Denied);
        }
        if key.len() > MAX_KEY || value > MAX_VALUE {
            return Err(StoreError::TooLarge);
        }
        Ok(format!("plugin\u{1f}{}\u{1f}{key}", self.plugin))
    }
}

/// Characters of a plugin's log line.
const MAX_LINE: usize = 1024;

/// Requests that a plugin may send at once.
const MAX_REQUESTS: usize = 16;

fn shown(fields: &[(String, String)]) -> String {
    let pairs = fields.iter().take(16).map(|(name, value)| (name.as_str(), value.as_str()));
    let text = serde_json::to_string(&pairs.collect::<BTreeMap<_, _>>()).unwrap_or_default();
    text.chars().take(MAX_LINE).collect()
}

/// Host and, where given, port of a URL without user information.
fn authority(url: &str) -> Result<String, NoAnswer> {
    let uri: http::Uri = url.parse().map_err(|_| NoAnswer::Denied("the URL cannot be read".into()))?;
    let authority = uri.authority().ok_or_else(|| NoAnswer::Denied("the URL names no host".into()))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || authority.as_str().contains('@') {
        return Err(NoAnswer::Denied("the URL must be http or https, without user information".into()));
    }
    Ok(authority.as_str().to_ascii_lowercase())
}

/// `name`, `name:port` or `*.name`; a grant without a port covers all ports of the host.
fn host_matches(granted: &str, authority: &str) -> bool {
    let granted = granted.to_ascii_lowercase();
    let has_port = granted.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let asked = if has_port { authority } else { host_of(authority) };
    match granted.strip_prefix('*') {
        Some(suffix) => is_domain(suffix) && asked.len() > suffix.len() && asked.ends_with(suffix),
        None => asked == granted,
    }
}

/// `.name`, and no tail of an address: `*.1` must not cover 10.0.0.1.
fn is_domain(suffix: &str) -> bool {
    let last = host_of(suffix).rsplit('.').next().unwrap_or_default();
    suffix.starts_with('.')
        && last.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !last.contains([':', ']'])
}

fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
#[path = "services_tests.rs"]
mod tests;
