use serde_json::{Value, json};

use super::Shape;
use crate::node::Node;
use crate::yaml::parse;

fn check(text: &str, schema: &Value) -> (Node, Vec<String>) {
    let mut tree = parse(text).unwrap();
    let refusals = Shape::new(schema).unwrap().check(&mut tree);
    (
        tree,
        refusals.into_iter().map(|(place, text)| format!("{}:{} {text}", place.line, place.column)).collect(),
    )
}

#[test]
fn refused_parts_are_pruned_up_to_what_needs_them() {
    let schema = json!({
        "type": "object",
        "properties": {
            "list": {"items": {"required": ["a"], "properties": {"a": {"type": "integer"}}}},
            "kept": {"type": "string"}
        }
    });
    let (tree, refusals) = check("{list: [{a: x}, {a: 1}, {a: y}, {a: 2}], kept: text}", &schema);
    assert_eq!(tree.to_json(), json!({"list": [{"a": 1}, {"a": 2}], "kept": "text"}));
    let wanted =
        ["1:13 \"a\" must be a whole number, not a text", "1:29 \"a\" must be a whole number, not a text"];
    assert_eq!(refusals, wanted);
}

#[test]
fn a_root_of_the_wrong_kind_leaves_an_empty_mapping() {
    let (tree, refusals) = check("[1]", &json!({"type": "object"}));
    assert_eq!(
        (tree.to_json(), refusals),
        (json!({}), vec!["1:1 the file must be a mapping, not a list".to_owned()])
    );
}

#[test]
fn of_several_forms_the_one_of_the_right_type_speaks() {
    let schema = json!({"properties": {"a": {"anyOf": [
        {"type": "string"},
        {"type": "object", "properties": {"exact": {"type": "string"}}, "additionalProperties": false}
    ]}}});
    let message = |text: &str| check(text, &schema).1.remove(0);
    assert_eq!(message("a: {exatc: x}"), "1:5 unknown key \"exatc\" in a; did you mean \"exact\"?");
    assert_eq!(
        message("a: {exact: 1}"),
        "1:12 \"exact\" must be a text, not a whole number; put it in quotes"
    );
    assert_eq!(message("a: [x]"), "1:4 \"a\" must be a text or a mapping, not a list");
}

#[test]
fn of_a_word_and_a_list_of_words_the_list_speaks_of_lists() {
    let word = |word: &str| json!({"oneOf": [{"type": "string", "const": word}]});
    let schema = json!({
        "properties": {"a": {"allOf": [{"$ref": "#/definitions/Kinds"}]}},
        "definitions": {
            "Kinds": {"anyOf": [
                {"allOf": [{"$ref": "#/definitions/All"}]},
                {"type": "array", "items": {"$ref": "#/definitions/One"}, "minItems": 1}
            ]},
            "All": word("all"),
            "One": word("email")
        }
    });
    let message = |text: &str| check(text, &schema).1.remove(0);
    assert_eq!(
        message("a: [mail]"),
        "1:5 an item of \"a\" must be \"email\", not \"mail\"; did you mean \"email\"?"
    );
    assert_eq!(message("a: []"), "1:4 \"a\" must hold at least one item; add one, or remove the key");
    assert_eq!(message("a: most"), "1:4 \"a\" must be \"all\" or a list, not \"most\"");
    assert!(check("a: [email]", &schema).1.is_empty() && check("a: all", &schema).1.is_empty());
}

#[test]
fn of_several_mappings_the_nearest_speaks() {
    let form = |key: &str| json!({"type": "object", "required": [key], "properties": {key: {}}, "additionalProperties": false});
    let schema = json!({"properties": {"a": {"anyOf": [form("file"), form("keys")]}}});
    assert_eq!(check("a: {kees: []}", &schema).1, ["1:5 unknown key \"kees\" in a; did you mean \"keys\"?"]);
}

#[test]
fn a_filter_entry_names_exactly_one_filter() {
    let schema = json!({
        "properties": {"filters": {"items": {"$ref": "#/definitions/Filter"}}},
        "definitions": {"Filter": {
            "type": "object",
            "additionalProperties": false,
            "properties": {"name": {}, "a": {}, "b": {}},
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}]
        }}
    });
    let (_, refusals) =
        check("filters:\n  - {a: 1, name: x, b: 2}\n  - {name: x}\n  - {c: 1}\n  - {b: 1}\n", &schema);
    let wanted = [
        "2:21 the filter entry has two filters, \"a\" and \"b\"; make them two entries of the list",
        "3:5 the filter entry names no filter; known filters are \"a\" and \"b\"",
        "4:6 unknown filter \"c\" in the file; known filters are \"a\" and \"b\"",
    ];
    assert_eq!(refusals, wanted);
}

#[test]
fn a_secret_of_the_wrong_form_is_not_shown() {
    let schema = json!({"properties": {"key": {"type": "string", "pattern": "^[0-9]+$", "writeOnly": true}}});
    assert_eq!(check("key: hunter2", &schema).1, ["1:6 \"key\" does not fit the schema (pattern)"]);
}

#[test]
fn patterns_run_in_linear_time() {
    let schema = json!({"properties": {"a": {"type": "string", "pattern": "^(a|a)*$"}}});
    let start = std::time::Instant::now();
    let (_, refusals) = check(&format!("a: {}!", "a".repeat(10_000)), &schema);
    assert_eq!(refusals.len(), 1);
    assert!(start.elapsed() < std::time::Duration::from_secs(5));
    assert!(Shape::new(&json!({"pattern": "(?=a)"})).is_err());
}

#[test]
fn many_refusals_are_reported_in_good_time() {
    let schema = json!({"properties": {"known": {}}, "additionalProperties": false});
    let text: String = (0..20_000).map(|index| format!("key{index}: 1\n")).collect();
    let start = std::time::Instant::now();
    assert_eq!(check(&text, &schema).1.len(), 20_000);
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
}
