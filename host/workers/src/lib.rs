//! Plugins in processes of their own: the worker protocol, and who starts, watches and ends the processes.
//!
//! `docs/worker-protocol.md` defines the protocol. A runtime says how a worker is started ([`Launch`]); [`configure`] makes a
//! plugin of it.

#![deny(unsafe_code)]

mod call;
mod frame;
mod keeper;
mod launch;
mod link;
mod memfd;
mod memory;
mod output;
mod plugin;
mod pool;
mod ready;
mod services;
mod verdict;

pub use launch::{Launch, end_all};
pub use plugin::{Package, configure};
