//! What the prelude makes `tidegate.*` of. Each function returns whether it went well, then its values or a text: the
//! prelude raises the text at the line that called, and no error of the host lives in the script's hands.

use std::sync::Arc;

use mlua::{Function, IntoLua, IntoLuaMulti, Lua, MultiValue, Result, Table, Value};
use tidegate_pipeline::{HookError, Level};

use crate::instance::Shared;
use crate::json;
use crate::verdict::Budget;

mod http;
mod kv;
mod models;

/// Bytes of a log line or of a label that are looked at; less of it is written.
const MAX_TEXT: usize = 4096;

/// Fields of a line, labels of a series.
const MAX_LABELS: usize = 16;

/// How a function of the host ended.
type Outcome<T> = std::result::Result<T, String>;

/// `true` and values, or `false` and a text.
struct Told<T>(Outcome<T>);

impl<T: IntoLuaMulti> IntoLuaMulti for Told<T> {
    fn into_lua_multi(self, lua: &Lua) -> Result<MultiValue> {
        match self.0 {
            Ok(values) => {
                let mut all = values.into_lua_multi(lua)?;
                all.push_front(Value::Boolean(true));
                Ok(all)
            }
            Err(text) => (false, text).into_lua_multi(lua),
        }
    }
}

/// Bytes for Lua.
struct Bytes<B>(B);

impl<B: AsRef<[u8]>> IntoLua for Bytes<B> {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        lua.create_string(self.0).map(Value::String)
    }
}

/// The table that the prelude gets.
pub(crate) fn table(lua: &Lua, shared: &Arc<Shared>) -> Result<Table> {
    let host = lua.create_table()?;
    host.raw_set("null", Value::NULL)?;
    host.raw_set(
        "log",
        function(lua, shared, |_, shared, (level, message, fields)| log(shared, &level, &message, &fields))?,
    )?;
    host.raw_set("info", function(lua, shared, |_, shared, (name,): (Value,)| info(shared, &name))?)?;
    host.raw_set("note", function(lua, shared, |_, shared, (key,): (Value,)| note(shared, &key))?)?;
    host.raw_set(
        "set_note",
        function(lua, shared, |_, shared, (key, value)| set_note(shared, &key, &value))?,
    )?;
    host.raw_set("secret", function(lua, shared, |_, shared, (name,): (Value,)| secret(shared, &name))?)?;
    host.raw_set(
        "count",
        function(lua, shared, |_, shared, (name, by, labels)| count(shared, &name, &by, &labels))?,
    )?;
    host.raw_set(
        "observe",
        function(lua, shared, |_, shared, (name, value, labels)| observe(shared, &name, &value, &labels))?,
    )?;
    host.raw_set("encode", function(lua, shared, |_, shared, (value,): (Value,)| encode(shared, &value))?)?;
    host.raw_set(
        "decode",
        function(lua, shared, |lua, shared, (text,): (Value,)| decode(lua, shared, &text))?,
    )?;
    kv::add(lua, shared, &host)?;
    http::add(lua, shared, &host)?;
    models::add(lua, shared, &host)?;
    Ok(host)
}

fn function<A, T>(
    lua: &Lua,
    shared: &Arc<Shared>,
    run: impl Fn(&Lua, &Shared, A) -> Outcome<T> + Send + 'static,
) -> Result<Function>
where
    A: mlua::FromLuaMulti,
    T: IntoLuaMulti,
{
    let shared = Arc::clone(shared);
    lua.create_function(move |lua, args: A| Ok(Told(run(lua, &shared, args))))
}

fn log(shared: &Shared, level: &Value, message: &Value, fields: &Value) -> Outcome<()> {
    let level = level.as_string().map(|level| level.to_string_lossy()).unwrap_or_default();
    let level = match level.as_str() {
        "debug" => Level::Debug,
        "info" => Level::Info,
        "warn" => Level::Warn,
        "error" => Level::Error,
        _ => return Err("log: the level must be debug, info, warn or error".into()),
    };
    let message = shown(message)
        .ok_or_else(|| format!("log: the message must be a string, not a {}", message.type_name()))?;
    let fields = labels("log: a field", fields)?;
    shared.services.log(&shared.scope(), level, &message, &fields);
    Ok(())
}

fn info(shared: &Shared, name: &Value) -> Outcome<Option<String>> {
    let name = text("info: the name", name)?;
    Ok(shared.scope().attribute(&name))
}

fn note(shared: &Shared, key: &Value) -> Outcome<Option<Bytes<Vec<u8>>>> {
    let key = text("state.get: the key", key)?;
    Ok(shared.scope().note(&key).map(Bytes))
}

fn set_note(shared: &Shared, key: &Value, value: &Value) -> Outcome<()> {
    let key = text("state.set: the key", key)?;
    let value = value
        .as_string()
        .ok_or_else(|| format!("state.set: the value must be a string, not a {}", value.type_name()))?;
    if shared.call().is_none() {
        return Err("state.set: there is no request in \"configure\"".into());
    }
    shared.scope().set_note(&key, &value.as_bytes()).map_err(|error| format!("state.set: {error}"))
}

fn secret(shared: &Shared, name: &Value) -> Outcome<String> {
    shared.services.secret(&text("secrets.get: the name", name)?)
}

fn count(shared: &Shared, name: &Value, by: &Value, series: &Value) -> Outcome<()> {
    let name = text("metrics.count: the name", name)?;
    let by = if by.is_nil() { 1.0 } else { number("metrics.count: the amount", by)? };
    shared.services.count(&name, by, &labels("metrics.count: a label", series)?);
    Ok(())
}

fn observe(shared: &Shared, name: &Value, value: &Value, series: &Value) -> Outcome<()> {
    let name = text("metrics.observe: the name", name)?;
    let value = number("metrics.observe: the value", value)?;
    shared.services.observe(&name, value, &labels("metrics.observe: a label", series)?);
    Ok(())
}

/// As large as a body or verdict may be: what is larger could go nowhere.
fn encode(shared: &Shared, value: &Value) -> Outcome<String> {
    let library = shared.library().map_err(|error| error.to_string())?;
    let most = shared.limits.output.max(shared.limits.body);
    let mut budget = Budget::new(most);
    json::encode(library, value, &mut budget, format_args!("json.encode")).map_err(|error| match error {
        HookError::Output(_) => format!("json.encode: the text is larger than {} KiB", most / 1024),
        HookError::Invalid(text) => text,
        other => other.to_string(),
    })
}

fn decode(lua: &Lua, shared: &Shared, text: &Value) -> Outcome<Value> {
    let library = shared.library().map_err(|error| error.to_string())?;
    let text = text.as_string().ok_or_else(|| format!("json.decode: a {} is no string", text.type_name()))?;
    json::decode(lua, library, &text.as_bytes())
        .map_err(|error| format!("json.decode: {}", crate::error::sentence(&error)))
}

/// A string of UTF-8.
fn text(place: &str, value: &Value) -> Outcome<String> {
    let text =
        value.as_string().ok_or_else(|| format!("{place} must be a string, not a {}", value.type_name()))?;
    if text.as_bytes().len() > MAX_TEXT {
        return Err(format!("{place} is longer than {MAX_TEXT} bytes"));
    }
    text.to_str().map(|text| text.to_owned()).map_err(|_| format!("{place} must be UTF-8"))
}

fn number(place: &str, value: &Value) -> Outcome<f64> {
    match value {
        Value::Integer(number) => Ok(*number as f64),
        Value::Number(number) => Ok(*number),
        other => Err(format!("{place} must be a number, not a {}", other.type_name())),
    }
}

/// A whole number from 0, or nil.
fn whole(place: &str, value: &Value) -> Outcome<Option<u64>> {
    match value {
        Value::Nil => Ok(None),
        Value::Integer(number) => {
            u64::try_from(*number).map(Some).map_err(|_| format!("{place} must not be negative"))
        }
        other => Err(format!("{place} must be a whole number, not a {}", other.type_name())),
    }
}

/// A value as it is told to people; not every value can be.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let bytes = text.as_bytes();
            Some(String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_TEXT)]).into_owned())
        }
        Value::Integer(number) => Some(number.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Boolean(value) => Some(value.to_string()),
        _ => None,
    }
}

/// `{name = string, number or boolean}`, sorted by name.
fn labels(place: &str, value: &Value) -> Outcome<Vec<(String, String)>> {
    let table = match value {
        Value::Nil => return Ok(Vec::new()),
        Value::Table(table) => table,
        other => return Err(format!("{place}s must be a table, not a {}", other.type_name())),
    };
    let mut labels = Vec::new();
    for pair in table.pairs::<Value, Value>() {
        let (name, value) = pair.map_err(|error| error.to_string())?;
        if labels.len() == MAX_LABELS {
            return Err(format!("{place} is one too many: {MAX_LABELS} are allowed"));
        }
        let name = text(&format!("{place}'s name"), &name)?;
        let shown = shown(&value).ok_or_else(|| format!("{place} must be a string, number or boolean"))?;
        labels.push((name, shown));
    }
    labels.sort();
    Ok(labels)
}

#[cfg(test)]
#[path = "services_tests.rs"]
mod tests;
