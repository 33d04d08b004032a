use serde_json::{Value, json};

use super::{adapt, schema, strict};
use crate::FilterKinds;

struct None;

impl FilterKinds for None {
    fn kinds(&self) -> Vec<String> {
        Vec::new()
    }

    fn schema(&self, _: &str) -> Option<Value> {
        Option::None
    }
}

#[test]
fn without_filters_no_entry_is_valid() {
    let schema = schema(&None);
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&json!({"virtual_services": [{"name": "a", "filters": []}]})));
    assert!(!validator.is_valid(&json!({"virtual_services": [{"name": "a", "filters": [{"name": "x"}]}]})));
}

#[test]
fn references_of_a_filter_point_to_its_own_definitions() {
    let settings = json!({"properties": {"a": {"$ref": "#/$defs/A", "description": "kept"}}});
    let wanted = json!({"properties": {"a": {
        "description": "kept", "allOf": [{"$ref": "#/definitions/mask.A"}]
    }}});
    assert_eq!(adapt(settings, "mask"), wanted);
}

#[test]
fn a_key_that_may_be_left_out_may_not_be_empty() {
    let loose = json!({"properties": {
        "a": {"type": ["string", "null"], "default": null},
        "b": {"anyOf": [{"$ref": "#/definitions/B"}, {"type": "null"}]},
        "c": {"enum": ["x", null]}
    }});
    let wanted = json!({"properties": {
        "a": {"type": "string"},
        "b": {"allOf": [{"$ref": "#/definitions/B"}]},
        "c": {"enum": ["x"]}
    }});
    assert_eq!(strict(loose), wanted);
}
