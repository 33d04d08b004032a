use bytes::Bytes;
use tidegate_contract::{
    AdmissionVerdict, AuthVerdict, BodyChange, EventVerdict, HeaderEdit, JsonEdit, Judgement,
    TransformVerdict,
};

use super::{admission, auth, error, events, judged, transform};

#[test]
fn null_is_the_verdict_that_changes_nothing() {
    assert!(matches!(auth(b"null").unwrap(), AuthVerdict::Pass));
    assert_eq!(admission(b"null").unwrap(), AdmissionVerdict::Admitted(None));
    assert_eq!(transform(b"null", &Bytes::new()).unwrap(), TransformVerdict::Unchanged);
    assert_eq!(events(b"null", 2).unwrap(), [EventVerdict::Keep, EventVerdict::Keep]);
    assert_eq!(judged(b"null").unwrap().judgement, Judgement::Allow);
}

#[test]
fn an_admission_has_three_forms() {
    assert_eq!(admission(b"\"admitted\"").unwrap(), AdmissionVerdict::Admitted(None));
    let ticket = admission(br#"{"admitted": "t"}"#).unwrap();
    assert_eq!(ticket, AdmissionVerdict::Admitted(Some("t".into())));
    let refused = admission(br#"{"refused": {"status": 429, "code": "a", "message": "b"}}"#).unwrap();
    assert!(matches!(refused, AdmissionVerdict::Refused(refusal) if refusal.status == 429));
}

#[test]
fn values_of_fields_are_bytes() {
    let meta = r#"{"changed": {"headers": [{"set": ["a", "ÿ"]}, {"remove": "b"}]}}"#;
    let TransformVerdict::Changed(change) = transform(meta.as_bytes(), &Bytes::new()).unwrap() else {
        panic!()
    };
    assert_eq!(change.headers, [HeaderEdit::Set("a".into(), vec![255]), HeaderEdit::Remove("b".into())]);
    let beyond = r#"{"changed": {"headers": [{"set": ["a", "€"]}]}}"#;
    assert!(transform(beyond.as_bytes(), &Bytes::new()).is_err());
}

#[test]
fn a_body_is_edited_or_replaced() {
    let edits = br#"{"changed": {"edits": [{"set": {"pointer": "/a", "value": 1e400}}, {"remove": "/b"}]}}"#;
    let TransformVerdict::Changed(change) = transform(edits, &Bytes::new()).unwrap() else { panic!() };
    let Some(BodyChange::Edits(edits)) = change.body else { panic!() };
    assert!(matches!(&edits[0], JsonEdit::Set(set) if set.value == "1e400"));
    let whole = Bytes::from_static(b"{}");
    let TransformVerdict::Changed(change) = transform(br#"{"changed": {"replace": true}}"#, &whole).unwrap()
    else {
        panic!()
    };
    assert_eq!(change.body, Some(BodyChange::Replace("{}".into())));
    let both = br#"{"changed": {"replace": true, "edits": [{"remove": "/b"}]}}"#;
    assert!(transform(both, &whole).is_err());
    let binary = Bytes::from_static(b"\xff");
    assert!(transform(br#"{"changed": {"replace": true}}"#, &binary).is_err());
}

#[test]
fn what_is_no_verdict_is_told_with_its_cause() {
    let told = auth(br#"{"allow": {}}"#).unwrap_err().to_string();
    assert!(told.contains("missing field `principal`"), "{told}");
    assert!(events(br#"["keep"]"#, 2).unwrap_err().to_string().contains("1 verdicts on 2 events"));
    assert!(judged(br#"{"judgement": "perhaps"}"#).is_err());
    assert!(auth(b"\xff").is_err());
}

#[test]
fn an_error_is_one_line_however_long() {
    assert_eq!(error(br#"{"error": "a\nb"}"#), "a b");
    assert_eq!(error(b"nonsense"), "it gave no reason");
    let long = format!(r#"{{"error": "{}"}}"#, "x".repeat(5000));
    assert_eq!(error(long.as_bytes()).len(), 1024);
}
