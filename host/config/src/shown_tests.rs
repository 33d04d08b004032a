use serde_json::json;

use super::shown;
use crate::yaml::parse;

#[test]
fn marks_of_the_schema_count_through_references_and_alternatives() {
    let schema = json!({
        "properties": {"list": {"items": {"anyOf": [{"type": "string"}, {"$ref": "#/definitions/Pair"}]}}},
        "additionalProperties": {"properties": {"pin": {"allOf": [{"$ref": "#/definitions/Pin"}]}}},
        "definitions": {"Pair": {"properties": {"pin": {"$ref": "#/definitions/Pin"}}}, "Pin": {"writeOnly": true}}
    });
    let tree = parse("{list: [{pin: 1, x: 2}], other: {pin: {a: b}, x: '${A:-b}'}}").unwrap();
    let wanted =
        json!({"list": [{"pin": "[redacted]", "x": 2}], "other": {"pin": "[redacted]", "x": "${A:-b}"}});
    assert_eq!(shown(&tree, &schema), wanted);
}

#[test]
fn names_give_secrets_away_where_no_schema_does() {
    let tree = parse(
        "{api_key: a, token: '${T}', key: '${T:-x}', sha256: 12, tls: {key: key.pem}, keys: [{key: a, id: b}],\n\
         headers: {set: {Authorization: Bearer a, x-team: b}}}",
    );
    let wanted = json!({
        "api_key": "[redacted]", "token": "${T}", "key": "[redacted]", "sha256": "[redacted]",
        "tls": {"key": "key.pem"}, "keys": [{"key": "[redacted]", "id": "b"}],
        "headers": {"set": {"Authorization": "[redacted]", "x-team": "b"}}
    });
    assert_eq!(shown(&tree.unwrap(), &json!({})), wanted);
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let schema = json!({"$ref": "#", "anyOf": [{"$ref": "#"}, {"$ref": "#"}]});
    assert_eq!(shown(&parse("{a: {b: c}}").unwrap(), &schema), json!({"a": {"b": "c"}}));
}
