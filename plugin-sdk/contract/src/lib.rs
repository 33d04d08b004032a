//! The contract between the gateway and its filters and plugins, as plain values.
//!
//! No I/O, no engine, no HTTP library: whatever crosses the border between the gateway and a policy is
//! one of these types, whichever runtime the policy lives in.

#![forbid(unsafe_code)]

mod auth;
mod exchange;
mod names;

pub use auth::{AuthVerdict, Context, Grant, Head, HeaderEdit, ModelNames, Peer, Principal, Refusal};
pub use exchange::Usage;
pub use names::{Dialect, Operation};
