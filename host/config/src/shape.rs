//! Holds a tree against the schema, reports every refusal at its place, and prunes the refused parts away
//! so that the rest can be checked further in the same run.

use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

use crate::node::{Kind, Node, Place};
use crate::wording::{Fault, Wording, leaves};

/// A compiled schema.
pub(crate) struct Shape<'a> {
    schema: &'a Value,
    validator: Validator,
}

impl<'a> Shape<'a> {
    /// Fails where the schema is not one.
    pub(crate) fn new(schema: &'a Value) -> Result<Self, Box<ValidationError<'static>>> {
        let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
        options.build(schema).map(|validator| Self { schema, validator }).map_err(Box::new)
    }

    /// What the schema refuses. The tree is left valid: its refused parts are gone.
    pub(crate) fn check(&self, tree: &mut Node) -> Vec<(Place, String)> {
        self.coerce(tree);
        let first = self.faults(tree);
        let mut next: Vec<Vec<String>> = first.iter().map(|fault| fault.prune.clone()).collect();
        // What lacks a pruned part is refused in turn, up to the root at worst, of which nothing is left then.
        while !next.is_empty() {
            let root = next.iter().any(Vec::is_empty);
            prune(tree, next);
            if root {
                break;
            }
            next = self.faults(tree).into_iter().map(|fault| fault.prune).collect();
        }
        first.into_iter().map(|fault| (fault.place, fault.message)).collect()
    }

    fn faults(&self, tree: &Node) -> Vec<Fault> {
        let json = tree.to_json();
        let wording = Wording { tree, schema: self.schema };
        wording.settle(self.validator.iter_errors(&json).flat_map(|error| wording.faults(&error)).collect())
    }

    /// An interpolated text is a number or a boolean where the schema wants one and the text reads as one.
    fn coerce(&self, tree: &mut Node) {
        let json = tree.to_json();
        let mut found = Vec::new();
        for error in self.validator.iter_errors(&json) {
            for leaf in leaves(&error) {
                let Some(node) = tree.at(leaf.instance_path().as_str()) else { continue };
                if let Some(kind) = node.text().filter(|_| node.is_interpolated()).and_then(scalar) {
                    found.push((path(leaf), kind));
                }
            }
        }
        let before = tree.clone();
        for (path, kind) in found {
            if let Some(node) = tree.at_mut(&path) {
                node.set_kind(kind);
            }
        }
        self.keep_useful(tree, &before);
    }

    /// A coercion that the schema refuses as well is undone, so that the error speaks of the text.
    fn keep_useful(&self, tree: &mut Node, before: &Node) {
        let json = tree.to_json();
        for error in self.validator.iter_errors(&json).collect::<Vec<_>>() {
            if !matches!(error.kind(), jsonschema::error::ValidationErrorKind::Type { .. }) {
                continue;
            }
            let pointer = error.instance_path().as_str();
            let written = before.at(pointer).filter(|node| node.is_interpolated());
            if let (Some(written), Some(node)) = (written, tree.at_mut(&path(&error))) {
                node.set_kind(written.kind().clone());
            }
        }
    }
}

fn scalar(text: &str) -> Option<Kind> {
    match text {
        "true" => Some(Kind::Bool(true)),
        "false" => Some(Kind::Bool(false)),
        _ => {
            let integer = text.parse().ok().map(Kind::Integer);
            integer.or_else(|| text.parse().ok().filter(|float: &f64| float.is_finite()).map(Kind::Float))
        }
    }
}

/// The path of an error as keys.
pub(crate) fn path(error: &ValidationError<'_>) -> Vec<String> {
    error.instance_path().segments().map(|segment| segment.to_string()).collect()
}

/// Takes out the nodes at these paths, deepest first, because taking an item out moves those after it.
fn prune(tree: &mut Node, mut paths: Vec<Vec<String>>) {
    paths.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    paths.dedup();
    for group in paths.chunk_by(|a, b| parent(a) == parent(b)) {
        let Some(parent) = group.first().filter(|path| !path.is_empty()).map(|path| parent(path)) else {
            tree.set_kind(Kind::Map(Vec::new()));
            return;
        };
        let keys = group.iter().filter_map(|path| path.last().map(String::as_str)).collect();
        if let Some(node) = tree.at_mut(parent) {
            node.prune(&keys);
        }
    }
}

/// A path without its last key.
pub(crate) fn parent(path: &[String]) -> &[String] {
    path.split_last().map_or(path, |(_, parent)| parent)
}

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
