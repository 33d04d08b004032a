use std::time::Duration;

use tidegate_contract::{Context, Head, Header, HeaderEdit, Hook, JsonEdit, Need, Peer, TransformVerdict};
use tidegate_pipeline::{Document, Field, LoadError, Payload};

use super::{Carried, Known, SentHead, http_request, subscription, transform_verdict};
use crate::bindings::exports::tidegate::plugin::{lifecycle as wire_lifecycle, transform as wire_transform};
use crate::bindings::tidegate::plugin::{http as wire_http, types as wire};
use crate::testing::alice;

fn wants(hooks: &[&str]) -> wire_lifecycle::Subscription {
    wire_lifecycle::Subscription {
        hooks: hooks.iter().map(|hook| (*hook).to_owned()).collect(),
        headers: wire::Need::Whole,
        request_body: wire::Need::Fields(vec!["/model".into()]),
        response_body: wire::Need::Nothing,
        body_digest: true,
        windows: None,
        dialects: vec!["openai".into()],
    }
}

#[test]
fn a_subscription_comes_over_whole() {
    let given = subscription(wants(&["admit", "completed"])).unwrap();
    assert_eq!(given.hooks.iter().collect::<Vec<_>>(), [Hook::Admit, Hook::Completed]);
    assert_eq!((given.request_body, given.body_digest), (Need::Fields(vec!["/model".into()]), true));
}

#[test]
fn an_unknown_hook_is_named() {
    let error = subscription(wants(&["moderate_imput"])).unwrap_err();
    assert!(
        matches!(&error, LoadError::Subscription(text) if text.contains("\"moderate_imput\"")),
        "{error}"
    );
}

#[test]
fn a_context_has_what_is_left_of_the_time_and_no_list_of_models() {
    let mut alice = alice();
    alice.models = Some(tidegate_contract::ModelNames::new(["secret-model".into()]));
    let context = Context { principal: Some(&alice), deadline: Duration::from_secs(9), ..Context::new("r") };
    let known = Known::of(&context);
    let sent = known.context(Duration::from_millis(1234));
    assert_eq!((sent.request_id, sent.deadline_ms), ("r", 1234));
    let shown = format!("{sent:?}");
    assert!(shown.contains("team") && shown.contains("acme") && !shown.contains("secret-model"), "{shown}");
    assert_eq!(known.context(Duration::MAX).deadline_ms, u32::MAX);
}

#[test]
fn a_head_keeps_bytes_and_repeats() {
    let headers: [(&str, &[u8]); 2] = [("x-a", b"\xff"), ("x-a", b"2")];
    let names = ["client".to_owned()];
    let client = Peer { certificate_sha256: Some(b"abc"), names: &names, ..Peer::at([192, 0, 2, 1].into()) };
    let head = Head {
        method: "POST",
        scheme: "https",
        authority: "a",
        path: "/v1",
        query: "q=1",
        headers: &headers,
        client,
        body_sha256: None,
    };
    let sent = SentHead::of(&head);
    let sent = sent.head();
    assert_eq!((sent.client.address, sent.client.names), ("192.0.2.1", &["client"][..]));
    assert_eq!((sent.headers.len(), sent.headers[0].value), (2, &b"\xff"[..]));
}

#[test]
fn bodies() {
    let document = Document::new((&b"{\"a\": 1}"[..]).into());
    let whole = Carried::of(Payload::Whole(&document)).unwrap();
    assert!(matches!(whole.payload(), wire::Payload::Whole("{\"a\": 1}")));
    let broken = Document::new((&b"\"\xff\""[..]).into());
    assert!(Carried::of(Payload::Whole(&broken)).is_err());
    let fields = [Field { pointer: "/a", value: "1".into() }];
    let some = Carried::of(Payload::Fields(&fields)).unwrap();
    let wire::Payload::Fields([field]) = some.payload() else { panic!() };
    assert_eq!((field.pointer, field.value), ("/a", "1"));
    assert!(matches!(
        Carried::of(Payload::Opaque("text/plain")).unwrap().payload(),
        wire::Payload::Opaque(_)
    ));
}

#[test]
fn a_change_comes_over_in_order() {
    let header = |name: &str| wire::HeaderResult { name: name.into(), value: b"v".to_vec() };
    let change = wire_transform::Change {
        headers: vec![
            wire::HeaderEdit::Set(header("a")),
            wire::HeaderEdit::Add(header("b")),
            wire::HeaderEdit::Remove("c".into()),
        ],
        body: Some(wire_transform::BodyChange::Edits(vec![wire::JsonEdit::Remove("/x".into())])),
        cluster: Some("other".into()),
        reroute: true,
    };
    let TransformVerdict::Changed(change) = transform_verdict(wire_transform::Verdict::Changed(change))
    else {
        panic!()
    };
    assert_eq!(change.headers[0], HeaderEdit::Set("a".into(), b"v".to_vec()));
    assert_eq!(change.headers[2], HeaderEdit::Remove("c".into()));
    let edits = tidegate_contract::BodyChange::Edits(vec![JsonEdit::Remove("/x".into())]);
    assert_eq!((change.body, change.reroute), (Some(edits), true));
}

#[test]
fn a_request_of_a_guest_takes_no_longer_than_its_call() {
    let request = |timeout_ms| wire_http::Request {
        method: "GET".into(),
        url: "https://a.example".into(),
        headers: vec![wire::HeaderResult { name: "a".into(), value: b"b".to_vec() }],
        body: Vec::new(),
        timeout_ms,
    };
    let left = Duration::from_millis(100);
    assert_eq!(http_request(request(None), left).timeout, Some(left));
    assert_eq!(http_request(request(Some(5000)), left).timeout, Some(left));
    let sent = http_request(request(Some(5)), left);
    assert_eq!(sent.timeout, Some(Duration::from_millis(5)));
    assert_eq!(sent.headers, [Header { name: "a".into(), value: b"b".to_vec() }]);
}
