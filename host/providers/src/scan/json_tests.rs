use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;

const KEYS: [&str; 3] = ["model", "stream", "usage"];

/// The values of [`KEYS`] when the document arrives in pieces of these sizes, over and over.
fn scan(document: &[u8], sizes: &[usize]) -> ([Option<String>; 3], bool) {
    let mut fields = JsonFields::new(KEYS, 1000);
    let (mut rest, mut turn) = (document, 0);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(sizes[turn % sizes.len()].clamp(1, rest.len()));
        fields.feed(piece);
        (rest, turn) = (after, turn + 1);
    }
    let text = |index| fields.get(index).map(|raw| String::from_utf8_lossy(raw).into_owned());
    ([0, 1, 2].map(text), fields.is_complete())
}

fn whole(document: &str) -> [Option<String>; 3] {
    scan(document.as_bytes(), &[document.len()]).0
}

fn texts(values: [Option<&str>; 3]) -> [Option<String>; 3] {
    values.map(|value| value.map(str::to_owned))
}

#[test]
fn every_kind_of_value_is_taken_raw() {
    let document = r#" { "model" : "a\"\\b" ,"x":[{"usage":1}],"stream":true,"usage":{"a":[1,{"b":"}"}]}}"#;
    let expected = texts([Some(r#""a\"\\b""#), Some("true"), Some(r#"{"a":[1,{"b":"}"}]}"#)]);
    assert_eq!(whole(document), expected);
    assert_eq!(whole(r#"{"stream":-1.5e3}"#), texts([None, Some("-1.5e3"), None]));
}

#[test]
fn neither_nested_keys_nor_text_fool_it() {
    let document =
        r#"{"a":{"usage":1,"b":[{"model":"x"}]},"c":"\",\"usage\":{\"x\":1},\"model\":\"y\"","d":["usage"]}"#;
    assert_eq!(whole(document), texts([None, None, None]));
}

#[test]
fn the_last_of_several_counts_even_if_it_is_too_long() {
    assert_eq!(whole(r#"{"model":1,"model":2}"#), texts([Some("2"), None, None]));
    let long = format!(r#"{{"model":1,"model":"{}"}}"#, "x".repeat(1000));
    assert_eq!(whole(&long), texts([None, None, None]));
}

#[test]
fn a_value_that_has_not_ended_is_not_there() {
    assert_eq!(whole(r#"{"model":"a"#), texts([None, None, None]));
    assert_eq!(whole(r#"{"usage":12"#), texts([None, None, None]));
    assert_eq!(whole(r#"{"usage":12,"#), texts([None, None, Some("12")]));
}

#[test]
fn only_an_object_has_fields() {
    for document in [r#"["model",1]"#, r#""model":1"#, r#"x{"model":1}"#, ""] {
        assert_eq!(scan(document.as_bytes(), &[7]), (texts([None, None, None]), false), "{document}");
    }
}

#[test]
fn what_follows_the_object_is_not_read() {
    assert_eq!(scan(br#"{"model":1} {"model":2}"#, &[100]), (texts([Some("1"), None, None]), true));
}

#[test]
fn long_keys_never_look_like_short_ones() {
    let long = "x".repeat(3 * MAX_KEY);
    assert_eq!(whole(&format!(r#"{{"{long}model":1,"model{long}":2}}"#)), texts([None, None, None]));
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z\"\\\\{}:,é\u{1}😀]{0,12}".prop_map(Value::from),
        Just(Value::from("\"usage\":{\"prompt_tokens\":1}")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            object(inner).prop_map(Value::Object),
        ]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    let key = prop_oneof!["model|stream|usage", "[a-z]{0,6}", "us\"age", "[é\\\\]{1,20}"];
    prop::collection::vec((key, inner), 0..5).prop_map(|entries| entries.into_iter().collect())
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1_usize..40, 1..8)
}

proptest! {
    #[test]
    fn it_agrees_with_a_full_parse(fields in object(json()), sizes in sizes(), pretty: bool) {
        let document = Value::Object(fields.clone());
        let text = if pretty { format!("{document:#}") } else { document.to_string() };
        let (values, complete) = scan(text.as_bytes(), &sizes);
        prop_assert!(complete);
        for (key, raw) in KEYS.iter().zip(values) {
            let parsed = raw.map(|raw| serde_json::from_str::<Value>(&raw).unwrap());
            prop_assert_eq!(parsed.as_ref(), fields.get(*key));
        }
    }

    #[test]
    fn garbage_is_the_same_however_it_is_cut(
        garbage in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "[{}\\[\\]\",:\\\\a1]{0,200}".prop_map(String::into_bytes),
            "\\{(\"(model|usage)\":[{}\\[\\]\",:\\\\1a ]{0,8},){0,8}".prop_map(String::into_bytes),
        ],
        sizes in sizes(),
    ) {
        prop_assert_eq!(scan(&garbage, &sizes), scan(&garbage, &[garbage.len()]));
    }
}
