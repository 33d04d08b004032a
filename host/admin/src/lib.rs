//! The admin listener: health, metrics and the API that operates the gateway.
//!
//! `/healthz`, `/readyz` and `/metrics` are open, so the address decides who sees them; everything below
//! `/v1` is refused unless [`LiveAccess`] allows it.

#![forbid(unsafe_code)]

mod access;
mod answer;
mod control;
mod routes;
mod server;
mod token;

pub use access::{Access, LiveAccess};
pub use control::{ApiError, Control, KeyControl, ReloadError, Reloaded};
pub use server::serve;
pub use token::{TokenError, generated_token};
