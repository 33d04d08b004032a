//! Plugins in processes of their own: the worker protocol, and who starts, watches and ends the processes.
//!
//! `docs/worker-protocol.md` defines the protocol. A runtime says how a worker is started ([`Launch`]); [`configure`] makes a
//! plugin of it.

#![deny(unsafe_code)]

mod call;
mod frame;
mod groups;
mod guard;
mod keeper;
mod launch;
mod link;
mod memfd;
mod memory;
mod output;
mod plugin;
mod pool;
mod proc;
mod ready;
mod services;
mod strays;
mod verdict;

pub use groups::end_all;
pub use guard::{guard, stand_guard};
pub use launch::Launch;
pub use plugin::{Package, configure};
