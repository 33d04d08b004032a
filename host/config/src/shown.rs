//! The file for people to look at: before interpolation, and without the secrets that were written into it.

use serde_json::{Map, Value};

use crate::interpolate::is_reference;
use crate::node::{Entry, Node};

const REDACTED: &str = "[redacted]";

/// Keys that hold a secret wherever they stand, whatever a filter's schema says.
const SECRET_KEYS: [&str; 10] = [
    "api_key",
    "token",
    "key",
    "sha256",
    "secret",
    "password",
    "client_secret",
    "secret_access_key",
    "session_token",
    "access_token",
];

/// Headers whose values identify somebody.
const SECRET_HEADERS: [&str; 6] =
    ["authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-goog-api-key"];

/// What the name of a field speaks of whose value is nobody else's.
const SECRET_WORDS: [&str; 10] =
    ["auth", "cookie", "token", "secret", "key", "passw", "credential", "signature", "session", "jwt"];

/// Keys below which fields are set, by their names.
const EDITS: [&str; 3] = ["set", "add", "default"];

/// The tree as it was written, with `[redacted]` for what `schema` marks `writeOnly` or a name gives away.
pub(crate) fn shown(tree: &Node, schema: &Value) -> Value {
    Shown { root: schema }.node(tree, &[schema], "")
}

struct Shown<'a> {
    root: &'a Value,
}

impl<'a> Shown<'a> {
    fn node(&self, node: &Node, schemas: &[&'a Value], parent: &str) -> Value {
        let schemas = self.resolve(schemas);
        if schemas.iter().any(|schema| schema["writeOnly"] == true) {
            return redact(node);
        }
        if let entries @ [_, ..] = node.entries() {
            let shown = entries.iter().map(|entry| (entry.key.clone(), self.entry(entry, &schemas, parent)));
            return Value::Object(shown.collect::<Map<_, _>>());
        }
        if let items @ [_, ..] = node.items() {
            let below: Vec<&Value> = schemas.iter().filter_map(|schema| schema.get("items")).collect();
            return items.iter().map(|item| self.node(item, &below, parent)).collect();
        }
        node.to_json()
    }

    fn entry(&self, entry: &Entry, schemas: &[&'a Value], parent: &str) -> Value {
        if is_secret_name(&entry.key, parent) && is_scalar(&entry.value) {
            return redact(&entry.value);
        }
        let below: Vec<&Value> = schemas.iter().filter_map(|schema| property(schema, &entry.key)).collect();
        self.node(&entry.value, &below, &entry.key)
    }

    /// The schemas themselves and all that they are made of.
    fn resolve(&self, schemas: &[&'a Value]) -> Vec<&'a Value> {
        const MAX: usize = 256;
        let mut found = schemas.to_vec();
        let mut next = 0;
        while let Some(schema) = found.get(next).copied().filter(|_| found.len() < MAX) {
            let target = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
            found.extend(target.and_then(|pointer| self.root.pointer(pointer)));
            let branches = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|key| schema[key].as_array());
            found.extend(branches.flatten());
            next += 1;
        }
        found
    }
}

fn property<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    schema["properties"].get(key).or_else(|| schema.get("additionalProperties"))
}

fn is_secret_name(key: &str, parent: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let is_file = parent == "tls";
    let is_field = EDITS.contains(&parent) && !key.starts_with('/');
    (SECRET_KEYS.contains(&key.as_str()) && !is_file)
        || SECRET_HEADERS.contains(&key.as_str())
        || (is_field && SECRET_WORDS.iter().any(|word| key.contains(word)))
}

fn is_scalar(node: &Node) -> bool {
    node.items().is_empty() && node.entries().is_empty()
}

fn redact(node: &Node) -> Value {
    match node.text() {
        Some(text) if is_reference(text) => Value::from(text),
        _ => Value::from(REDACTED),
    }
}

#[cfg(test)]
#[path = "shown_tests.rs"]
mod tests;
