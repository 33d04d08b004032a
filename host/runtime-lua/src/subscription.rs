//! What a module subscribes to: its functions, unless `configure` says less.

use mlua::{Table, Value};
use tidegate_contract::{Hook, Hooks, Need, Subscription, Windows};
use tidegate_pipeline::LoadError;

/// Reads the module table and what `configure` returned.
///
/// # Errors
/// One sentence for the operator or the author.
pub(crate) fn read(
    module: &Table,
    answer: &Value,
    listed: Hooks,
    stream: Option<&Windows>,
) -> Result<Subscription, LoadError> {
    let written = written(module)?;
    let answer = match answer {
        Value::Nil => None,
        Value::Table(answer) => Some(answer),
        other => {
            return Err(refused(format!(
                "\"configure\" returns a {}; return a table or nothing",
                other.type_name()
            )));
        }
    };
    if let Some(answer) = answer {
        known_keys(answer)?;
    }
    let narrowed = answer.map(|answer| names(answer, "hooks")).transpose()?.flatten();
    let hooks = match narrowed {
        Some(names) => {
            names.iter().map(|name| narrowed_hook(name, written, listed)).collect::<Result<_, _>>()?
        }
        None => all(written, listed)?,
    };
    let mut subscription = Subscription::to(hooks);
    let reads_request = hooks.has(Hook::TransformRequest) || hooks.has(Hook::TransformUpstream);
    subscription.request_body = default_need(reads_request);
    subscription.response_body = default_need(hooks.has(Hook::TransformResponse));
    if let Some(answer) = answer {
        narrow(&mut subscription, answer, stream)?;
    }
    Ok(subscription)
}

const KEYS: [&str; 7] =
    ["hooks", "headers", "request_body", "response_body", "body_digest", "windows", "dialects"];

fn known_keys(answer: &Table) -> Result<(), LoadError> {
    for pair in answer.pairs::<Value, Value>() {
        let key = match pair {
            Ok((Value::String(key), _)) => key.to_string_lossy(),
            Ok((key, _)) => key.type_name().to_owned(),
            Err(error) => return Err(refused(crate::error::sentence(&error))),
        };
        if !KEYS.contains(&key.as_str()) {
            return Err(refused(format!(
                "\"configure\" returns a table with \"{key}\", which it cannot have; it may have {}",
                KEYS.join(", ")
            )));
        }
    }
    Ok(())
}

fn narrow(
    subscription: &mut Subscription,
    answer: &Table,
    stream: Option<&Windows>,
) -> Result<(), LoadError> {
    if let Some(need) = need(answer, "headers", HEADERS)? {
        subscription.headers = need;
    }
    if let Some(need) = need(answer, "request_body", POINTERS)? {
        subscription.request_body = need;
    }
    if let Some(need) = need(answer, "response_body", POINTERS)? {
        subscription.response_body = need;
    }
    match field(answer, "body_digest") {
        Value::Nil => {}
        Value::Boolean(wanted) => subscription.body_digest = wanted,
        other => return Err(wrong("body_digest", "true or false", &other)),
    }
    subscription.windows = match field(answer, "windows") {
        Value::Nil => None,
        Value::Table(table) => Some(windows(&table, stream)?),
        other => return Err(wrong("windows", "a table", &other)),
    };
    subscription.dialects = names(answer, "dialects")?.unwrap_or_default();
    Ok(())
}

/// The hooks for which the module has a function.
fn written(module: &Table) -> Result<Hooks, LoadError> {
    let mut written = Hooks::NONE;
    for hook in Hook::ALL {
        match field(module, hook.as_str()) {
            Value::Nil => {}
            Value::Function(_) => written = written.with(hook),
            other => {
                return Err(refused(format!(
                    "\"{hook}\" of the module is a {}; make it a function",
                    other.type_name()
                )));
            }
        }
    }
    if written.is_empty() {
        let names: Vec<_> = Hook::ALL.iter().map(|hook| hook.as_str()).collect();
        return Err(refused(format!(
            "the module has no function that is a hook; it may have {}",
            names.join(", ")
        )));
    }
    Ok(written)
}

fn all(written: Hooks, listed: Hooks) -> Result<Hooks, LoadError> {
    match written.iter().find(|hook| !listed.has(*hook)) {
        Some(hook) => Err(refused(format!(
            "the module has a function \"{hook}\" that plugin.toml does not list; add it to \"hooks\" there, or have \
             \"configure\" return the hooks that are wanted"
        ))),
        None => Ok(written),
    }
}

fn narrowed_hook(name: &str, written: Hooks, listed: Hooks) -> Result<Hook, LoadError> {
    let hook = Hook::by_name(name).ok_or_else(|| {
        refused(format!("\"configure\" asks for the hook \"{name}\", which does not exist"))
    })?;
    if !listed.has(hook) {
        return Err(refused(format!(
            "\"configure\" asks for the hook \"{hook}\" that plugin.toml does not list; add it to \"hooks\" there"
        )));
    }
    if !written.has(hook) {
        return Err(refused(format!(
            "\"configure\" asks for the hook \"{hook}\", and the module has no function of that name"
        )));
    }
    Ok(hook)
}

fn default_need(wanted: bool) -> Need {
    if wanted { Need::Whole } else { Need::Nothing }
}

const POINTERS: &str = "\"nothing\", \"whole\" or a list of JSON pointers";
const HEADERS: &str = "\"nothing\", \"whole\" or a list of names in lower case";

fn need(answer: &Table, key: &'static str, wanted: &str) -> Result<Option<Need>, LoadError> {
    match field(answer, key) {
        Value::Nil => Ok(None),
        Value::String(name) if name == "nothing" => Ok(Some(Need::Nothing)),
        Value::String(name) if name == "whole" => Ok(Some(Need::Whole)),
        Value::Table(_) => {
            let named = names(answer, key)?.unwrap_or_default();
            let is_none = |pointer: &&String| !pointer.is_empty() && !pointer.starts_with('/');
            if let Some(bad) = named.iter().find(is_none).filter(|_| wanted == POINTERS) {
                return Err(refused(format!(
                    "\"{key}\" of \"configure\" has \"{bad}\", which is no JSON pointer; begin it with \"/\""
                )));
            }
            Ok(Some(Need::Fields(named)))
        }
        other => Err(wrong(key, wanted, &other)),
    }
}

fn names(answer: &Table, key: &'static str) -> Result<Option<Vec<String>>, LoadError> {
    let list = match field(answer, key) {
        Value::Nil => return Ok(None),
        Value::Table(list) => list,
        other => return Err(wrong(key, "a list of strings", &other)),
    };
    let text = |at| match list.raw_get::<Value>(at).unwrap_or_default() {
        Value::String(text) => text
            .to_str()
            .map(|text| text.to_owned())
            .map_err(|_| refused(format!("\"{key}\" of \"configure\" is no UTF-8"))),
        other => Err(wrong(key, "a list of strings", &other)),
    };
    (1..=list.raw_len()).map(text).collect::<Result<_, _>>().map(Some)
}

/// What the table does not say stays as in plugin.toml.
fn windows(table: &Table, stream: Option<&Windows>) -> Result<Windows, LoadError> {
    let mut windows = stream.cloned().unwrap_or_else(|| Windows {
        mode: "full".into(),
        min: 0,
        max: 4096,
        overlap: 0,
        max_match: 256,
        max_hold_ms: 5000,
    });
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair.map_err(|error| refused(crate::error::sentence(&error)))?;
        let key = key.as_string().map(mlua::LuaString::to_string_lossy).unwrap_or_default();
        let number = match &value {
            Value::Integer(number) => u32::try_from(*number).ok(),
            _ => None,
        };
        match (key.as_str(), &value, number) {
            ("mode", Value::String(mode), _) => windows.mode = mode.to_string_lossy(),
            ("min", _, Some(number)) => windows.min = number,
            ("max", _, Some(number)) => windows.max = number,
            ("overlap", _, Some(number)) => windows.overlap = number,
            ("max_match", _, Some(number)) => windows.max_match = number,
            ("max_hold_ms", _, Some(number)) => windows.max_hold_ms = number,
            ("mode", other, _) => return Err(wrong("windows.mode", "a string", other)),
            ("min" | "max" | "overlap" | "max_match" | "max_hold_ms", other, None) => {
                return Err(wrong("windows", "a mode and whole numbers from 0", other));
            }
            _ => return Err(refused(format!("\"windows\" of \"configure\" cannot have \"{key}\""))),
        }
    }
    if !["carry", "window", "full", "watch"].contains(&windows.mode.as_str()) {
        return Err(refused(format!(
            "\"windows.mode\" of \"configure\" is \"{}\"; it is carry, window, full or watch",
            windows.mode
        )));
    }
    Ok(windows)
}

/// Without metamethods: no code of the script runs here.
fn field(table: &Table, key: &str) -> Value {
    table.raw_get(key).unwrap_or_default()
}

fn wrong(key: &str, wanted: &str, found: &Value) -> LoadError {
    refused(format!("\"{key}\" of \"configure\" must be {wanted}, not a {}", found.type_name()))
}

fn refused(text: String) -> LoadError {
    LoadError::Subscription(text)
}

#[cfg(test)]
#[path = "subscription_tests.rs"]
mod tests;
