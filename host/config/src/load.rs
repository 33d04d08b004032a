//! The steps of a load: read, interpolate, hold against the schema, decode, check. Each goes on as far as it can,
//! so that one run shows every problem.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use crate::check;
use crate::interpolate::Interpolation;
use crate::node::{Node, Place};
use crate::problem::{Problems, Refused, problem};
use crate::raw::File;
use crate::schema::schema;
use crate::scope::Scope;
use crate::shape::Shape;
use crate::shown::shown;
use crate::yaml;
use crate::{FilterKinds, Loaded, Source};

type Refusals = Vec<(Place, String)>;

/// Reads a configuration file. `env` gives the variables of `${VAR}`; files are read relative to the source's folder.
///
/// # Errors
/// Every problem that was found, each with its place; none of their texts holds an interpolated value.
pub fn load(
    source: &Source,
    env: &dyn Fn(&str) -> Option<String>,
    filters: &dyn FilterKinds,
) -> Result<Loaded, Refused> {
    let schema = schema(filters);
    let (written, mut shaped) = shape(source, env, &schema)?;
    let scope = Scope::new(&source.base, &written);
    let config = match File::deserialize(shaped.tree.to_json()) {
        Ok(file) => Some(check::config(file, scope.root(&shaped.tree))),
        // The schema is as strict as the types, so this is a fault of ours; the library's text may hold a value.
        Err(_) => {
            let message = "the file fits the schema but cannot be decoded".to_owned();
            shaped.refusals.push((Place::START, message));
            None
        }
    };
    let (seen, reports) = scope.finish();
    shaped.refusals.extend(reports);
    shaped.files.extend(seen);
    let files = shaped.finish(source)?;
    match config {
        Some(config) => Ok(Loaded { config, files, shown: shown(&written, &schema) }),
        None => Err(Refused { problems: Problems(Vec::new()), files }),
    }
}

/// A tree that fits its schema, because what did not fit was refused and pruned.
pub(crate) struct Shaped {
    pub(crate) tree: Node,
    files: Vec<PathBuf>,
    /// What could not be filled in.
    unset: Refusals,
    refusals: Refusals,
}

impl Shaped {
    /// The files in order, or what was refused.
    pub(crate) fn finish(mut self, source: &Source) -> Result<Vec<PathBuf>, Refused> {
        self.files.sort();
        self.files.dedup();
        // What could not be filled in is refused for that alone.
        self.refusals.retain(|(place, _)| self.unset.iter().all(|(other, _)| other != place));
        self.refusals.append(&mut self.unset);
        if self.refusals.is_empty() {
            return Ok(self.files);
        }
        Err(Refused { problems: problems(source, self.refusals), files: self.files })
    }
}

/// The tree as it was written, and as it is after interpolation and the schema.
pub(crate) fn shape(
    source: &Source,
    env: &dyn Fn(&str) -> Option<String>,
    schema: &Value,
) -> Result<(Node, Shaped), Refused> {
    let refuse = |refusals| Refused { problems: problems(source, refusals), files: Vec::new() };
    let written = yaml::parse(&source.text).map_err(refuse)?;
    let shape = Shape::new(schema).map_err(|error| {
        refuse(vec![(Place::START, format!("a schema is not valid: {}", error.masked()))])
    })?;
    let mut tree = written.clone();
    let mut interpolation = Interpolation::new(env, &source.base);
    interpolation.tree(&mut tree);
    let (files, unset) = interpolation.finish();
    let refusals = shape.check(&mut tree);
    Ok((written, Shaped { tree, files, unset, refusals }))
}

fn problems(source: &Source, refusals: Refusals) -> Problems {
    Problems::sorted(refusals.into_iter().map(|(place, text)| problem(&source.name, place, text)).collect())
}
