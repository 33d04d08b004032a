//! `ctx` and `headers`: read when a script asks, so that a call costs no table of them.

use std::sync::Arc;
use std::time::Instant;

use mlua::{Lua, MetaMethod, Result, UserData, UserDataMethods, Value};
use tidegate_contract::Principal;

use crate::frame::{Inside, OVER};
use crate::instance::Shared;

/// Made once for each VM, as [`Headers`] is: it shows the call that runs, whichever that is, and nothing between calls.
///
/// `ctx`: `request_id`, `route`, `dialect`, `operation`, `model`, `principal`, `streaming`, `attempt`, `deadline_ms`.
/// A name that it does not have is nil, as in a table.
pub(crate) struct Ctx(pub(crate) Arc<Shared>);

impl UserData for Ctx {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::Index, |lua, Self(shared), key: Value| {
            let Value::String(key) = key else { return Ok(Value::Nil) };
            read(shared, |inside| fact(lua, inside, &key.as_bytes()))
        });
    }
}

fn fact(lua: &Lua, inside: &Inside, key: &[u8]) -> Result<Value> {
    let text = |text: &str| lua.create_string(text).map(Value::String);
    let facts = &inside.facts;
    match key {
        b"request_id" => text(inside.scope.request_id()),
        b"route" => text(facts.route()),
        b"dialect" => text(facts.dialect()),
        b"operation" => text(facts.operation()),
        b"model" => facts.model().map_or(Ok(Value::Nil), text),
        b"principal" => facts.principal.as_ref().map_or(Ok(Value::Nil), |known| principal(lua, known)),
        b"streaming" => Ok(Value::Boolean(facts.streaming)),
        b"attempt" => Ok(Value::Number(f64::from(facts.attempt))),
        b"deadline_ms" => {
            let left = inside.until.saturating_duration_since(Instant::now());
            Ok(Value::Number((left.as_secs_f64() * 1000.0).floor()))
        }
        _ => Ok(Value::Nil),
    }
}

fn principal(lua: &Lua, known: &Principal) -> Result<Value> {
    let table = lua.create_table_with_capacity(0, 3)?;
    table.raw_set("id", known.id.as_str())?;
    table.raw_set("tenant", known.tenant.as_deref())?;
    let attributes = known.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    table.raw_set("attributes", lua.create_table_from(attributes)?)?;
    Ok(Value::Table(table))
}

/// `headers`: `headers["x-a"]` is the first value of that name, in any case, or nil; `headers:all("x-a")` the list of
/// all of them; `for name, value in headers` goes over every field in its order; `#headers` counts them. Values are
/// strings of bytes.
pub(crate) struct Headers(pub(crate) Arc<Shared>);

impl UserData for Headers {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::Index, |lua, this, key: Value| {
            let Value::String(key) = key else { return Ok(Value::Nil) };
            this.read(|inside| match inside.fields.values(&key.as_bytes()).next() {
                Some(value) => lua.create_string(value).map(Value::String),
                None => Ok(Value::Nil),
            })
        });
        methods.add_meta_method(MetaMethod::Len, |_, this, ()| this.read(|inside| Ok(inside.fields.len())));
        methods.add_meta_method(MetaMethod::Iter, |lua, this, ()| {
            let flat = this.read(|inside| {
                let flat = lua.create_table_with_capacity(inside.fields.len() * 2, 0)?;
                for (name, value) in inside.fields.iter() {
                    flat.raw_push(lua.create_string(name)?)?;
                    flat.raw_push(lua.create_string(value)?)?;
                }
                Ok(flat)
            })?;
            Ok((this.0.library()?.next_field.clone(), flat))
        });
        methods.add_method("all", |lua, this, key: Value| {
            let Value::String(key) = key else { return lua.create_table() };
            let key = key.as_bytes();
            this.read(|inside| {
                let values = inside.fields.values(&key).map(|value| lua.create_string(value));
                lua.create_sequence_from(values.collect::<Result<Vec<_>>>()?)
            })
        });
    }
}

impl Headers {
    fn read<T>(&self, look: impl FnOnce(&mut Inside) -> Result<T>) -> Result<T> {
        read(&self.0, look)
    }
}

/// Looks at the call that runs.
fn read<T>(shared: &Shared, look: impl FnOnce(&mut Inside) -> Result<T>) -> Result<T> {
    let found = shared.call().and_then(|frame| frame.with(look));
    found.unwrap_or_else(|| Err(shared.watch.error(OVER)))
}
