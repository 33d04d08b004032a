//! JSON text and trees from Lua values, and the other way round.
//!
//! A table that `tidegate.json.array` marked, or whose keys are 1 to n, is an array; any other is an object. Arrays that
//! come from JSON are marked, so that an empty one stays one. `tidegate.json.null` is null; it is no nil and so is true
//! in a condition. Numbers are doubles: integers beyond 2^53 lose their last digits unless a view is handed back whole.

use std::fmt;

use mlua::{Lua, Result, Table, Value};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use tidegate_pipeline::HookError;

use crate::body::View;
use crate::instance::Library;
use crate::verdict::Budget;

/// How deep tables may nest.
const MAX_DEPTH: usize = 100;

/// What is no array and no object.
pub(crate) fn scalar(lua: &Lua, value: &Json) -> Result<Value> {
    Ok(match value {
        Json::Null => Value::NULL,
        Json::Bool(value) => Value::Boolean(*value),
        Json::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        Json::String(text) => Value::String(lua.create_string(text)?),
        Json::Array(_) | Json::Object(_) => Value::Nil,
    })
}

/// A plain table of a tree. Trees are as deep as their parser allowed.
pub(crate) fn copy(lua: &Lua, library: &Library, value: &Json) -> Result<Value> {
    match value {
        Json::Array(array) => {
            let table = lua.create_table_with_capacity(array.len(), 0)?;
            for element in array {
                table.raw_push(copy(lua, library, element)?)?;
            }
            table.set_metatable(Some(library.array.clone()))?;
            Ok(Value::Table(table))
        }
        Json::Object(object) => {
            let table = lua.create_table_with_capacity(0, object.len())?;
            for (key, element) in object {
                table.raw_set(key.as_str(), copy(lua, library, element)?)?;
            }
            Ok(Value::Table(table))
        }
        scalar => self::scalar(lua, scalar),
    }
}

/// Plain tables of JSON text, made while it is read.
///
/// # Errors
/// Where it is no JSON, or the VM has no room for it.
pub(crate) fn decode(lua: &Lua, library: &Library, text: &[u8]) -> Result<Value> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Seed { lua, library }.deserialize(&mut reader);
    let value = value.and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| match error.to_string() {
        // The reader keeps only the text of what the VM said.
        text if text.starts_with(NO_MEMORY) => mlua::Error::MemoryError(NO_MEMORY.into()),
        text => mlua::Error::RuntimeError(text),
    })
}

/// What Luau says where it refuses memory.
pub(crate) const NO_MEMORY: &str = "not enough memory";

#[derive(Clone, Copy)]
struct Seed<'l> {
    lua: &'l Lua,
    library: &'l Library,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> std::result::Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

fn failed<E: serde::de::Error>(error: mlua::Error) -> E {
    E::custom(crate::error::sentence(&error))
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::NULL)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> std::result::Result<Value, E> {
        self.lua.create_string(value).map(Value::String).map_err(failed)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> std::result::Result<Value, A::Error> {
        let table = self.lua.create_table().map_err(failed)?;
        while let Some(element) = elements.next_element_seed(self)? {
            table.raw_push(element).map_err(failed)?;
        }
        table.set_metatable(Some(self.library.array.clone())).map_err(failed)?;
        Ok(Value::Table(table))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Value, A::Error> {
        let table = self.lua.create_table().map_err(failed)?;
        while let Some(key) = entries.next_key_seed(self)? {
            table.raw_set(key, entries.next_value_seed(self)?).map_err(failed)?;
        }
        Ok(Value::Table(table))
    }
}

/// JSON text of a Lua value; `place` names it in errors.
///
/// # Errors
/// Where it is none that JSON has, or longer than the budget allows.
pub(crate) fn encode(
    library: &Library,
    value: &Value,
    budget: &mut Budget,
    place: fmt::Arguments<'_>,
) -> std::result::Result<String, HookError> {
    let mut writer = Writer { library, budget, out: Vec::with_capacity(32), charged: 0 };
    writer.value(value, 0).map_err(|error| match error {
        HookError::Invalid(text) => HookError::Invalid(format!("{place}: {text}")),
        other => other,
    })?;
    writer.charge()?;
    String::from_utf8(writer.out)
        .map_err(|_| HookError::Invalid(format!("{place} has a text that is no UTF-8")))
}

struct Writer<'w> {
    library: &'w Library,
    budget: &'w mut Budget,
    out: Vec<u8>,
    charged: usize,
}

impl Writer<'_> {
    /// What was written since the last time counts against the budget. A table that holds another one many times over
    /// would else be written without end.
    fn charge(&mut self) -> std::result::Result<(), HookError> {
        let new = self.out.len() - self.charged;
        self.charged = self.out.len();
        self.budget.take(new)
    }

    fn value(&mut self, value: &Value, depth: usize) -> std::result::Result<(), HookError> {
        self.charge()?;
        match value {
            value if value.is_null() => self.out.extend_from_slice(b"null"),
            Value::Boolean(true) => self.out.extend_from_slice(b"true"),
            Value::Boolean(false) => self.out.extend_from_slice(b"false"),
            Value::Integer(number) => self.number(*number as f64)?,
            Value::Number(number) => self.number(*number)?,
            Value::String(text) => self.text(&text.as_bytes())?,
            Value::Table(table) => self.table(table, depth)?,
            Value::UserData(data) => self.view(data)?,
            other => return Err(HookError::Invalid(format!("a {} is no JSON", other.type_name()))),
        }
        Ok(())
    }

    fn number(&mut self, number: f64) -> std::result::Result<(), HookError> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.fract() == 0.0 && number.abs() <= EXACT {
            self.out.extend_from_slice((number as i64).to_string().as_bytes());
            return Ok(());
        }
        match serde_json::Number::from_f64(number) {
            Some(number) => self.out.extend_from_slice(number.to_string().as_bytes()),
            None => return Err(HookError::Invalid(format!("{number} is no JSON number"))),
        }
        Ok(())
    }

    fn text(&mut self, bytes: &[u8]) -> std::result::Result<(), HookError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            HookError::Invalid(format!("a text is no UTF-8 from its byte {}", error.valid_up_to() + 1))
        })?;
        self.budget.check(text.len())?;
        serde_json::to_writer(&mut self.out, text).map_err(|error| HookError::Invalid(error.to_string()))
    }

    fn view(&mut self, data: &mlua::AnyUserData) -> std::result::Result<(), HookError> {
        let view = data.borrow::<View>().map_err(|_| HookError::Invalid("a userdata is no JSON".into()))?;
        let text = view
            .read(|place| Ok(place.to_string()))
            .map_err(|_| HookError::Invalid(crate::frame::OVER.into()))?;
        self.out.extend_from_slice(text.as_bytes());
        self.charge()
    }

    fn table(&mut self, table: &Table, depth: usize) -> std::result::Result<(), HookError> {
        if depth >= MAX_DEPTH {
            return Err(HookError::Invalid(format!("tables nest deeper than {MAX_DEPTH}")));
        }
        let length = table.raw_len();
        let marked = table.metatable().is_some_and(|known| known == self.library.array);
        let mut entries = Vec::new();
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair.map_err(|error| HookError::Failed(crate::error::sentence(&error)))?;
            match key {
                Value::Integer(at) if usize::try_from(at).is_ok_and(|at| (1..=length).contains(&at)) => {}
                Value::String(key) if length == 0 && !marked => {
                    self.budget.take(ENTRY)?;
                    entries.push((key.as_bytes().to_vec(), value));
                }
                other => return Err(HookError::Invalid(mixed(&other))),
            }
        }
        if marked || length > 0 {
            return self.array(table, length, depth);
        }
        self.object(entries, depth)
    }

    fn array(&mut self, table: &Table, length: usize, depth: usize) -> std::result::Result<(), HookError> {
        self.out.push(b'[');
        for at in 1..=length {
            if at > 1 {
                self.out.push(b',');
            }
            let element = table.raw_get::<Value>(at).unwrap_or_default();
            if element.is_nil() {
                return Err(HookError::Invalid("an array has a gap; fill it with tidegate.json.null".into()));
            }
            self.value(&element, depth + 1)?;
        }
        self.out.push(b']');
        Ok(())
    }

    /// Tables have no order: keys are sorted, so that the same table gives the same text.
    fn object(
        &mut self,
        mut entries: Vec<(Vec<u8>, Value)>,
        depth: usize,
    ) -> std::result::Result<(), HookError> {
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.out.push(b'{');
        for (at, (key, value)) in entries.iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            self.text(key)?;
            self.out.push(b':');
            self.value(value, depth + 1)?;
        }
        self.out.push(b'}');
        Ok(())
    }
}

/// What an entry of a table counts besides its text.
pub(crate) const ENTRY: usize = 16;

fn mixed(key: &Value) -> String {
    format!("a table is neither an array nor an object because of a key of type {}", key.type_name())
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
