//! Files beside the configuration, such as a file of keys: read, interpolated and held against a schema in the same way.

use std::path::PathBuf;

use serde_json::Value;

use crate::Source;
use crate::load::shape;
use crate::node::Node;
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

/// What is wrong with a schema, where it is none: its place in it, and why.
pub fn schema_problem(schema: &Value) -> Option<String> {
    let error = crate::shape::Shape::new(&strict(schema.clone())).err()?;
    let place = error.instance_path().as_str().to_owned();
    let at = if place.is_empty() { "it".to_owned() } else { format!("\"{place}\" of it") };
    Some(format!("{at} is nothing that JSON Schema (2020-12) knows"))
}

/// What `schema` refuses in a value, one sentence each.
pub fn holds(value: &Value, schema: &Value) -> Vec<String> {
    match crate::yaml::parse(&value.to_string()) {
        Ok(node) => hold(Some(&node), schema),
        Err(refusals) => refusals.into_iter().map(|(_, text)| text).collect(),
    }
}

/// What `schema` refuses in a part of a file, one sentence each; a part that is not there is an empty mapping.
/// An unusable schema is refused, too.
pub fn hold(node: Option<&Node>, schema: &Value) -> Vec<String> {
    let schema = strict(schema.clone());
    let empty =
        || crate::yaml::parse("{}").map_err(|refusals| refusals.into_iter().map(|(_, text)| text).collect());
    let mut node = match node.cloned().map_or_else(empty, Ok) {
        Ok(node) => node,
        Err(refusals) => return refusals,
    };
    match crate::shape::Shape::new(&schema) {
        Ok(shape) => shape.check(&mut node).into_iter().map(|(_, message)| message).collect(),
        Err(error) => vec![format!("its schema is not valid: {}", error.masked())],
    }
}
