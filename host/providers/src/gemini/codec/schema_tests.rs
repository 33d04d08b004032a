//! Tests of schemas.

use super::read;
use crate::exchange::json::Json;

fn reads(schema: &str, expected: &str) {
    let read = Json::read(schema.as_bytes()).map(read).map(|schema| schema.to_text());
    assert_eq!(read.ok().as_deref(), Some(expected));
}

#[test]
fn types_are_written_small_at_every_depth() {
    reads(
        r#"{"type":"OBJECT","properties":{"type":{"type":"ARRAY","items":{"type":"STRING"},"minItems":"1"}},"required":["type"]}"#,
        r#"{"type":"object","properties":{"type":{"type":"array","items":{"type":"string"},"minItems":1}},"required":["type"]}"#,
    );
}

#[test]
fn null_is_one_of_the_types() {
    reads(r#"{"type":"STRING","nullable":true}"#, r#"{"type":["string","null"]}"#);
    reads(
        r#"{"type":"STRING","enum":["a"],"nullable":true}"#,
        r#"{"type":["string","null"],"enum":["a",null]}"#,
    );
    reads(
        r#"{"any_of":[{"type":"STRING"}],"nullable":true}"#,
        r#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#,
    );
    reads(r#"{"type":"STRING","nullable":false}"#, r#"{"type":"string"}"#);
}

#[test]
fn what_needs_no_change_stays() {
    let schema = r#"{"type":"object","properties":{"a_b":{"type":"integer","format":"int64"}},"propertyOrdering":["a_b"]}"#;
    reads(schema, schema);
    reads("true", "true");
}
