use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn model(body: &str) -> Option<String> {
    scan_request(body.as_bytes()).unwrap().model.map(|model| model.name.into_owned())
}

fn error(body: &[u8]) -> String {
    scan_request(body).unwrap_err().to_string()
}

#[test]
fn model_and_stream_are_found_at_the_top_only() {
    let body = br#"{"a":{"model":"no","stream":true},"model":"gpt-4o","b":"\"model\":\"no\""}"#;
    let scan = scan_request(body).unwrap();
    assert_eq!((scan.model.as_ref().map(|model| &*model.name), scan.stream), (Some("gpt-4o"), false));
    assert!(scan_request(br#"{"stream":true}"#).unwrap().stream);
    assert!(!scan_request(br#"{"stream":null}"#).unwrap().stream);
    assert_eq!(model("{}"), None);
}

#[test]
fn a_plain_name_is_borrowed_and_an_escaped_one_resolved() {
    let body = br#"{"model":"a"}"#;
    assert!(matches!(scan_request(body).unwrap().model.unwrap().name, Cow::Borrowed("a")));
    assert_eq!(model(r#"{"model":"\u0067pt\n"}"#).as_deref(), Some("gpt\n"));
    assert_eq!(model(r#"{"mo\u0064el":"a"}"#).as_deref(), Some("a"));
}

#[test]
fn two_of_a_key_are_refused_even_if_one_is_escaped() {
    assert_eq!(
        error(br#"{"model":"a","model":"a"}"#),
        r#"the key "model" stands in the body twice; send it once"#
    );
    assert_eq!(
        error(br#"{"model":"a","mod\u0065l":"b"}"#),
        r#"the key "model" stands in the body twice; send it once"#
    );
    assert_eq!(
        scan_request(br#"{"stream":true,"stream":true}"#),
        Err(ScanError::Duplicate { key: "stream" })
    );
    assert!(scan_request(br#"{"a":1,"a":2}"#).is_ok());
}

#[test]
fn wrong_types_are_named_and_not_repeated() {
    for body in [r#"{"model":7}"#, r#"{"model":null}"#, r#"{"model":["secret"]}"#, r#"{"model":"\ud800"}"#] {
        assert_eq!(error(body.as_bytes()), "\"model\" must be a string", "{body}");
    }
    assert_eq!(error(br#"{"stream":"secret"}"#), "\"stream\" must be a boolean");
    for body in ["[1]", "\"secret\"", "7", " null", "true"] {
        assert_eq!(error(body.as_bytes()), "the body is not a JSON object", "{body}");
    }
}

#[test]
fn broken_bodies_are_named_by_place_and_not_repeated() {
    assert!(
        error(br#"{"model":"a",}"#)
            .starts_with("the body is not valid JSON: trailing comma at line 1 column")
    );
    for body in
        ["", "{", "{} secret", "secret", "{\"a\":secret}", "{\"a\":\"secret\n\"}", "\u{feff}{}", "{secret:1}"]
    {
        let text = error(body.as_bytes());
        assert!(
            text.starts_with("the body is not valid JSON: ") && !text.contains("secret"),
            "{body}: {text}"
        );
    }
    assert_eq!(error(b"{\"a\":\"\xff\"}"), "the body is not valid UTF-8 at byte 6");
}

#[test]
fn depth_is_bounded_as_when_values_are_built() {
    let nested = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(scan_request(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
    assert!(serde_json::from_str::<Value>(&nested(MAX_DEPTH - 1)).is_ok());
    assert_eq!(scan_request(nested(MAX_DEPTH + 1).as_bytes()), Err(ScanError::TooDeep));
    assert_eq!(scan_request(nested(1_000_000).as_bytes()), Err(ScanError::TooDeep));
    let brackets_in_text = json!({"a": "[\"\\{".repeat(1000), "b": vec![json!([]); 1000]}).to_string();
    assert!(scan_request(brackets_in_text.as_bytes()).is_ok());
}

#[test]
fn errors_name_the_field_to_blame() {
    assert_eq!(scan_request(br#"{"model":1}"#).unwrap_err().param(), Some("model"));
    assert_eq!(scan_request(b"[]").unwrap_err().param(), None);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Value::from))
}

fn body() -> impl Strategy<Value = Map<String, Value>> {
    let key = prop_oneof![3 => "model|stream", 2 => ".{0,5}"];
    let value = prop_oneof![value(), ".{0,8}".prop_map(Value::from), any::<bool>().prop_map(Value::from)];
    prop::collection::vec((key, value), 0..6).prop_map(|entries| entries.into_iter().collect())
}

fn good_types(fields: &Map<String, Value>) -> bool {
    fields.get("model").is_none_or(Value::is_string)
        && fields.get("stream").is_none_or(|stream| stream.is_boolean() || stream.is_null())
}

proptest! {
    #[test]
    fn it_agrees_with_a_full_parse(fields in body()) {
        let text = Value::Object(fields.clone()).to_string();
        let scan = scan_request(text.as_bytes());
        prop_assert_eq!(scan.is_ok(), good_types(&fields));
        if let Ok(scan) = scan {
            prop_assert_eq!(scan.model.map(|model| model.name.into_owned()), fields.get("model").map(|model| model.as_str().unwrap().to_owned()));
            prop_assert_eq!(scan.stream, fields.get("stream") == Some(&json!(true)));
        }
    }

    #[test]
    fn what_it_accepts_of_a_damaged_body_is_json(fields in body(), at: prop::sample::Index, byte: u8) {
        let mut bytes = Value::Object(fields).to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let Ok(scan) = scan_request(&bytes) else { return Ok(()) };
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(value) => prop_assert_eq!(scan.model.as_ref().map(|model| &*model.name), value.get("model").and_then(Value::as_str)),
            // Skipped values are checked for syntax, not for what a number or an escape stands for.
            Err(error) => prop_assert!(["number out of range", "surrogate", "hex escape"].iter().any(|known| error.to_string().contains(known)), "{}", error),
        }
    }

    #[test]
    fn a_replaced_model_is_the_only_change(mut fields in body(), old in ".{0,8}", new in ".{0,12}", pretty: bool) {
        fields.insert("model".to_owned(), old.into());
        fields.remove("stream");
        let document = Value::Object(fields.clone());
        let body = Bytes::from(if pretty { format!("{document:#}") } else { document.to_string() });
        let range = scan_request(&body).unwrap().model.unwrap().range;
        let replaced = replace_model(&body, range.clone(), &new);
        fields.insert("model".to_owned(), new.clone().into());
        prop_assert_eq!(serde_json::from_slice::<Value>(&replaced).unwrap(), Value::Object(fields));
        let model = scan_request(&replaced).unwrap().model.unwrap();
        prop_assert_eq!((&*model.name, model.range.start), (&*new, range.start));
        prop_assert_eq!(&replaced[model.range.end..], &body[range.end..]);
    }
}
