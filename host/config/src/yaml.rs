//! Reads YAML into nodes, within bounds that no hand-written file reaches and no hostile one passes.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Error, Options, Spanned};

use crate::node::{Entry, Kind, Node, Place};

/// Bytes of a file.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Lists and mappings inside each other; the deepest key of the schema stands at 9.
const MAX_DEPTH: usize = 32;
/// Values of a file.
const MAX_NODES: usize = 200_000;
/// Values that aliases add.
const MAX_REPLAYED: usize = 20_000;

/// What keeps a text from being a tree: a place and a message each.
pub(crate) type Refusals = Vec<(Place, String)>;

/// The tree of a file; an empty file is an empty mapping.
pub(crate) fn parse(text: &str) -> Result<Node, Refusals> {
    if text.len() > MAX_BYTES {
        return Err(vec![(Place::START, "the file is larger than 8 MiB; split it".to_owned())]);
    }
    let tree: Option<Spanned<Tree>> = match serde_saphyr::from_str_with_options(text, options()) {
        Ok(tree) => tree,
        Err(Error::Eof { .. }) => None,
        Err(error) => return Err(vec![refusal(&error)]),
    };
    let mut repeated = Vec::new();
    let node = match tree {
        Some(tree) => node(tree, &mut repeated),
        None => Node::new(Place::START, Kind::Map(Vec::new())),
    };
    if repeated.is_empty() { Ok(node) } else { Err(repeated) }
}

/// What a file of this crate says; a test holds each to what it should.
pub(crate) fn embedded<T: serde::de::DeserializeOwned + Default>(text: &str) -> T {
    serde_saphyr::from_str(text).unwrap_or_default()
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 2 * MAX_NODES,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_recorded_anchor_events: MAX_NODES,
            max_merge_keys: 1_000,
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_REPLAYED,
            max_replay_stack_depth: 8,
        },
        // Read as they are, so that every repeated key is reported and not only the first.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        emit_comments: false,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

fn refusal(error: &Error) -> (Place, String) {
    let error = error.without_snippet();
    let place = error.location().map_or(Place::START, place);
    (place, message(error))
}

fn message(error: &Error) -> String {
    match error {
        Error::AliasError { error, .. } => message(error),
        Error::MultipleDocuments { .. } => {
            "the file holds more than one document; remove the line \"---\" and what follows it".to_owned()
        }
        Error::UnknownAnchor { .. } => "the alias names no anchor before it".to_owned(),
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. } => {
            format!("aliases add more than {MAX_REPLAYED} values; write them out or use fewer")
        }
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => too_deep(),
        Error::Budget { .. } => "the file has too many values, anchors or aliases; split it".to_owned(),
        Error::ExternalMessage { msg, .. } if msg.contains("nesting") || msg.contains("recursion limit") => {
            too_deep()
        }
        Error::Unexpected { expected: "string scalar", .. } | Error::NullIntoString { .. } => {
            "a key must be a text".to_owned()
        }
        Error::NonFiniteFloat { .. } => "a number must be finite".to_owned(),
        Error::ExternalMessage { msg, .. } | Error::Message { msg, .. } => format!("not valid YAML: {msg}"),
        other => format!("not valid YAML: {}", without_place(&other.to_string())),
    }
}

fn too_deep() -> String {
    format!("nested deeper than {MAX_DEPTH} levels; no key of this file stands that deep")
}

/// The library ends its messages with the place, which stands before ours already.
fn without_place(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.split(" at line ").next().unwrap_or(line).trim_end_matches(':')
}

fn place(location: serde_saphyr::Location) -> Place {
    let count = |value: u64| usize::try_from(value).unwrap_or(usize::MAX).max(1);
    Place { line: count(location.line()), column: count(location.column()) }
}

fn node(tree: Spanned<Tree>, repeated: &mut Refusals) -> Node {
    let kind = match tree.value {
        Tree::Scalar(kind) => kind,
        Tree::List(items) => Kind::List(items.into_iter().map(|item| node(item, repeated)).collect()),
        Tree::Map(entries) => Kind::Map(map(entries, repeated)),
    };
    Node::new(place(tree.defined), kind)
}

fn map(entries: Vec<(Spanned<Key>, Spanned<Tree>)>, repeated: &mut Refusals) -> Vec<Entry> {
    let mut seen = HashSet::new();
    let mut kept = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let (key, place, value) = (key.value.0, place(key.defined), node(value, repeated));
        if seen.insert(key.clone()) {
            kept.push(Entry { key, place, value });
        } else {
            repeated.push((place, format!("the key {key:?} is set twice; remove one of them")));
        }
    }
    kept
}

/// A key: anything but a list or a mapping, as the file spells it.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

enum Tree {
    Scalar(Kind),
    List(Vec<Spanned<Tree>>),
    Map(Vec<(Spanned<Key>, Spanned<Tree>)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar(Kind::Null))
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar(Kind::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Scalar(Kind::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Scalar(Kind::Integer(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Scalar(i64::try_from(value).map_or(Kind::Float(value as f64), Kind::Integer)))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Tree, E> {
        Ok(Tree::Scalar(Kind::Float(value as f64)))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Tree, E> {
        Ok(Tree::Scalar(Kind::Float(value as f64)))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Tree, E> {
        if value.is_finite() {
            Ok(Tree::Scalar(Kind::Float(value)))
        } else {
            Err(E::custom("a number must be finite"))
        }
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Scalar(Kind::Text(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Tree, E> {
        Ok(Tree::Scalar(Kind::Text(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key()? {
            if entries.len() > MAX_NODES {
                return Err(A::Error::custom("a mapping has too many entries"));
            }
            entries.push((key, access.next_value()?));
        }
        Ok(Tree::Map(entries))
    }
}

#[cfg(test)]
#[path = "yaml_tests.rs"]
mod tests;
