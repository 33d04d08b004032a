//! A lazy view of a JSON tree: nothing of it is converted before a script looks at it.

use std::sync::Arc;

use mlua::{Lua, MetaMethod, Result, UserData, UserDataMethods, Value};
use serde_json::Value as Json;

use crate::frame::{Frame, OVER};
use crate::instance::Shared;
use crate::json;

/// An object or array inside a tree that a call was lent. Read-only; the tree is shared, never copied.
///
/// `view.key` and `view[1]` give strings, numbers, booleans, `tidegate.json.null` for null, nil for what is missing, and
/// further views. `#view` is the length of an array and 0 for an object, as for a table. `for key, value in view` goes
/// over an object in the order of its text, over an array from 1. `view()` makes a plain table of it.
#[derive(Clone)]
pub(crate) struct View {
    frame: Arc<Frame>,
    shared: Arc<Shared>,
    tree: u32,
    /// `None` is the root.
    node: Option<Arc<Node>>,
}

/// The way to a place: positions in objects and arrays. A view has a fixed size this way, whatever the keys are, so that
/// the VM's memory limit bounds what views cost outside of it.
struct Node {
    parent: Option<Arc<Node>>,
    position: usize,
}

impl Node {
    fn find<'t>(&self, tree: &'t Json) -> Option<&'t Json> {
        let parent = match &self.parent {
            Some(parent) => parent.find(tree)?,
            None => tree,
        };
        match parent {
            Json::Array(array) => array.get(self.position),
            Json::Object(object) => object.values().nth(self.position),
            _ => None,
        }
    }
}

impl View {
    /// A whole tree as a script sees it: a view where it is an object or array.
    pub(crate) fn lend(
        lua: &Lua,
        shared: &Arc<Shared>,
        frame: &Arc<Frame>,
        tree: Arc<Json>,
    ) -> Result<Value> {
        match &*tree {
            Json::Array(_) | Json::Object(_) => {
                let view = Self {
                    frame: Arc::clone(frame),
                    shared: Arc::clone(shared),
                    tree: frame.lend(tree),
                    node: None,
                };
                lua.create_userdata(view).map(Value::UserData)
            }
            scalar => json::scalar(lua, scalar),
        }
    }

    /// Reads the place.
    ///
    /// # Errors
    /// Where the call has ended.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Json) -> Result<T>) -> Result<T> {
        let found = self.frame.with(|inside| {
            let tree = inside.trees.get(self.tree as usize)?;
            let place = match &self.node {
                Some(node) => node.find(tree)?,
                None => tree,
            };
            Some(read(place))
        });
        found.flatten().unwrap_or_else(|| Err(self.shared.watch.error(OVER)))
    }

    fn index(&self, lua: &Lua, key: &Value) -> Result<Value> {
        self.read(|place| {
            let found = match (place, key) {
                (Json::Array(array), Value::Integer(_) | Value::Number(_)) => {
                    position(key).and_then(|at| array.get(at).map(|found| (at, found)))
                }
                (Json::Object(object), Value::String(key)) => {
                    let key = key.as_bytes();
                    let found = std::str::from_utf8(&key).ok().and_then(|key| object.get(key));
                    // Only what has places of its own needs its position.
                    found.and_then(|value| match value {
                        Json::Array(_) | Json::Object(_) => {
                            object.keys().position(|known| known.as_bytes() == &*key).map(|at| (at, value))
                        }
                        scalar => Some((0, scalar)),
                    })
                }
                _ => None,
            };
            match found {
                None => Ok(Value::Nil),
                Some((position, Json::Array(_) | Json::Object(_))) => {
                    let node = Node { parent: self.node.clone(), position };
                    let child = Self { node: Some(Arc::new(node)), ..self.clone() };
                    lua.create_userdata(child).map(Value::UserData)
                }
                Some((_, scalar)) => json::scalar(lua, scalar),
            }
        })
    }
}

/// Lua counts from 1.
fn position(key: &Value) -> Option<usize> {
    match key {
        Value::Integer(at) => usize::try_from(*at).ok()?.checked_sub(1),
        _ => None,
    }
}

impl UserData for View {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::Index, |lua, this, key: Value| this.index(lua, &key));
        methods.add_meta_method(MetaMethod::Len, |_, this, ()| {
            this.read(|place| Ok(place.as_array().map_or(0, Vec::len)))
        });
        methods.add_meta_method(MetaMethod::Call, |lua, this, ()| {
            let library = this.shared.library()?;
            this.read(|place| json::copy(lua, library, place))
        });
        // The keys are kept in the VM's own memory, where its limit sees them.
        methods.add_meta_function(MetaMethod::Iter, |lua, this: mlua::AnyUserData| {
            let view = this.borrow::<Self>()?;
            let library = view.shared.library()?;
            let keys = view.read(|place| match place {
                Json::Object(object) => {
                    let keys = object.keys().map(|key| lua.create_string(key)).collect::<Result<Vec<_>>>()?;
                    lua.create_sequence_from(keys).map(Some)
                }
                _ => Ok(None),
            })?;
            let state = lua.create_table_with_capacity(0, 3)?;
            state.raw_set("view", &this)?;
            state.raw_set("keys", keys)?;
            state.raw_set("at", 0)?;
            Ok((library.next_entry.clone(), state))
        });
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
