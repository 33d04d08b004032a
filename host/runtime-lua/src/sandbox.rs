//! A new VM: which libraries it has, what is taken out of them, and the seal.

use std::sync::{Arc, OnceLock};

use mlua::chunk::{ChunkMode, Compiler};
use mlua::{Function, Lua, LuaOptions, Result, StdLib, Table};

use crate::instance::{Library, Shared};
use crate::services;

/// Optimised without inlining: errors of services name the line that called them by counting calls.
const PRELUDE: &str = include_str!("prelude.luau");

/// A sealed VM and what the host needs of it.
///
/// # Errors
/// Where the memory limit leaves no room for it.
pub(crate) fn new(shared: &Arc<Shared>) -> Result<(Lua, Library)> {
    let libraries = StdLib::TABLE
        | StdLib::STRING
        | StdLib::MATH
        | StdLib::COROUTINE
        | StdLib::BIT
        | StdLib::BUFFER
        | StdLib::UTF8
        | StdLib::VECTOR;
    let lua = Lua::new_with(libraries, LuaOptions::default())?;
    lua.set_memory_limit(shared.limits.memory)?;
    shared.watch.install(&lua);
    let prelude = lua.load(prelude()?).set_name("=tidegate").set_mode(ChunkMode::Binary).into_function()?;
    let host = services::table(&lua, shared)?;
    let made: (Table, Function, Function) = prelude.call((host, Lua::poll_pending()))?;
    lua.sandbox(true)?;
    let (array, next_entry, next_field) = made;
    Ok((lua, Library { array, next_entry, next_field }))
}

fn prelude() -> Result<&'static [u8]> {
    static COMPILED: OnceLock<Result<Vec<u8>>> = OnceLock::new();
    match COMPILED.get_or_init(|| Compiler::new().set_optimization_level(1).compile(PRELUDE)) {
        Ok(code) => Ok(code),
        Err(error) => Err(error.clone()),
    }
}

#[cfg(test)]
#[path = "sandbox_tests.rs"]
mod tests;
