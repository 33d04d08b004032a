use serde_json::json;

use super::{difference, same};

#[test]
fn numbers_are_compared_by_value() {
    assert!(same(&json!({"a": 1, "b": [2.0]}), &json!({"b": [2], "a": 1.0})));
    assert!(!same(&json!(1), &json!(1.5)));
    assert!(!same(&json!(u64::MAX), &json!(u64::MAX - 1)));
    assert!(!same(&json!(1), &json!("1")));
}

#[test]
fn a_text_is_read_where_json_is_expected() {
    let expected = json!({"detail": {"json": {"a": [1, {"json": 2}]}}});
    assert!(same(&expected, &json!({"detail": "{ \"a\": [1.0, \"2\"] }"})));
    assert!(!same(&expected, &json!({"detail": "{\"a\": [1]}"})));
    assert!(!same(&expected, &json!({"detail": "no json"})));
}

#[test]
fn every_difference_is_told_with_its_place() {
    let text =
        difference(&json!({"a": {"b/c": 1}, "l": [1, 2]}), &json!({"a": {"b/c": 2}, "l": [1], "x": null}));
    let text = text.unwrap();
    assert!(text.contains("at /a/b~1c\n    expected 1\n    got      2"), "{text}");
    assert!(text.contains("at /l/1\n    expected 2\n    got      nothing"), "{text}");
    assert!(text.contains("at /x\n    expected nothing\n    got      null"), "{text}");
    assert!(text.ends_with(r#"all that was got: {"a":{"b/c":2},"l":[1],"x":null}"#), "{text}");
}

#[test]
fn a_long_list_is_cut() {
    let text = difference(&json!(vec![0; 40]), &json!(vec![1; 40])).unwrap();
    assert!(text.contains("and 28 more"), "{text}");
}
