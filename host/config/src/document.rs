//! Files beside the configuration, such as a file of keys: read, interpolated and held against a schema in the same way.

use std::path::PathBuf;

use serde_json::Value;

use crate::Source;
use crate::load::shape;
use crate::problem::Refused;
use crate::schema::strict;

/// A document that holds to its schema.
#[derive(Clone)]
pub struct Document {
    /// The content, interpolated; may hold secrets.
    pub value: Value,
    /// The files that `${file:}` read for it.
    pub files: Vec<PathBuf>,
}

/// Reads a document and holds it against `schema`.
///
/// # Errors
/// Every problem that was found, each with its place; none of their texts holds an interpolated value.
pub fn document(
    source: &Source,
    env: &dyn Fn(&str) -> Option<String>,
    schema: &Value,
) -> Result<Document, Refused> {
    let (_, shaped) = shape(source, env, &strict(schema.clone()))?;
    let value = shaped.tree.to_json();
    Ok(Document { value, files: shaped.finish(source)? })
}
