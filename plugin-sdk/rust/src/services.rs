//! What the gateway offers to a plugin. Outside of a gateway, as in `cargo test`, they behave like one that grants nothing.

#[cfg(target_arch = "wasm32")]
use crate::bindings::host::tidegate::plugin as host;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
use crate::native::services as host;
#[cfg(all(not(feature = "native"), not(target_arch = "wasm32")))]
use crate::offline as host;

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn owned(pairs: Pairs<'_>) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Attributes of the request by name.
pub mod info {
    /// `service`, `listener`, `method`, `path`, `client.address`; an unknown one is none.
    pub fn attribute(name: &str) -> Option<String> {
        super::host::info::attribute(name)
    }
}

/// Notes of this filter on this request, 16 KiB with their keys; the same from every hook and instance.
pub mod state {
    pub use crate::service_error::StateError as Error;

    /// A note of an earlier hook.
    pub fn get(key: &str) -> Option<Vec<u8>> {
        super::host::state::get(key)
    }

    /// Keeps a note for later hooks of the same request.
    ///
    /// # Errors
    /// Where all notes together would be too large.
    pub fn set(key: &str, value: &[u8]) -> Result<(), Error> {
        Ok(super::host::state::set(key, value)?)
    }
}

/// Lines in the gateway's log, under the plugin's name; at most 64 a request.
pub mod log {
    use super::host::log::{Level, write};
    use super::{Pairs, owned};

    /// For the plugin's author.
    pub fn debug(message: &str, fields: Pairs<'_>) {
        write(Level::Debug, message, &owned(fields));
    }

    /// Worth knowing.
    pub fn info(message: &str, fields: Pairs<'_>) {
        write(Level::Info, message, &owned(fields));
    }

    /// Something is not as it should be.
    pub fn warn(message: &str, fields: Pairs<'_>) {
        write(Level::Warn, message, &owned(fields));
    }

    /// Something failed.
    pub fn error(message: &str, fields: Pairs<'_>) {
        write(Level::Error, message, &owned(fields));
    }
}

/// Series of the plugin's own, as `tidegate_plugin_custom_*`. Needs the capability `metrics`.
pub mod metrics {
    use super::{Pairs, owned};

    /// Adds to a counter.
    pub fn count(name: &str, by: f64, labels: Pairs<'_>) {
        super::host::metrics::count(name, by, &owned(labels));
    }

    /// Observes a value in a histogram.
    pub fn observe(name: &str, value: f64, labels: Pairs<'_>) {
        super::host::metrics::observe(name, value, &owned(labels));
    }
}

/// Secrets by name. Needs the capability `secrets` with that name.
pub mod secrets {
    pub use crate::service_error::SecretError as Error;

    /// The secret.
    ///
    /// # Errors
    /// Where it is not granted, or has no value.
    pub fn get(name: &str) -> Result<String, Error> {
        Ok(super::host::secrets::get(name)?)
    }
}

/// Values that outlive a request; each plugin has keys of its own. Needs the capability `kv`.
pub mod kv {
    pub use crate::bindings::host::tidegate::plugin::kv::Entry;
    pub use crate::service_error::KvError as Error;

    /// The value and its version.
    ///
    /// # Errors
    /// Where it is not granted, too large, or the store gives no answer.
    pub fn get(key: &str) -> Result<Option<Entry>, Error> {
        Ok(super::host::kv::get(key)?)
    }

    /// Stores a value. `if_version` none: always; 0: only if absent. The new version, or none where another stands there.
    ///
    /// # Errors
    /// Where it is not granted, too large, or the store gives no answer.
    pub fn set(
        key: &str,
        value: &[u8],
        ttl_ms: Option<u64>,
        if_version: Option<u64>,
    ) -> Result<Option<u64>, Error> {
        Ok(super::host::kv::set(key, value, ttl_ms, if_version)?)
    }

    /// Whether there was one.
    ///
    /// # Errors
    /// Where it is not granted, or the store gives no answer.
    pub fn delete(key: &str) -> Result<bool, Error> {
        Ok(super::host::kv::delete(key)?)
    }

    /// Adds to a decimal number, from 0 where there is none; `ttl_ms` counts from the first.
    ///
    /// # Errors
    /// Where it is not granted, or the store gives no answer.
    pub fn increment(key: &str, by: i64, ttl_ms: Option<u64>) -> Result<i64, Error> {
        Ok(super::host::kv::increment(key, by, ttl_ms)?)
    }
}

/// Requests to named hosts. Needs the capability `http` with the host. Redirects are not followed.
pub mod http {
    pub use crate::bindings::host::tidegate::plugin::http::Request;
    pub use crate::bindings::host::tidegate::plugin::types::Reply;
    pub use crate::service_error::HttpError as Error;

    /// Sends one request.
    ///
    /// # Errors
    /// Where it is not granted, takes too long, or fails.
    pub fn send(request: Request) -> Result<Reply, Error> {
        let none = || Err(Error::Failed("the gateway gave no answer".to_owned()));
        send_all(&[request]).pop().unwrap_or_else(none)
    }

    /// Sends several at once; the answers stand in the same order.
    pub fn send_all(requests: &[Request]) -> Vec<Result<Reply, Error>> {
        super::host::http::send(requests).into_iter().map(|answer| answer.map_err(Error::from)).collect()
    }

    /// A `GET` without fields of its own, with what is left of the call's time.
    pub fn get(url: impl Into<String>) -> Request {
        Request {
            method: "GET".to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout_ms: None,
        }
    }
}

/// Asks a model through a route of the gateway. Needs the capability `models`.
pub mod models {
    use serde_json::Value;

    pub use crate::service_error::ModelError as Error;

    /// The answer to a chat request, as the route gives it.
    ///
    /// # Errors
    /// Where it is not granted, or the model gives no answer.
    pub fn ask(route: &str, body: &Value) -> Result<Value, Error> {
        let answer = super::host::models::ask(route, &body.to_string())?;
        serde_json::from_str(&answer)
            .map_err(|error| Error::Failed(format!("the answer is no JSON: {error}")))
    }
}
