use serde_json::{Value, json};
use tidegate_contract::{JsonEdit, JsonSet};

use super::{apply, prepare};

fn set(pointer: &str, value: &str) -> JsonEdit {
    JsonEdit::Set(JsonSet { pointer: pointer.into(), value: value.into() })
}

fn insert(pointer: &str, value: &str) -> JsonEdit {
    JsonEdit::Insert(JsonSet { pointer: pointer.into(), value: value.into() })
}

fn remove(pointer: &str) -> JsonEdit {
    JsonEdit::Remove(pointer.into())
}

fn edited(mut tree: Value, edits: &[JsonEdit]) -> Result<Value, String> {
    let ready = prepare(edits).map_err(|error| error.to_string())?;
    apply(&mut tree, ready).map_err(|error| error.to_string())?;
    Ok(tree)
}

#[test]
fn edits_are_made_in_order() {
    let tree = json!({"messages": [{"role": "user"}], "n": 1});
    let edits = [
        set("/options/seed", "7"),
        insert("/messages/0", r#"{"role":"system"}"#),
        insert("/messages/-", r#"{"role":"assistant"}"#),
        set("/messages/1/content", "\"hi\""),
        remove("/n"),
        remove("/not/there"),
    ];
    let wanted = json!({
        "messages": [{"role": "system"}, {"role": "user", "content": "hi"}, {"role": "assistant"}],
        "options": {"seed": 7},
    });
    assert_eq!(edited(tree, &edits), Ok(wanted));
}

#[test]
fn the_whole_document_may_be_set() {
    assert_eq!(edited(json!({"a": 1}), &[set("", "[1]")]), Ok(json!([1])));
}

#[test]
fn escaped_keys_are_keys() {
    let tree = json!({"a/b": 1, "c~d": 2});
    assert_eq!(edited(tree, &[set("/a~1b", "3"), remove("/c~0d")]), Ok(json!({"a/b": 3})));
}

#[test]
fn the_order_of_keys_stays() {
    let tree: Value = serde_json::from_str(r#"{"z":1,"a":2,"m":3}"#).unwrap();
    assert_eq!(edited(tree, &[remove("/z")]).unwrap().to_string(), r#"{"a":2,"m":3}"#);
}

#[test]
fn what_cannot_be_made_is_told() {
    let cases = [
        (set("messages", "1"), "must be empty or begin with \"/\""),
        (set("/n", "{"), "no JSON"),
        (set("/n/x", "1"), "neither object nor array"),
        (set("/messages/9", "1"), "does not have"),
        (set("/messages/01", "1"), "does not have"),
        (insert("/n/0", "1"), "into an array"),
        (insert("/messages/5", "1"), "does not have"),
        (set("/n", r#"{"a":1,"a":2}"#), "stands twice"),
    ];
    for (edit, text) in cases {
        let error = edited(json!({"messages": [], "n": 1}), std::slice::from_ref(&edit)).unwrap_err();
        assert!(error.contains(text), "{edit:?}: {error}");
    }
}
