//! A plugin that misbehaves on demand: what `"do"` of its configuration names, in every hook of a request whose id contains
//! `attack` (or of all with `"always": true`); and what `"configure"` names while it is configured. All else it serves.

mod attack;
mod plugin;
#[cfg(not(target_arch = "wasm32"))]
mod process;

pub use plugin::Hostile;
