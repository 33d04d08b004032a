//! From Google's schemas, which are a part of OpenAPI 3.0, to JSON Schema.
//!
//! Source: <https://ai.google.dev/api/caching#Schema>

use crate::exchange::json::{Json, Object, Text, object};

use super::parts::camel;

/// Keywords whose value is a schema.
const SCHEMAS: [&str; 2] = ["items", "additionalProperties"];

/// Keywords whose value is a list of schemas.
const LISTS: [&str; 3] = ["anyOf", "oneOf", "prefixItems"];

/// Keywords whose value is an object of schemas.
const MAPS: [&str; 2] = ["properties", "$defs"];

/// Counts, which protocol buffers write as strings in JSON.
const COUNTS: [&str; 6] =
    ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

/// The same in words of JSON Schema: types in small letters, `null` as one of them, an `example` in a list. What says
/// the same in both stays, and so does what neither knows.
pub(super) fn read(schema: Json<'_>) -> Json<'_> {
    let Json::Object(schema) = schema else { return schema };
    let mut read = Object::default();
    let mut is_nullable = false;
    for (key, value) in camel(schema).into_entries() {
        match (&*key, value) {
            ("nullable", value) => is_nullable = value == Json::Bool(true),
            ("type", Json::Text(kind)) if kind == "TYPE_UNSPECIFIED" => {}
            ("type", Json::Text(kind)) => read.set("type", kind.to_ascii_lowercase()),
            ("example", value) => read.set("examples", vec![value]),
            (word, value) => {
                let value = keyword(word, value);
                read.set(key, value);
            }
        }
    }
    if is_nullable {
        allow_null(&mut read);
    }
    read.into()
}

fn keyword<'a>(word: &str, value: Json<'a>) -> Json<'a> {
    match value {
        value @ Json::Object(_) if SCHEMAS.contains(&word) => read(value),
        Json::List(values) if LISTS.contains(&word) => {
            values.into_iter().map(read).collect::<Vec<_>>().into()
        }
        Json::Object(schemas) if MAPS.contains(&word) => {
            let read = |(name, schema): (Text<'a>, Json<'a>)| (name, read(schema));
            schemas.into_entries().map(read).collect::<Object<'a>>().into()
        }
        Json::Text(text) if COUNTS.contains(&word) => match text.parse::<u64>() {
            Ok(count) => count.into(),
            Err(_) => text.into(),
        },
        value => value,
    }
}

fn allow_null(schema: &mut Object<'_>) {
    if let Some(kind @ Json::Text(_)) = schema.get("type").cloned() {
        schema.set("type", vec![kind, "null".into()]);
    }
    if let Some(Json::List(mut values)) = schema.get("enum").cloned() {
        values.push(Json::Null);
        schema.set("enum", values);
    }
    if let Some(Json::List(mut schemas)) = schema.get("anyOf").cloned() {
        schemas.push(object! { "type": "null" }.into());
        schema.set("anyOf", schemas);
    }
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
