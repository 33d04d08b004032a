//! Verdicts: what a hook returned, read into the contract's values, each shape checked and each size counted.

use std::fmt;

use mlua::{LuaString, Table, Value};
use tidegate_contract::Hook;
use tidegate_pipeline::HookError;

use crate::instance::{Library, Vm};
use crate::json::{self, ENTRY};

mod access;
mod moderation;
mod transform;

pub(crate) use access::{admission, auth};
pub(crate) use moderation::judged;
pub(crate) use transform::{event, transform};

/// What a verdict may still hold, in bytes: its strings, and 16 for each entry of a list or table.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
    limit: usize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { left: limit, limit }
    }

    /// Counts bytes.
    ///
    /// # Errors
    /// Where the verdict is too large.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), HookError> {
        self.check(bytes)?;
        self.left -= bytes;
        Ok(())
    }

    /// Asks before something is made that will be counted.
    ///
    /// # Errors
    /// Where the verdict would be too large.
    pub(crate) fn check(&self, bytes: usize) -> Result<(), HookError> {
        if bytes > self.left { Err(HookError::Output(self.limit)) } else { Ok(()) }
    }
}

/// A verdict as `tidegate.*` made it.
struct Made {
    name: LuaString,
    value: Value,
    table: Table,
}

impl Made {
    /// `None` where the hook returned nothing.
    fn of(vm: &Vm, hook: Hook, returned: &Value) -> Result<Option<Self>, HookError> {
        let table = match returned {
            Value::Nil => return Ok(None),
            Value::Table(table) => table,
            other => return Err(no_verdict(hook, &format!("a {}", other.type_name()))),
        };
        let part = |key: &LuaString| table.raw_get::<Value>(key).unwrap_or_default();
        let Value::String(name) = part(&vm.keys.verdict) else {
            return Err(no_verdict(hook, "a table that no function of tidegate made"));
        };
        Ok(Some(Self { name, value: part(&vm.keys.value), table: table.clone() }))
    }

    /// What a moderation hook says besides.
    fn options(&self) -> Value {
        self.table.raw_get("options").unwrap_or_default()
    }

    fn is_none_of(&self, hook: Hook) -> HookError {
        let name: String = self.name.to_string_lossy().chars().take(32).collect();
        no_verdict(hook, &format!("tidegate.{name}, which is no verdict of this hook"))
    }
}

fn no_verdict(hook: Hook, found: &str) -> HookError {
    let wanted = match hook {
        Hook::Authenticate => "pass, grant or deny",
        Hook::Admit => "admit or refuse",
        Hook::TransformRequest | Hook::TransformUpstream | Hook::TransformResponse => {
            "unchanged, changed or reply"
        }
        Hook::TransformEvent => "keep, replace or drop",
        Hook::ModerateInput | Hook::ModerateOutput => "allow, flag, redact or block",
        Hook::Settle | Hook::Completed => "nothing",
    };
    HookError::Invalid(format!(
        "\"{hook}\" returned {found}; return what tidegate's {wanted} makes, or nothing"
    ))
}

/// Reads parts of verdicts. Everything is read raw: no code of the script runs any more.
struct Reader<'v> {
    library: &'v Library,
    budget: Budget,
}

impl<'v> Reader<'v> {
    fn new(vm: &'v Vm) -> Result<Self, HookError> {
        let library = vm.shared.library().map_err(|error| HookError::Failed(error.to_string()))?;
        Ok(Self { library, budget: Budget::new(vm.shared.limits.output) })
    }

    fn bytes(&mut self, place: fmt::Arguments<'_>, value: &Value) -> Result<Vec<u8>, HookError> {
        let Value::String(text) = value else { return Err(wrong(place, "a string", value)) };
        let bytes = text.as_bytes();
        self.budget.take(bytes.len())?;
        Ok(bytes.to_vec())
    }

    fn text(&mut self, place: fmt::Arguments<'_>, value: &Value) -> Result<String, HookError> {
        String::from_utf8(self.bytes(place, value)?)
            .map_err(|_| HookError::Invalid(format!("{place} is a string that is no UTF-8")))
    }

    fn json(&mut self, place: fmt::Arguments<'_>, value: &Value) -> Result<String, HookError> {
        json::encode(self.library, value, &mut self.budget, place)
    }

    /// The elements of a list.
    fn list(&mut self, place: fmt::Arguments<'_>, value: &Value) -> Result<Vec<Value>, HookError> {
        let Value::Table(list) = value else { return Err(wrong(place, "a list", value)) };
        let length = list.raw_len();
        self.budget.take(length.saturating_mul(ENTRY))?;
        (1..=length).map(|at| list.raw_get(at).map_err(|error| read_error(&error))).collect()
    }

    /// The entries of a table with names, sorted by them: tables have no order, verdicts must have one.
    fn entries(
        &mut self,
        place: fmt::Arguments<'_>,
        value: &Value,
    ) -> Result<Vec<(String, Value)>, HookError> {
        let Value::Table(table) = value else { return Err(wrong(place, "a table", value)) };
        let mut entries = Vec::new();
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair.map_err(|error| read_error(&error))?;
            self.budget.take(ENTRY)?;
            entries.push((self.text(format_args!("a key of {place}"), &key)?, value));
        }
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(entries)
    }

    /// Goes over a table of fixed names; `take` says whether it knows the one.
    fn record(
        &mut self,
        place: fmt::Arguments<'_>,
        value: &Value,
        mut take: impl FnMut(&mut Self, &[u8], Value) -> Result<bool, HookError>,
    ) -> Result<(), HookError> {
        let Value::Table(table) = value else { return Err(wrong(place, "a table", value)) };
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair.map_err(|error| read_error(&error))?;
            let known = match &key {
                Value::String(key) => take(self, &key.as_bytes(), value)?,
                _ => false,
            };
            if !known {
                let key = match &key {
                    Value::String(key) => {
                        format!("\"{}\"", key.to_string_lossy().chars().take(32).collect::<String>())
                    }
                    other => format!("a key of type {}", other.type_name()),
                };
                return Err(HookError::Invalid(format!("{place} has {key}, which it cannot have")));
            }
        }
        Ok(())
    }
}

/// A whole number up to `most`.
fn number(place: fmt::Arguments<'_>, value: &Value, most: u64) -> Result<u64, HookError> {
    let number = match value {
        Value::Integer(number) => u64::try_from(*number).ok().filter(|number| *number <= most),
        _ => None,
    };
    number.ok_or_else(|| match value {
        Value::Integer(_) | Value::Number(_) => {
            HookError::Invalid(format!("{place} must be a whole number from 0 to {most}"))
        }
        other => wrong(place, "a whole number", other),
    })
}

fn missing(place: fmt::Arguments<'_>, name: &str) -> HookError {
    HookError::Invalid(format!("{place} has no \"{name}\""))
}

fn wrong(place: fmt::Arguments<'_>, wanted: &str, found: &Value) -> HookError {
    HookError::Invalid(format!("{place} must be {wanted}, not a {}", found.type_name()))
}

fn read_error(error: &mlua::Error) -> HookError {
    HookError::Failed(crate::error::sentence(error))
}

fn is_record(table: &Table, key: &str) -> bool {
    table.raw_get::<Value>(key).is_ok_and(|value| !value.is_nil())
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
