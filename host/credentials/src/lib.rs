//! Credentials of clusters in clouds: found where each cloud's own tools look for them, exchanged for short-lived ones, kept
//! fresh, and put into requests.
//!
//! [`Identity`] is what a cluster holds: it gives the header fields of one request. Behind it a [`Cached`] value is fetched
//! from one of [`Wanted`]'s sources and renewed before it ends. All that a source touches of the world comes in by
//! [`Sources`]: the HTTP client, the environment with its files, and the time.

#![forbid(unsafe_code)]

pub mod aws;
pub mod azure;
mod cached;
mod call;
mod chain;
mod encoding;
mod error;
pub mod gcp;
mod identity;
mod jwt;
mod sources;
mod token;
mod url;

#[cfg(test)]
mod testing;

pub use cached::{Cached, Lease};
pub use error::{CredentialsError, Why};
pub use identity::{Fields, Identity, Shown, Signable, Wanted};
pub use sources::{Clock, Environment, ProcessEnvironment, Sources, SystemClock};
