//! Python plugins: worker processes that run the user's own interpreter, with its packages and C extensions.
//!
//! The interpreter is started with `-I -S`: neither its environment nor a `.pth` file of an installed package has a say in what
//! runs. The protocol and the care for the processes are those of `tidegate-workers`; the Python side is `sdk-python`, which the
//! binary carries.

#![forbid(unsafe_code)]

mod code;
mod extension;
mod files;
mod interpreter;
mod runtime;
mod sdk;

pub use interpreter::{Lack, can_import};
pub use runtime::PythonRuntime;
pub use tidegate_workers::{end_all, guard, stand_guard};
