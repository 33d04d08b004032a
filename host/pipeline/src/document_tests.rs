use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_contract::{BodyChange, JsonEdit, JsonSet};

use super::Document;

fn document(text: &str) -> Document {
    Document::new(Bytes::copy_from_slice(text.as_bytes()))
}

fn found(document: &Document, pointers: &[&str]) -> Vec<(String, String)> {
    let pointers: Vec<String> = pointers.iter().map(|pointer| (*pointer).to_owned()).collect();
    let fields = document.fields(&pointers).unwrap();
    fields.iter().map(|field| (field.pointer.to_owned(), field.value.clone().into_owned())).collect()
}

#[test]
fn an_untouched_body_keeps_its_bytes() {
    let text = "{ \"model\" : \"m\",  \"n\": 1.0 }";
    let document = document(text);
    document.tree().unwrap();
    assert_eq!((document.text(), document.is_changed()), (Bytes::from(text), false));
}

#[test]
fn fields_are_the_same_from_text_and_tree() {
    let text = r#"{"a":{"b/c":[1,{"d":"x"}]},"e":null,"f":"\u00e9"}"#;
    let pointers = ["/a/b~1c/1/d", "/e", "/a", "/missing", "/a/b~1c/7", "/f"];
    let scanned = document(text);
    let parsed = document(text);
    parsed.tree().unwrap();
    let names = |fields: Vec<(String, String)>| -> Vec<(String, Value)> {
        fields.into_iter().map(|(name, value)| (name, serde_json::from_str(&value).unwrap())).collect()
    };
    let both = (names(found(&scanned, &pointers)), names(found(&parsed, &pointers)));
    assert_eq!(both.0, both.1);
    assert_eq!(both.0.len(), 4);
    assert_eq!(both.0[0], ("/a/b~1c/1/d".to_owned(), json!("x")));
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let twice = r#"{"messages":[],"messages":[{"content":"hidden"}]}"#;
    assert!(document(twice).tree().unwrap_err().to_string().contains("stands twice"));
    assert!(document(twice).fields(&["/messages".to_owned()]).is_err());
    assert!(document(r#"{"a":{"b":1,"b":2}}"#).tree().is_err());
}

#[test]
fn what_is_no_json_is_an_error() {
    for text in ["", "{", "{}x", "\u{1}"] {
        assert!(document(text).tree().is_err(), "{text:?}");
    }
}

#[test]
fn an_edit_copies_nothing_where_nobody_else_holds_the_tree() {
    let mut document = document(r#"{"messages":[{"content":"a"}]}"#);
    let before = Arc::as_ptr(document.tree().unwrap());
    let set = JsonSet { pointer: "/temperature".into(), value: "0.5".into() };
    document.apply(&BodyChange::Edits(vec![JsonEdit::Set(set)])).unwrap();
    assert_eq!(Arc::as_ptr(document.tree().unwrap()), before);
    assert_eq!(document.text(), Bytes::from(r#"{"messages":[{"content":"a"}],"temperature":0.5}"#));
    assert!(document.is_changed());
}

#[test]
fn a_failed_edit_is_an_error_with_its_pointer() {
    let mut document = document(r#"{"a":[1]}"#);
    let set = JsonSet { pointer: "/a/5".into(), value: "0".into() };
    let error = document.apply(&BodyChange::Edits(vec![JsonEdit::Set(set)])).unwrap_err();
    assert!(error.to_string().contains("\"/a/5\""), "{error}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[ab/~]{0,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// The scan of the text finds exactly what the tree has.
    #[test]
    fn scan_and_tree_agree(value in any_json(), pointers in prop::collection::vec("(/([ab01]|~0|~1){0,2}){0,3}", 0..4)) {
        let text = value.to_string();
        let scanned = document(&text);
        let fields = scanned.fields(&pointers).unwrap();
        let wanted: Vec<_> = pointers.iter().filter_map(|pointer| Some((pointer.as_str(), value.pointer(pointer)?.clone()))).collect();
        let got: Vec<_> = fields.iter().map(|field| (field.pointer, serde_json::from_str::<Value>(&field.value).unwrap())).collect();
        prop_assert_eq!(got, wanted);
    }

    /// Whatever the edits, a document stays JSON, and what was set is found where it was set.
    #[test]
    fn set_is_found_again(value in any_json(), key in "[a-c]{1,2}", new in any_json()) {
        let mut document = document(&value.to_string());
        let pointer = format!("/{key}");
        let set = JsonSet { pointer: pointer.clone(), value: new.to_string() };
        let outcome = document.apply(&BodyChange::Edits(vec![JsonEdit::Set(set)]));
        if value.is_object() {
            prop_assert!(outcome.is_ok());
            let tree = document.tree().unwrap();
            prop_assert_eq!(tree.pointer(&pointer), Some(&new));
        }
        prop_assert!(serde_json::from_slice::<Value>(&document.text()).is_ok());
    }
}

proptest::proptest! {
    /// The walk along a pointer finds what serde_json's own does.
    #[test]
    fn a_pointer_leads_where_it_should(pointer in "(/(a|b|0|1|01|~0|~1|-|)){0,4}|x") {
        let tree = serde_json::json!({"a": {"b": [1, {"a": "x", "": 2}], "~": 3, "/": {"0": 4}}, "0": [[5]], "": {"": 6}});
        proptest::prop_assert_eq!(crate::fields::at(&tree, &pointer), tree.pointer(&pointer));
    }
}
