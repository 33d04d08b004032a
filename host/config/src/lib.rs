//! The configuration file: from bytes to a checked [`Config`], or to all of its problems with their places.

#![forbid(unsafe_code)]

mod check;
pub mod checked;
mod document;
mod expected;
mod interpolate;
mod load;
pub mod node;
mod problem;
mod provider;
mod raw;
mod schema;
mod scope;
mod shape;
mod shown;
mod wording;
mod words;
mod yaml;

use std::path::PathBuf;

pub use check::price_catalogue;
pub use checked::Config;
pub use document::{Document, document, hold, holds, schema_problem};
pub use load::load;
pub use node::{Node, Place};
pub use problem::{Problem, Problems, Refused};
pub use provider::compatible_providers;
pub use schema::schema;
pub use words::closest;

/// A configuration file as it was read.
#[derive(Clone)]
pub struct Source {
    /// How errors name the file.
    pub name: String,
    /// Its content, YAML.
    pub text: String,
    /// The folder that relative paths start from.
    pub base: PathBuf,
}

/// What a valid file gives.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration as it is used.
    pub config: Config,
    /// Every file that was read or is referred to, to be watched for changes.
    pub files: Vec<PathBuf>,
    /// The file before interpolation, its literal secrets replaced by `[redacted]`.
    pub shown: serde_json::Value,
}

/// The filters that a file may name; this crate knows none by itself.
pub trait FilterKinds {
    /// The names, in the order in which errors list them.
    fn kinds(&self) -> Vec<String>;

    /// The JSON Schema of a filter's settings, `writeOnly: true` on what is secret; `None` for an unknown kind.
    fn schema(&self, kind: &str) -> Option<serde_json::Value>;
}
