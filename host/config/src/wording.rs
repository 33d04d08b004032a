//! Turns what the schema refuses into a sentence at a place: by the kind of refusal, never by the library's words,
//! because those may show a value.

mod filter;

use std::collections::{HashMap, HashSet};

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Refusal;
use serde_json::Value;

use crate::expected::{expected, mismatch, type_names};
use crate::node::{Node, Place};
use crate::shape::{parent, path};
use crate::words::{closest, hint, item_of, join, list};

/// One refusal in our words.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) place: Place,
    pub(crate) message: String,
    /// What must go for the rest to be valid.
    pub(crate) prune: Vec<String>,
    about: About,
}

/// What a fault says of a key, so that one slip is reported once.
#[derive(Debug)]
enum About {
    /// This key is required in the mapping that is pruned.
    Missing(String),
    /// This key was probably meant.
    Meant(String),
    Other,
}

/// The tree and the schema that it is held against.
pub(crate) struct Wording<'a> {
    pub(crate) tree: &'a Node,
    pub(crate) schema: &'a Value,
}

impl Wording<'_> {
    /// The sentences for one refusal.
    pub(crate) fn faults(&self, error: &ValidationError<'_>) -> Vec<Fault> {
        match error.kind() {
            Refusal::AdditionalProperties { unexpected } | Refusal::UnevaluatedProperties { unexpected } => {
                self.unknown_keys(error, unexpected)
            }
            Refusal::OneOfNotValid { .. } | Refusal::OneOfMultipleValid { .. } if self.is_filter(error) => {
                self.filter_kind(error).into_iter().collect()
            }
            Refusal::AnyOf { context }
            | Refusal::OneOfNotValid { context }
            | Refusal::OneOfMultipleValid { context } => self.union(error, context),
            Refusal::Required { property } => vec![self.required(error, property)],
            _ => vec![self.value(error)],
        }
    }

    /// A missing key is not reported where a misspelt one stands in its place.
    pub(crate) fn settle(&self, faults: Vec<Fault>) -> Vec<Fault> {
        let meant = |fault: &Fault| match &fault.about {
            About::Meant(key) => Some((parent(&fault.prune).to_vec(), key.clone())),
            _ => None,
        };
        let meant: HashSet<(Vec<String>, String)> = faults.iter().filter_map(meant).collect();
        let stands = |fault: &Fault| match &fault.about {
            About::Missing(key) => !meant.contains(&(fault.prune.clone(), key.clone())),
            _ => true,
        };
        faults.into_iter().filter(stands).collect()
    }

    fn fault(&self, error: &ValidationError<'_>, message: String) -> Fault {
        let path = path(error);
        Fault { place: self.node(error).place(), message, prune: path, about: About::Other }
    }

    fn node(&self, error: &ValidationError<'_>) -> &Node {
        self.tree.at(error.instance_path().as_str()).unwrap_or(self.tree)
    }

    /// The schema whose keyword refused.
    fn schema_of(&self, error: &ValidationError<'_>) -> &Value {
        let pointer = error.schema_path().as_str();
        let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        self.schema.pointer(parent).unwrap_or(&Value::Null)
    }

    fn unknown_keys(&self, error: &ValidationError<'_>, unexpected: &[String]) -> Vec<Fault> {
        let (node, path) = (self.node(error), path(error));
        let places: HashMap<&str, Place> =
            node.entries().iter().map(|entry| (entry.key.as_str(), entry.place)).collect();
        let faults = unexpected.iter().map(|key| {
            let (message, meant) = if self.is_filter(error) {
                self.unknown_filter_key(node, &path, key)
            } else {
                unknown_key(key, &self.container(&path), keys(self.schema_of(error)))
            };
            let about = meant.map_or(About::Other, About::Meant);
            let place = places.get(key.as_str()).copied().unwrap_or(node.place());
            Fault { place, message, prune: [path.as_slice(), std::slice::from_ref(key)].concat(), about }
        });
        faults.collect()
    }

    fn required(&self, error: &ValidationError<'_>, property: &Value) -> Fault {
        let key = property.as_str().unwrap_or_default();
        let message = format!("{key:?} is required {}", self.container(&path(error)));
        Fault { about: About::Missing(key.to_owned()), ..self.fault(error, message) }
    }

    /// None of several forms fits: the one whose type fits speaks, else all types are named.
    fn union(&self, error: &ValidationError<'_>, context: &[Vec<ValidationError<'static>>]) -> Vec<Fault> {
        let here = error.instance_path().as_str();
        let is_here = |leaf: &&ValidationError<'_>| leaf.instance_path().as_str() == here;
        let wrong_type = |leaf: &ValidationError<'_>| matches!(leaf.kind(), Refusal::Type { .. });
        let has_choice = |leaf: &ValidationError<'_>| !inner_choices(leaf).is_empty();
        let fits = |branch: &&Vec<ValidationError<'_>>| {
            !branch.iter().filter(is_here).any(|leaf| wrong_type(leaf) || has_choice(leaf))
        };
        let listed: Vec<&Value> = context.iter().flatten().filter(is_here).flat_map(inner_choices).collect();
        if !listed.is_empty() && !context.iter().any(|branch| fits(&branch)) {
            return vec![self.choice(error, &listed, self.is_list_too(context, here))];
        }
        let fitting = context.iter().filter(fits);
        let worded = fitting.map(|branch| self.settle(branch.iter().flat_map(|e| self.faults(e)).collect()));
        if let Some(best) = worded.filter(|faults| !faults.is_empty()).min_by_key(Vec::len) {
            return best;
        }
        let names = context.iter().flatten().filter(is_here).flat_map(|leaf| match leaf.kind() {
            Refusal::Type { kind } => type_names(kind),
            _ => Vec::new(),
        });
        let mut names: Vec<String> = names.collect();
        names.dedup();
        let wanted = format!("must be {}", join(&names, "or"));
        let message = format!("{} {}", self.subject(error), mismatch(&wanted, self.node(error)));
        vec![self.fault(error, message)]
    }

    /// Whether one of several forms is a list, beside others that are words.
    fn is_list_too(&self, context: &[Vec<ValidationError<'static>>], here: &str) -> bool {
        let is_list = |leaf: &ValidationError<'_>| match leaf.kind() {
            Refusal::Type { kind } => type_names(kind) == ["a list"],
            _ => false,
        };
        context.iter().flatten().any(|leaf| leaf.instance_path().as_str() == here && is_list(leaf))
    }

    fn choice(&self, error: &ValidationError<'_>, choices: &[&Value], or_list: bool) -> Fault {
        let mut names: Vec<String> = Vec::new();
        for choice in choices {
            let name = choice.as_str().map_or_else(|| choice.to_string(), str::to_owned);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let node = self.node(error);
        let guess =
            node.text().filter(|_| !node.is_interpolated()).and_then(|text| closest(text, names.clone()));
        let hint = guess.map(|guess| format!("; did you mean {guess:?}?")).unwrap_or_default();
        let list_too = if or_list { " or a list" } else { "" };
        let one_of = list(&names, "or") + list_too;
        self.fault(error, format!("{} must be {one_of}, not {}{hint}", self.subject(error), node.quoted()))
    }

    fn value(&self, error: &ValidationError<'_>) -> Fault {
        let (schema, node) = (self.schema_of(error), self.node(error));
        let says = match error.kind() {
            Refusal::Enum { .. } | Refusal::Constant { .. } => {
                return self.choice(error, &choices(error).collect::<Vec<_>>(), false);
            }
            Refusal::Type { .. } => mismatch(&expected(schema), node),
            Refusal::MinLength { limit: 1 } => "must not be empty".to_owned(),
            Refusal::MinItems { limit: 1 } => {
                "must hold at least one item; add one, or remove the key".to_owned()
            }
            Refusal::MinProperties { .. } | Refusal::MaxProperties { .. } => {
                format!("takes exactly one of {}", list(&keys(schema), "or"))
            }
            Refusal::FalseSchema => "is not allowed here".to_owned(),
            Refusal::UniqueItems => "must not hold the same item twice".to_owned(),
            Refusal::Format { format } => format!("must be a valid {format}"),
            Refusal::PropertyNames { .. } => "has a key that is not allowed".to_owned(),
            Refusal::Minimum { .. }
            | Refusal::Maximum { .. }
            | Refusal::ExclusiveMinimum { .. }
            | Refusal::ExclusiveMaximum { .. }
            | Refusal::Pattern { .. }
            | Refusal::MinLength { .. }
            | Refusal::MaxLength { .. }
                if schema["writeOnly"] != true =>
            {
                format!("{}, not {}", expected(schema), node.quoted())
            }
            _ => format!("does not fit the schema ({})", error.kind().keyword()),
        };
        self.fault(error, format!("{} {says}", self.subject(error)))
    }

    /// What an error about a value speaks of.
    fn subject(&self, error: &ValidationError<'_>) -> String {
        let path = path(error);
        match path.as_slice() {
            [] => "the file".to_owned(),
            [.., list, index] if is_index(index) => {
                item_of(list).map_or_else(|| format!("an item of {list:?}"), str::to_owned)
            }
            [.., key] => format!("{key:?}"),
        }
    }

    /// Where a key stands, with its preposition.
    fn container(&self, path: &[String]) -> String {
        match path {
            [] => "at the top level".to_owned(),
            [.., filters, index, kind] if filters == "filters" && is_index(index) => {
                format!("in filter {kind:?}")
            }
            [.., list, item] if is_index(item) || list == "clusters" => {
                format!("in {}", item_of(list).map_or_else(|| format!("an item of {list:?}"), str::to_owned))
            }
            [.., key] => format!("in {key}"),
        }
    }
}

/// The message for a key that is not known, and the key that was probably meant.
fn unknown_key(key: &str, place: &str, known: Vec<&str>) -> (String, Option<String>) {
    let meant = closest(key, known.iter().copied()).map(str::to_owned);
    (format!("unknown key {key:?} {place}; {}", hint("keys", key, known)), meant)
}

/// The refusals that a union is made of, down to those of single values.
pub(crate) fn leaves<'e>(error: &'e ValidationError<'e>) -> Vec<&'e ValidationError<'e>> {
    match error.kind() {
        Refusal::AnyOf { context }
        | Refusal::OneOfNotValid { context }
        | Refusal::OneOfMultipleValid { context } => {
            context.iter().flatten().flat_map(|inner| leaves(inner)).collect()
        }
        Refusal::Type { .. } => vec![error],
        _ => Vec::new(),
    }
}

/// The values that an enumeration takes, also where it stands in a form of its own.
fn inner_choices<'e>(error: &'e ValidationError<'_>) -> Vec<&'e Value> {
    match error.kind() {
        Refusal::AnyOf { context }
        | Refusal::OneOfNotValid { context }
        | Refusal::OneOfMultipleValid { context } => {
            let is_here = |inner: &&ValidationError<'_>| inner.instance_path() == error.instance_path();
            context.iter().flatten().filter(is_here).flat_map(inner_choices).collect()
        }
        _ => choices(error).collect(),
    }
}

/// The values that an enumeration takes.
fn choices<'e>(error: &'e ValidationError<'_>) -> Box<dyn Iterator<Item = &'e Value> + 'e> {
    match error.kind() {
        Refusal::Enum { options } => Box::new(options.as_array().into_iter().flatten()),
        Refusal::Constant { expected_value } => Box::new(std::iter::once(expected_value.as_ref())),
        _ => Box::new(std::iter::empty()),
    }
}

fn keys(schema: &Value) -> Vec<&str> {
    let properties = schema["properties"].as_object();
    properties.into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

fn is_index(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_digit())
}
