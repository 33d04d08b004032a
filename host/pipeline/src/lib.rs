//! The hook chain: filters in their order, what their failure means, and the registry that makes them.
//!
//! Knows no engine, no socket and no configuration file: filters arrive as [`Plugin`] values, whatever they run on.

#![forbid(unsafe_code)]

mod chain;
mod guard;
mod plugin;
mod registry;

pub use chain::{AuthMode, Authenticated, Chain, Denied};
pub use guard::{DEFAULT_DEADLINE, Link, OnError};
pub use plugin::{HookError, Hooks, Plugin};
pub use registry::{Documents, FilterFactory, Registry, SettingsProblem};
