//! The contract between the gateway and its filters and plugins, as plain values.
//!
//! No I/O, no engine, no HTTP library: whatever crosses the border between the gateway and a policy is
//! one of these types, whichever runtime the policy lives in.

#![forbid(unsafe_code)]

mod admission;
mod auth;
mod context;
mod exchange;
mod hook;
mod lifecycle;
mod moderation;
mod names;
mod transform;

pub use admission::AdmissionVerdict;
pub use auth::{AuthVerdict, Grant, Head, HeaderEdit, ModelNames, Peer, Principal, Refusal};
pub use context::Context;
pub use exchange::{Outcome, Usage};
pub use hook::{Hook, Hooks};
pub use lifecycle::Subscription;
pub use moderation::{Finding, Judged, Judgement, KINDS, ROLES, Text, TextEdit, Windows};
pub use names::{Dialect, Operation};
pub use transform::{
    BodyChange, Change, Event, EventVerdict, Header, JsonEdit, JsonSet, Need, Reply, TransformVerdict,
};

/// The version of the contract that this crate mirrors: the package of `plugin-sdk/wit`.
pub const VERSION: &str = "0.1";
