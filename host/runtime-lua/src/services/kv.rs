//! `tidegate.kv`: values are strings of bytes. A store that gives no answer is an error, never a missing value.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use mlua::{Function, Lua, Result, Table, Value};
use tidegate_pipeline::{MAX_KEY, MAX_VALUE, StoreError};

use super::{Bytes, Outcome, Told, text, whole};
use crate::instance::Shared;

pub(super) fn add(lua: &Lua, shared: &Arc<Shared>, host: &Table) -> Result<()> {
    host.raw_set("kv_get", function(lua, shared, |shared, (key, _, _)| get(shared, key))?)?;
    host.raw_set(
        "kv_set",
        function(lua, shared, |shared, (key, value, options)| set(shared, key, value, options))?,
    )?;
    host.raw_set("kv_delete", function(lua, shared, |shared, (key, _, _)| delete(shared, key))?)?;
    host.raw_set(
        "kv_increment",
        function(lua, shared, |shared, (key, by, options)| increment(shared, key, by, options))?,
    )
}

/// The future must not own the VM: it lives inside of it, and would keep it alive when the call is dropped.
fn function<F, T>(
    lua: &Lua,
    shared: &Arc<Shared>,
    run: impl Fn(Arc<Shared>, (Value, Value, Value)) -> F + Send + 'static,
) -> Result<Function>
where
    F: Future<Output = Outcome<T>> + Send + 'static,
    T: mlua::IntoLuaMulti + Send + 'static,
{
    let shared = Arc::clone(shared);
    lua.create_async_function(move |lua, args: (Value, Value, Value)| {
        drop(lua);
        let waiting = run(Arc::clone(&shared), args);
        async move { Ok(Told(waiting.await)) }
    })
}

/// The value and its version; nil where there is none.
fn get(
    shared: Arc<Shared>,
    key: Value,
) -> impl Future<Output = Outcome<(Option<Bytes<bytes::Bytes>>, Option<f64>)>> {
    let key = checked_key(&key);
    async move {
        let entry = shared.services.get(&key?).await.map_err(told)?;
        Ok(match entry {
            Some(entry) => (Some(Bytes(entry.value)), Some(entry.version as f64)),
            None => (None, None),
        })
    }
}

/// The new version; nil where another version stands there than `if_version` says.
fn set(
    shared: Arc<Shared>,
    key: Value,
    value: Value,
    options: Value,
) -> impl Future<Output = Outcome<Option<f64>>> {
    let asked = checked_key(&key).and_then(|key| Ok((key, checked_value(&value)?, Options::of(&options)?)));
    async move {
        let (key, value, Options { ttl, if_version }) = asked?;
        let version = shared.services.set(&key, value, ttl, if_version).await.map_err(told)?;
        Ok(version.map(|version| version as f64))
    }
}

fn delete(shared: Arc<Shared>, key: Value) -> impl Future<Output = Outcome<bool>> {
    let key = checked_key(&key);
    async move { shared.services.delete(&key?).await.map_err(told) }
}

/// `by` is 1 where it is left out; the new number.
fn increment(
    shared: Arc<Shared>,
    key: Value,
    by: Value,
    options: Value,
) -> impl Future<Output = Outcome<f64>> {
    let asked = checked_key(&key).and_then(|key| {
        let by = match by {
            Value::Nil => 1,
            Value::Integer(by) => by,
            other => {
                return Err(format!("kv: the amount must be a whole number, not a {}", other.type_name()));
            }
        };
        Ok((key, by, Options::of(&options)?.ttl))
    });
    async move {
        let (key, by, ttl) = asked?;
        shared.services.increment(&key, by, ttl).await.map(|number| number as f64).map_err(told)
    }
}

struct Options {
    ttl: Option<Duration>,
    if_version: Option<u64>,
}

impl Options {
    fn of(value: &Value) -> Outcome<Self> {
        let table = match value {
            Value::Nil => return Ok(Self { ttl: None, if_version: None }),
            Value::Table(table) => table,
            other => return Err(format!("kv: the options must be a table, not a {}", other.type_name())),
        };
        for pair in table.pairs::<Value, Value>() {
            let (key, _) = pair.map_err(|error| error.to_string())?;
            if !key.as_string().is_some_and(|key| *key == "ttl_ms" || *key == "if_version") {
                return Err("kv: the options may have \"ttl_ms\" and \"if_version\" only".into());
            }
        }
        let part = |key: &str| table.raw_get::<Value>(key).unwrap_or_default();
        let ttl = whole("kv: \"ttl_ms\"", &part("ttl_ms"))?.map(Duration::from_millis);
        Ok(Self { ttl, if_version: whole("kv: \"if_version\"", &part("if_version"))? })
    }
}

fn checked_key(key: &Value) -> Outcome<String> {
    let key = text("kv: the key", key)?;
    if key.len() > MAX_KEY { Err(told(StoreError::TooLarge)) } else { Ok(key) }
}

fn checked_value(value: &Value) -> Outcome<Vec<u8>> {
    let text = value
        .as_string()
        .ok_or_else(|| format!("kv: the value must be a string, not a {}", value.type_name()))?;
    let bytes = text.as_bytes();
    if bytes.len() > MAX_VALUE { Err(told(StoreError::TooLarge)) } else { Ok(bytes.to_vec()) }
}

fn told(error: StoreError) -> String {
    format!("kv: {error}")
}
