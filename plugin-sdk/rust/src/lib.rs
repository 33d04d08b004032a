//! What the author of a Tidegate plugin in Rust uses.
//!
//! ```
//! use tidegate_plugin::{Context, Moderation, Plugin, Result, Text, Value, allow, block};
//!
//! struct Guard {
//!     words: Vec<String>,
//! }
//!
//! #[tidegate_plugin::plugin]
//! impl Plugin for Guard {
//!     fn configure(config: Value) -> Result<Self> {
//!         let words = config["words"].as_array().ok_or("\"words\" must be a list")?;
//!         Ok(Self { words: words.iter().filter_map(Value::as_str).map(String::from).collect() })
//!     }
//!
//!     fn moderate_input(&self, _ctx: &Context, texts: &[Text]) -> Result<Moderation> {
//!         let found = self.words.iter().find(|word| texts.iter().any(|text| text.content.contains(*word)));
//!         Ok(found.map_or_else(allow, |word| block(format!("the word \"{word}\" is not allowed"))))
//!     }
//! }
//! ```
//!
//! The hooks that stand in the block are those that the gateway calls; nothing else is exported. Functions that are
//! called for every event of a stream get one event at a time.

// The attribute's code names the crate as an author's crate does.
#[cfg(test)]
extern crate self as tidegate_plugin;

mod admission;
mod auth;
mod bindings;
mod body;
mod error;
mod headers;
mod hook;
mod moderation;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod native;
#[cfg(not(target_arch = "wasm32"))]
mod offline;
mod plugin;
mod run;
mod service_error;
mod services;
mod subscription;
mod transform;

pub use admission::{Admission, admit, refuse};
pub use auth::{Auth, deny, grant, pass};
pub use bindings::auth::exports::tidegate::plugin::auth::{Head, Peer};
pub use bindings::host::tidegate::plugin::types::{
    Context, Finding, Header, Principal, Text, TextEdit, Usage,
};
pub use bindings::lifecycle::exports::tidegate::plugin::lifecycle::Windows;
pub use bindings::observe::exports::tidegate::plugin::observe::Outcome;
pub use bindings::transform::exports::tidegate::plugin::transform::Event;
pub use body::Body;
pub use error::{Error, Result};
pub use headers::Headers;
pub use hook::Hook;
pub use moderation::{Moderation, allow, block, flag, redact};
pub use plugin::Plugin;
pub use serde_json::{self, Value, json};
pub use services::{http, info, kv, log, metrics, models, secrets, state};
pub use subscription::Subscription;
pub use tidegate_plugin_macros::plugin;
pub use transform::{Events, Transform, changed, drop, keep, replace, reply, unchanged};

/// What the attribute's code names; no part of the interface.
#[doc(hidden)]
pub mod __rt {
    pub use crate::bindings::{admission, auth, lifecycle, moderation, observe, transform};
    #[cfg(all(feature = "native", not(target_arch = "wasm32")))]
    pub mod native {
        pub use crate::native::{abi, table};
    }
    pub use crate::run::{Component, Slot, Written};
}

/// Without the feature, or where the target is a component, a plugin exports no table.
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __native {
    ($plugin:ty) => {};
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod verdict_tests;
