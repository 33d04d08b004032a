//! The words for what a schema wants of a value.

use jsonschema::JsonType;
use jsonschema::error::TypeKind;
use serde_json::Value;

use crate::node::{Kind, Node};
use crate::words::join;

/// What a value must be, such as `must be a whole number of at least 0`.
pub(crate) fn expected(schema: &Value) -> String {
    if let Some(message) = schema["errorMessage"].as_str() {
        return message.to_owned();
    }
    let types = match &schema["type"] {
        Value::String(only) => vec![noun(only)],
        Value::Array(types) => types.iter().filter_map(Value::as_str).map(noun).collect(),
        _ => vec!["another value".to_owned()],
    };
    format!("must be {}{}", join(&types, "or"), bounds(schema))
}

/// Such as `must be a text, not a whole number; put it in quotes`.
pub(crate) fn mismatch(wanted: &str, node: &Node) -> String {
    let wants_text = wanted.contains("a text");
    let hint = match node.kind() {
        Kind::Null => "; set it, or remove the key",
        Kind::Bool(_) | Kind::Integer(_) | Kind::Float(_) if wants_text => "; put it in quotes",
        Kind::Text(text) if !node.is_interpolated() && !wants_text && is_bare(text, wanted) => {
            "; remove the quotes"
        }
        _ => "",
    };
    format!("{wanted}, not {}{hint}", node.noun())
}

/// The nouns of the types that a refusal names.
pub(crate) fn type_names(kind: &TypeKind) -> Vec<String> {
    match kind {
        TypeKind::Single(only) => vec![noun(only.as_str())],
        TypeKind::Multiple(types) => types.iter().map(|kind: JsonType| noun(kind.as_str())).collect(),
    }
}

fn is_bare(text: &str, wanted: &str) -> bool {
    let number = wanted.contains("number") && text.parse::<f64>().is_ok();
    number || (wanted.contains("true or false") && (text == "true" || text == "false"))
}

fn noun(kind: &str) -> String {
    let noun = match kind {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a mapping",
        _ => "an empty value",
    };
    noun.to_owned()
}

fn bounds(schema: &Value) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" of at least {least}"),
        (None, Some(most)) => format!(" of at most {most}"),
        (None, None) => length(schema),
    }
}

fn length(schema: &Value) -> String {
    match (schema.get("pattern").and_then(Value::as_str), schema.get("minLength"), schema.get("maxLength")) {
        (Some(pattern), _, _) => format!(" that matches {pattern}"),
        (None, Some(least), None) if *least == 1 => String::new(),
        (None, Some(least), Some(most)) => format!(" of {least} to {most} characters"),
        (None, Some(least), None) => format!(" of at least {least} characters"),
        (None, None, Some(most)) => format!(" of at most {most} characters"),
        (None, None, None) => String::new(),
    }
}
