//! Lua plugins: Luau source, sandboxed, each configured plugin in a pool of VMs.
//!
//! The entry of a package returns a module table whose functions are named by hook. A VM serves one call at a time and
//! is thrown away when a call in it ran out of time or memory, or was cancelled. What a script can reach is `tidegate.*`
//! and the libraries `table`, `string`, `math`, `coroutine`, `bit32`, `buffer`, `utf8` and `vector`, all frozen.

#![forbid(unsafe_code)]

mod body;
mod code;
mod context;
mod convert;
mod error;
mod frame;
mod instance;
mod json;
mod limits;
mod plugin;
mod runtime;
mod sandbox;
mod services;
mod subscription;
mod verdict;

#[cfg(test)]
#[path = "testing_tests.rs"]
mod testing;

pub use runtime::LuaRuntime;
