//! The file as a tree whose every value knows its place, so that any later check can point at what it refuses.

use std::collections::HashSet;
use std::fmt;

use serde_json::Value;

/// Where something stands in the file; both counts start at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Place {
    /// The beginning of a file.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// A value of the file. Its `Debug` shows places and kinds, never a value: a value may be a secret.
#[derive(Clone, PartialEq)]
pub struct Node {
    place: Place,
    kind: Kind,
    /// The text as the file has it, where an interpolation replaced it.
    written: Option<Box<str>>,
    /// A part was taken out because it was refused.
    pruned: bool,
}

/// What a node is.
#[derive(Clone, PartialEq)]
pub enum Kind {
    /// An empty value, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other finite number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<Entry>),
}

/// An entry of a mapping.
#[derive(Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// What it is set to.
    pub value: Node,
}

impl Node {
    /// A node as it was written.
    pub fn new(place: Place, kind: Kind) -> Self {
        Self { place, kind, written: None, pruned: false }
    }

    /// Where the value begins.
    pub fn place(&self) -> Place {
        self.place
    }

    /// What the node is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The node that a JSON pointer names; the empty pointer is the node itself.
    pub fn at(&self, json_pointer: &str) -> Option<&Node> {
        if json_pointer.is_empty() {
            return Some(self);
        }
        json_pointer.strip_prefix('/')?.split('/').try_fold(self, |node, part| node.child(&unescape(part)))
    }

    /// The value under a key of a mapping, or at an index of a list.
    pub fn child(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::List(items) => items.get(key.parse::<usize>().ok()?),
            _ => self.entry(key).map(|entry| &entry.value),
        }
    }

    /// The entry of a mapping.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a mapping; of anything else, none.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; of anything else, none.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The text, where it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether its value came from the environment or from another file.
    pub fn is_interpolated(&self) -> bool {
        self.written.is_some()
    }

    /// A scalar as the file has it, a text in quotes: fit for an error, because it holds nothing that was interpolated.
    pub fn quoted(&self) -> String {
        match (&self.written, self.text()) {
            (Some(written), _) => format!("{written:?}"),
            (None, Some(text)) => format!("{text:?}"),
            (None, None) => match &self.kind {
                Kind::Integer(value) => value.to_string(),
                Kind::Float(value) => value.to_string(),
                Kind::Bool(value) => value.to_string(),
                _ => self.noun().to_owned(),
            },
        }
    }

    /// What the node is, with its article.
    pub fn noun(&self) -> &'static str {
        match self.kind {
            Kind::Null => "an empty value",
            Kind::Bool(_) => "a boolean",
            Kind::Integer(_) => "a whole number",
            Kind::Float(_) => "a number",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    /// The value without its places.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::from(*value),
            Kind::Integer(value) => Value::from(*value),
            Kind::Float(value) => float_to_json(*value),
            Kind::Text(text) => Value::from(text.as_str()),
            Kind::List(items) => items.iter().map(Self::to_json).collect(),
            Kind::Map(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect()
            }
        }
    }

    /// Whether a direct child was taken out because it was refused.
    pub(crate) fn is_pruned(&self) -> bool {
        self.pruned
    }

    /// Replaces what the node is, and keeps its place.
    pub(crate) fn set_kind(&mut self, kind: Kind) {
        self.kind = kind;
    }

    /// Replaces a text by what its interpolation gave.
    pub(crate) fn interpolate(&mut self, text: String) {
        if let Kind::Text(written) = std::mem::replace(&mut self.kind, Kind::Text(text)) {
            self.written = Some(written.into());
        }
    }

    /// Every child, to be changed in place.
    pub(crate) fn children_mut(&mut self) -> Box<dyn Iterator<Item = &mut Node> + '_> {
        match &mut self.kind {
            Kind::List(items) => Box::new(items.iter_mut()),
            Kind::Map(entries) => Box::new(entries.iter_mut().map(|entry| &mut entry.value)),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The node at a path, to be changed in place.
    pub(crate) fn at_mut(&mut self, path: &[String]) -> Option<&mut Node> {
        let [key, rest @ ..] = path else { return Some(self) };
        let child = match &mut self.kind {
            Kind::List(items) => items.get_mut(key.parse::<usize>().ok()?),
            Kind::Map(entries) => {
                entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.value)
            }
            _ => None,
        };
        child?.at_mut(rest)
    }

    /// Takes the children with these keys out and remembers that they are missing.
    pub(crate) fn prune(&mut self, keys: &HashSet<&str>) {
        match &mut self.kind {
            Kind::Map(entries) => entries.retain(|entry| !keys.contains(entry.key.as_str())),
            Kind::List(items) => {
                let mut index = 0..;
                items.retain(|_| {
                    !index.next().is_some_and(|index: usize| keys.contains(index.to_string().as_str()))
                });
            }
            _ => return,
        }
        self.pruned = true;
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}:{}", self.noun(), self.place.line, self.place.column)
    }
}

/// JSON knows one kind of number, so 1.0 may stand where a whole number is wanted.
fn float_to_json(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT { Value::from(value as i64) } else { Value::from(value) }
}

/// A reference token of a JSON pointer, decoded (RFC 6901, section 4).
pub(crate) fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
#[path = "node_tests.rs"]
mod tests;
