//! Case files: what a plugin is told and what it must answer, as JSON, the same for every language.
//!
//! `README.md` beside this crate defines the format. A case is read with [`Case::read`], and played with [`run`] against the
//! code of a plugin, or with [`play`] against a plugin that is configured already.

#![forbid(unsafe_code)]

mod ask;
mod case;
mod compare;
mod decode;
mod effect;
mod expect;
mod fake_http;
mod fake_kv;
mod fake_metrics;
mod fake_models;
mod input;
mod mismatch;
mod play;
mod recorder;
mod run;
mod services;
mod shape;
mod show;
mod split;

pub use case::{Case, CaseError, cases};
pub use mismatch::Mismatch;
pub use play::{Timed, play, rounds};
pub use recorder::Recorder;
pub use run::{check_configure, configured, run};
