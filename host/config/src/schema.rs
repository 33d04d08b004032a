//! The JSON Schema of the file: what editors complete from, and the one mechanism by which shapes are checked.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, RemoveRefSiblings, Transform};
use serde_json::{Map, Value, json};

use crate::FilterKinds;
use crate::raw::File;

/// Where the schema of a filter entry stands.
pub(crate) const FILTER: &str = "/definitions/Filter";

/// The JSON Schema of the file with these filters, in draft 7, which every editor's YAML support understands.
pub fn schema(filters: &dyn FilterKinds) -> Value {
    let settings = SchemaSettings::draft07().with_transform(RecursiveTransform(without_null));
    let mut root = settings.into_generator().into_root_schema_for::<File>().to_value();
    root["title"] = Value::from("Tidegate configuration");
    let kinds = filters.kinds();
    for kind in &kinds {
        if let Some(settings) = filters.schema(kind) {
            add_filter(&mut root, kind, settings);
        }
    }
    close_filter(&mut root, &kinds);
    root
}

/// The schema of a document that stands by itself, as strict about empty values as that of the file.
pub(crate) fn strict(schema: Value) -> Value {
    let Ok(mut schema) = Schema::try_from(schema) else { return Value::Bool(true) };
    RecursiveTransform(without_null).transform(&mut schema);
    schema.to_value()
}

/// A filter entry has the common keys, and the settings under exactly one of the filters' names.
fn close_filter(root: &mut Value, kinds: &[String]) {
    let entry = &mut root["definitions"]["Filter"];
    entry["description"] = Value::from("A filter: its settings under its name, and what every filter takes.");
    entry["additionalProperties"] = Value::Bool(false);
    entry["oneOf"] = match kinds {
        [] => json!([false]),
        _ => kinds.iter().map(|kind| json!({"required": [kind]})).collect(),
    };
}

fn add_filter(root: &mut Value, kind: &str, mut settings: Value) {
    let mut own = Map::new();
    if let Some(object) = settings.as_object_mut() {
        object.remove("$schema");
        for place in ["$defs", "definitions"] {
            if let Some(Value::Object(found)) = object.remove(place) {
                own.extend(found);
            }
        }
    }
    for (name, definition) in own {
        root["definitions"][format!("{kind}.{name}")] = adapt(definition, kind);
    }
    root["definitions"]["Filter"]["properties"][kind] = adapt(settings, kind);
}

/// A filter's schema as a part of ours: its definitions stand beside ours under `kind.`.
fn adapt(schema: Value, kind: &str) -> Value {
    let Ok(mut schema) = Schema::try_from(schema) else { return Value::Bool(true) };
    let kind = kind.to_owned();
    RecursiveTransform(move |schema: &mut Schema| move_reference(schema, &kind)).transform(&mut schema);
    RemoveRefSiblings::default().transform(&mut schema);
    RecursiveTransform(without_null).transform(&mut schema);
    schema.to_value()
}

fn move_reference(schema: &mut Schema, kind: &str) {
    let Some(Value::String(reference)) = schema.get("$ref") else { return };
    let name = reference.strip_prefix("#/$defs/").or_else(|| reference.strip_prefix("#/definitions/"));
    if let Some(moved) = name.map(|name| format!("#/definitions/{kind}.{name}")) {
        schema.insert("$ref".to_owned(), moved.into());
    }
}

/// A key that may be left out is not one that may be set to nothing: an empty value is a slip.
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    let Some(Value::Array(branches)) = schema.get_mut("anyOf") else { return };
    branches.retain(|branch| branch.get("type").is_none_or(|kind| kind != "null"));
    if branches.len() == 1
        && let Some(only) = schema.remove("anyOf")
    {
        schema.insert("allOf".to_owned(), only);
    }
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
