use serde_json::{Value, json};
use tidegate_contract::Header;

use super::{Data, Fields};

fn data(value: Value) -> Result<Data, String> {
    Data::from_value(value)
}

#[test]
fn bytes_have_four_forms() {
    assert_eq!(data(json!("grün")).unwrap().bytes(), "grün".as_bytes());
    assert_eq!(data(json!({"hex": "00fF"})).unwrap().bytes(), [0, 255]);
    assert_eq!(data(json!({"json": {"a": 1}})).unwrap().bytes(), br#"{"a":1}"#);
    assert_eq!(data(json!({"repeat": "ab", "times": 2})).unwrap().bytes(), b"abab");
}

#[test]
fn anything_else_is_refused_with_the_forms() {
    for wrong in
        [json!(1), json!({"hex": "0"}), json!({"hex": "zz"}), json!({"hax": "00"}), json!({"hex": "€€"})]
    {
        assert!(data(wrong.clone()).is_err(), "{wrong}");
    }
    assert!(data(json!({"text": ""})).unwrap_err().contains("{\"hex\": \"00ff\"}"));
    assert!(data(json!({"repeat": "a", "times": 99_999_999_u64})).is_err());
}

#[test]
fn what_is_no_text_is_shown_as_hex() {
    assert_eq!(serde_json::to_value(Data::of(&[0xff, 0x01])).unwrap(), json!({"hex": "ff01"}));
    assert_eq!(serde_json::to_value(Data::of(b"abc")).unwrap(), json!("abc"));
}

#[test]
fn repeated_fields_keep_their_order() {
    let text = json!({"a": ["1", "2"], "b": "3"});
    let fields: Fields = serde_json::from_value(text.clone()).unwrap();
    let headers = fields.headers();
    let shown: Vec<_> = headers.iter().map(|Header { name, value }| (name.as_str(), &value[..])).collect();
    assert_eq!(shown, [("a", &b"1"[..]), ("a", b"2"), ("b", b"3")]);
    assert_eq!(serde_json::to_value(Fields::of(&headers)).unwrap(), text);
}

#[test]
fn a_wrong_field_is_named() {
    let error = serde_json::from_value::<Fields>(json!({"x-a": 1})).unwrap_err().to_string();
    assert!(error.starts_with("header \"x-a\": 1 is none"), "{error}");
}
