//! Values of plugins.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use redis::Value;
use tidegate_pipeline::{Entry, KeyValue, StoreError};

use super::Redis;
use super::request::{self, Repeat, Request};

/// A value that would live for longer than three thousand years lives for ever, which the server can count to.
const FOR_EVER: u128 = 100_000_000_000_000;

/// Stands twice in a key: after the kind of its owner and after the owner's name.
const SEPARATOR: char = '\u{1f}';

/// Milliseconds, rounded up; nothing where it lives for ever.
fn milliseconds(ttl: Option<Duration>) -> String {
    let milliseconds = ttl.map(|ttl| ttl.as_nanos().div_ceil(1_000_000));
    milliseconds.filter(|time| *time < FOR_EVER).map(|time| time.to_string()).unwrap_or_default()
}

/// A number as scripts are given it.
pub(super) fn optional(number: Option<u64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

/// What the server answered, in the form that it has to have.
pub(super) fn read<T: redis::FromRedisValue>(answer: Value) -> Result<T, StoreError> {
    redis::from_redis_value(answer)
        .map_err(|error| StoreError::Unavailable(format!("the answer cannot be read: {error}")))
}

/// The refusals of the script that adds, in the words of the other stores.
fn told(key: &str, error: StoreError) -> StoreError {
    let own = key.splitn(3, SEPARATOR).nth(2).unwrap_or(key);
    match error {
        StoreError::Unavailable(text) if text.contains("\"NUMBER\": none") => {
            StoreError::Unavailable(format!("the value of \"{own}\" is no number"))
        }
        StoreError::Unavailable(text) if text.contains("\"NUMBER\": large") => {
            StoreError::Unavailable(format!("the sum for \"{own}\" does not fit into 64 bits"))
        }
        other => other,
    }
}

impl KeyValue for Redis {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        Box::pin(async move {
            let request = Request::command("HMGET", &self.keys.value(key)).arg("d").arg("v");
            let (value, version): (Option<Vec<u8>>, Option<u64>) = read(self.link.ask(&request).await?)?;
            Ok(value.zip(version).map(|(value, version)| Entry { value: value.into(), version }))
        })
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        ttl: Option<Duration>,
        if_version: Option<u64>,
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        Box::pin(async move {
            let repeat = if if_version.is_none() { Repeat::Safe } else { Repeat::Unsafe };
            let request = Request::script(&request::SET, &[self.keys.value(key)]).repeat(repeat);
            let request = request.arg(&value[..]).arg(milliseconds(ttl)).arg(optional(if_version));
            read(self.link.ask(&request).await?)
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let request = Request::command("DEL", &self.keys.value(key)).repeat(Repeat::Unsafe);
            read(self.link.ask(&request).await?)
        })
    }

    fn increment<'a>(
        &'a self,
        key: &'a str,
        by: i64,
        ttl: Option<Duration>,
    ) -> BoxFuture<'a, Result<i64, StoreError>> {
        Box::pin(async move {
            let request =
                Request::script(&request::INCREMENT, &[self.keys.value(key)]).repeat(Repeat::Unsafe);
            let answer = self.link.ask(&request.arg(by).arg(milliseconds(ttl))).await;
            read(answer.map_err(|error| told(key, error))?)
        })
    }
}
