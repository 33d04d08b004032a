//! WASM plugins: components on wasmtime, compiled once, in pooled instances that are bounded in time, memory and reach.
//!
//! A component may export any of the contract's interfaces besides `lifecycle`, and may import the gateway's services that
//! its manifest asks for, and WASI without a file, a socket, an argument or a variable behind it.

#![deny(unsafe_code)]

mod bindings;
mod code;
mod compile;
mod convert;
mod disk;
mod exports;
mod fault;
mod host;
mod imports;
mod instance;
mod plugin;
mod runtime;

pub use runtime::{Compilation, StartError, WasmRuntime};

#[cfg(test)]
#[path = "testing_tests.rs"]
mod testing;

#[cfg(test)]
#[path = "hostile_tests.rs"]
mod hostile;
