//! Masks personal data in prompts and answers, also where it is split over the parts of a stream.

// The exports of a component are unsafe functions, which the attribute writes.
#![cfg_attr(not(target_arch = "wasm32"), forbid(unsafe_code))]

mod config;
mod plugin;

pub use config::{Action, Config};
pub use plugin::PiiRedact;
