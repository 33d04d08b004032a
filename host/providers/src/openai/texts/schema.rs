//! The words in a JSON Schema: what a model reads of it besides names and types.

use std::fmt::Display;

use serde_json::Value;

use super::finder::below;

/// Keywords whose strings are words or values; OpenAPI has one more than JSON Schema.
const WORDS: [&str; 8] =
    ["title", "description", "$comment", "default", "const", "enum", "examples", "example"];

/// Keywords whose keys are names of the author's, each with a schema.
const NAMED: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/// Calls `found` with each value that holds words, and its pointer.
pub(crate) fn words(at: &dyn Display, schema: &Value, found: &mut dyn FnMut(&dyn Display, &Value)) {
    match schema {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                words(&format_args!("{at}/{index}"), item, found);
            }
        }
        Value::Object(keywords) => {
            for (keyword, value) in keywords {
                let at = below(at, keyword);
                match value {
                    _ if WORDS.contains(&keyword.as_str()) => found(&at, value),
                    Value::Object(named) if NAMED.contains(&keyword.as_str()) => {
                        named.iter().for_each(|(name, schema)| words(&below(&at, name), schema, found));
                    }
                    _ => words(&at, value, found),
                }
            }
        }
        _ => {}
    }
}
