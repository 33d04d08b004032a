//! What a hook may reach of the gateway while it runs. Hooks of native plugins wait for an answer where they stand.

use std::future::Future;
use std::time::{Duration, Instant};

use futures_util::future::FutureExt;
use tidegate_contract::Reply;
use tidegate_pipeline::{Entry, HttpRequest, Level, NoAnswer, Scope, Services, StoreError};
use tokio::runtime::Handle;

/// Notes, attributes and services, as one call has them.
pub(crate) trait Reach {
    fn attribute(&self, name: &str) -> Option<String>;
    fn note(&self, key: &str) -> Option<Vec<u8>>;
    fn set_note(&self, key: &str, value: &[u8]) -> Result<(), String>;
    fn log(&self, level: Level, message: &str, fields: &[(String, String)]);
    fn count(&self, name: &str, by: f64, labels: &[(String, String)]);
    fn observe(&self, name: &str, value: f64, labels: &[(String, String)]);
    fn secret(&self, name: &str) -> Result<String, String>;
    fn get(&self, key: &str) -> Result<Option<Entry>, StoreError>;
    fn set(&self, key: &str, value: &[u8], terms: Terms) -> Result<Option<u64>, StoreError>;
    fn delete(&self, key: &str) -> Result<bool, StoreError>;
    fn increment(&self, key: &str, by: i64, ttl: Option<Duration>) -> Result<i64, StoreError>;
    fn send(&self, requests: Vec<HttpRequest>) -> Vec<Result<Reply, NoAnswer>>;
    fn ask(&self, route: &str, body: &str) -> Result<String, NoAnswer>;
}

/// How a value is stored.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terms {
    pub(crate) ttl: Option<Duration>,
    pub(crate) if_version: Option<u64>,
}

/// Within the gateway.
pub(crate) struct Local<'a> {
    pub(crate) services: &'a Services,
    pub(crate) scope: &'a Scope,
    pub(crate) runtime: &'a Handle,
    pub(crate) until: Instant,
}

impl Local<'_> {
    /// Waits for a service, no longer than the call may take. Most answer at once, and then nothing is waited for.
    fn wait<T>(&self, asked: impl Future<Output = T>) -> Option<T> {
        let mut asked = std::pin::pin!(asked);
        if let Some(answer) = asked.as_mut().now_or_never() {
            return Some(answer);
        }
        let left = self.until.saturating_duration_since(Instant::now());
        let bounded = async { tokio::time::timeout(left, asked).await.ok() };
        // Other requests of this thread go on elsewhere meanwhile.
        tokio::task::block_in_place(|| self.runtime.block_on(bounded))
    }

    fn stored<T>(&self, asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.wait(asked).unwrap_or_else(|| Err(StoreError::Unavailable("no answer in time".into())))
    }
}

impl Reach for Local<'_> {
    fn attribute(&self, name: &str) -> Option<String> {
        self.scope.attribute(name)
    }

    fn note(&self, key: &str) -> Option<Vec<u8>> {
        self.scope.note(key)
    }

    fn set_note(&self, key: &str, value: &[u8]) -> Result<(), String> {
        self.scope.set_note(key, value).map_err(|error| error.to_string())
    }

    fn log(&self, level: Level, message: &str, fields: &[(String, String)]) {
        self.services.log(self.scope, level, message, fields);
    }

    fn count(&self, name: &str, by: f64, labels: &[(String, String)]) {
        self.services.count(name, by, labels);
    }

    fn observe(&self, name: &str, value: f64, labels: &[(String, String)]) {
        self.services.observe(name, value, labels);
    }

    fn secret(&self, name: &str) -> Result<String, String> {
        self.services.secret(name)
    }

    fn get(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        self.stored(self.services.get(key))
    }

    fn set(&self, key: &str, value: &[u8], terms: Terms) -> Result<Option<u64>, StoreError> {
        let Terms { ttl, if_version } = terms;
        self.stored(self.services.set(key, value.to_vec(), ttl, if_version))
    }

    fn delete(&self, key: &str) -> Result<bool, StoreError> {
        self.stored(self.services.delete(key))
    }

    fn increment(&self, key: &str, by: i64, ttl: Option<Duration>) -> Result<i64, StoreError> {
        self.stored(self.services.increment(key, by, ttl))
    }

    fn send(&self, mut requests: Vec<HttpRequest>) -> Vec<Result<Reply, NoAnswer>> {
        let left = self.until.saturating_duration_since(Instant::now());
        for request in &mut requests {
            request.timeout = Some(request.timeout.unwrap_or(left).min(left));
        }
        let late = || requests.iter().map(|_| Err(NoAnswer::Timeout)).collect();
        self.wait(self.services.send(&requests)).unwrap_or_else(late)
    }

    fn ask(&self, route: &str, body: &str) -> Result<String, NoAnswer> {
        let late = || Err(NoAnswer::Timeout);
        self.wait(self.services.ask(self.scope, route, body)).unwrap_or_else(late)
    }
}
