//! What the admin API asks of the gateway, so that this crate knows nothing of snapshots or files.

use futures_util::future::BoxFuture;
use serde_json::Value;

/// The gateway behind the API.
pub trait Control: Send + Sync + 'static {
    /// Whether the gateway takes new requests: a configuration is live and no drain has begun.
    fn ready(&self) -> bool;

    /// Reads the configuration again and makes it live if it is good; on an error nothing has changed.
    ///
    /// It is run to its end even if the client leaves. Two calls at once are the implementer's to order.
    fn reload(&self) -> BoxFuture<'_, Result<Reloaded, ReloadError>>;

    /// The live configuration; the implementer leaves every secret out.
    fn config(&self) -> Value;

    /// API keys.
    fn keys(&self) -> &dyn KeyControl;

    /// What was used, by the parameters of a query.
    fn usage(&self, query: Vec<(String, String)>) -> BoxFuture<'_, Result<Value, ApiError>>;

    /// The plugins: `{name, version, digest, runtime, state, hooks, error}` each.
    fn plugins(&self) -> Vec<Value>;

    /// The ids of the requests of which is known what filters did to them, the oldest first.
    fn traces(&self) -> Vec<Box<str>>;

    /// What filters did to a request: its steps in order.
    fn trace(&self, request_id: &str) -> Option<Value>;

    /// Puts another version of a plugin in place; the answer is the plugin as it is then.
    fn put_plugin(&self, name: String, wanted: Value) -> BoxFuture<'_, Result<Value, ApiError>>;

    /// Takes what was put away again.
    fn delete_plugin(&self, name: String) -> BoxFuture<'_, Result<Value, ApiError>>;

    /// Brings back the version that was live before.
    fn roll_back_plugin(&self, name: String) -> BoxFuture<'_, Result<Value, ApiError>>;
}

/// API keys that are made while the gateway runs.
pub trait KeyControl: Send + Sync + 'static {
    /// Makes one; the answer has its secret.
    fn create(&self, wanted: Value) -> BoxFuture<'_, Result<Value, ApiError>>;

    /// Some of them, by the parameters of a query.
    fn list(&self, query: Vec<(String, String)>) -> BoxFuture<'_, Result<Value, ApiError>>;

    /// One of them.
    fn get(&self, id: String) -> BoxFuture<'_, Result<Value, ApiError>>;

    /// Changes one.
    fn update(&self, id: String, wanted: Value) -> BoxFuture<'_, Result<Value, ApiError>>;

    /// Gives one another secret; the answer has it.
    fn rotate(&self, id: String, wanted: Value) -> BoxFuture<'_, Result<Value, ApiError>>;

    /// Ends one.
    fn revoke(&self, id: String) -> BoxFuture<'_, Result<(), ApiError>>;
}

/// Why the API does not do what it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// There is none of that name.
    #[error("{0}")]
    NotFound(String),
    /// The body asks for what cannot be.
    #[error("{0}")]
    Invalid(String),
    /// It is in use, or stands in the configuration file.
    #[error("{0}")]
    Conflict(String),
    /// Where it is kept gives no answer.
    #[error("{0}")]
    Unavailable(String),
}

/// A configuration that was read and is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reloaded {
    /// Whether it differs from the one before.
    pub changed: bool,
    /// The number of the live snapshot; each change adds one.
    pub generation: u64,
}

/// A configuration that was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration is refused: {}", problems.join("; "))]
pub struct ReloadError {
    /// One line for each problem, with its place in the file.
    pub problems: Vec<String>,
}
