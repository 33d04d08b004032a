use tidegate_plugin::{Context, Head, Plugin, deny, json, pass};

use crate::HmacAuth;
use crate::plugin::name_of;
use crate::testing::{SECRET, request, signed};

fn plugin() -> HmacAuth {
    HmacAuth::configure(json!({"keys": [{"id": "k", "secret": SECRET, "principal": "ann"}]})).unwrap()
}

fn context() -> Context {
    Context {
        request_id: "request-1".into(),
        route: String::new(),
        dialect: "openai".into(),
        operation: "chat".into(),
        model: None,
        principal: None,
        streaming: false,
        attempt: 0,
        deadline_ms: 500,
    }
}

#[test]
fn a_request_without_signature_is_for_other_filters() {
    assert_eq!(plugin().authenticate(&context(), &request(&[])).unwrap(), pass());
}

#[test]
fn an_old_signature_is_refused() {
    let head = signed(crate::testing::ALL, r#";created=1;keyid="k""#);
    let told = deny(401, "invalid_signature", "the signature has expired; sign the request anew");
    assert_eq!(plugin().authenticate(&context(), &head).unwrap(), told);
}

#[test]
fn a_gateway_that_gives_no_digest_is_a_failure() {
    let head = Head { body_sha256: None, ..request(&[]) };
    assert!(plugin().authenticate(&context(), &head).is_err());
}

#[test]
fn names_of_nonces_are_short_and_do_not_meet() {
    assert!(name_of("key", &"n".repeat(10_000)).len() < 64);
    assert_ne!(name_of("ab", "c"), name_of("a", "bc"));
}
