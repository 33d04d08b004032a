#![allow(deprecated)]

use envoy_types::pb::envoy::config::core::v3::{HeaderValue, HeaderValueOption};
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{CheckResponse, DeniedHttpResponse, OkHttpResponse};
use envoy_types::pb::envoy::r#type::v3::HttpStatus;
use envoy_types::pb::google::protobuf::value::Kind;
use envoy_types::pb::google::protobuf::{BoolValue, Struct, Value};
use envoy_types::pb::google::rpc::Status;
use tidegate_contract::Header;
use tidegate_pipeline::{AuthzField, AuthzRefusal, AuthzVerdict, FieldAction};

use super::verdict;

fn answer(code: Option<i32>, response: Option<HttpResponse>) -> CheckResponse {
    let status = code.map(|code| Status { code, ..Status::default() });
    CheckResponse { status, http_response: response, ..CheckResponse::default() }
}

fn option(key: &str, value: &str) -> HeaderValueOption {
    let header = HeaderValue { key: key.into(), value: value.into(), ..HeaderValue::default() };
    HeaderValueOption { header: Some(header), ..HeaderValueOption::default() }
}

fn ok(headers: Vec<HeaderValueOption>) -> OkHttpResponse {
    OkHttpResponse { headers, ..OkHttpResponse::default() }
}

fn metadata(name: &str, kind: Kind) -> Struct {
    Struct { fields: [(name.to_owned(), Value { kind: Some(kind) })].into() }
}

#[test]
fn a_yes_has_fields_with_what_becomes_of_others_of_their_name() {
    let raw = HeaderValue { key: "x-raw".into(), raw_value: b"\xff".into(), ..HeaderValue::default() };
    let with = |action| HeaderValueOption { append_action: action, ..option("x-a", "1") };
    let append = |value| HeaderValueOption { append: Some(BoolValue { value }), ..with(1) };
    let raw = HeaderValueOption { header: Some(raw), ..HeaderValueOption::default() };
    let options = vec![
        option("X-A", "1"),
        with(1),
        with(2),
        with(3),
        append(true),
        append(false),
        raw,
        HeaderValueOption::default(),
    ];
    let response = OkHttpResponse { headers_to_remove: vec!["X-Key".into()], ..ok(options) };
    let said = verdict(answer(Some(0), Some(HttpResponse::OkResponse(response))));
    let Ok(AuthzVerdict::Allow(grant)) = said else { panic!("{said:?}") };
    let field = |name: &str, value: &[u8], action| AuthzField {
        header: Header { name: name.into(), value: value.into() },
        action,
    };
    let of_a = [
        FieldAction::Add,
        FieldAction::AddIfAbsent,
        FieldAction::Overwrite,
        FieldAction::OverwriteIfPresent,
        FieldAction::Append,
        FieldAction::Overwrite,
    ];
    let mut expected = of_a.map(|action| field("x-a", b"1", action)).to_vec();
    expected.push(field("x-raw", b"\xff", FieldAction::Add));
    assert_eq!((grant.fields, grant.removed), (expected, vec!["x-key".to_owned()]));
}

#[test]
fn texts_and_whole_numbers_of_the_metadata_are_facts() {
    for (kind, fact) in [
        (Kind::StringValue("alice".into()), Some("alice")),
        (Kind::NumberValue(17.0), Some("17")),
        (Kind::NumberValue(1e300), None),
        (Kind::NumberValue(f64::NAN), None),
        (Kind::BoolValue(true), None),
    ] {
        let dynamic_metadata = Some(metadata("User", kind));
        let said = verdict(CheckResponse { dynamic_metadata, ..answer(None, None) });
        let Ok(AuthzVerdict::Allow(grant)) = said else { panic!("{said:?}") };
        let expected: Vec<_> = fact.map(|fact| ("user".to_owned(), fact.to_owned())).into_iter().collect();
        assert_eq!(grant.facts, expected);
    }
    let inner = Some(metadata("user", Kind::StringValue("inner".into())));
    let response = OkHttpResponse { dynamic_metadata: inner, ..OkHttpResponse::default() };
    let outer = Some(metadata("user", Kind::StringValue("outer".into())));
    let response = answer(Some(0), Some(HttpResponse::OkResponse(response)));
    let said = verdict(CheckResponse { dynamic_metadata: outer, ..response });
    let Ok(AuthzVerdict::Allow(grant)) = said else { panic!("{said:?}") };
    assert_eq!(grant.facts, [("user".to_owned(), "inner".to_owned())]);
}

#[test]
fn every_status_but_0_is_a_no() {
    let denied = DeniedHttpResponse {
        status: Some(HttpStatus { code: 402 }),
        headers: vec![option("Retry-After", "3")],
        body: "pay first".into(),
    };
    let said = verdict(answer(Some(7), Some(HttpResponse::DeniedResponse(denied)))).unwrap();
    let headers = vec![Header { name: "retry-after".into(), value: b"3".into() }];
    let expected = AuthzRefusal { status: Some(402), headers, body: "pay first".into() };
    assert_eq!(said, AuthzVerdict::Deny(expected));
    let yes = HttpResponse::OkResponse(ok(vec![option("x-user", "alice")]));
    for (code, response) in [(7, None), (16, Some(yes)), (-1, None), (14, None)] {
        let said = verdict(answer(Some(code), response)).unwrap();
        assert_eq!(said, AuthzVerdict::Deny(AuthzRefusal::default()), "{code}");
    }
}

#[test]
fn what_contradicts_itself_or_failed_is_no_verdict() {
    let unknown = HeaderValueOption { append_action: 9, ..option("x-a", "1") };
    for (code, response) in [
        (0, HttpResponse::DeniedResponse(DeniedHttpResponse::default())),
        (0, HttpResponse::ErrorResponse(DeniedHttpResponse::default())),
        (13, HttpResponse::ErrorResponse(DeniedHttpResponse::default())),
        (0, HttpResponse::OkResponse(ok(vec![unknown]))),
    ] {
        let said = verdict(answer(Some(code), Some(response.clone())));
        assert!(said.is_err(), "{code} {response:?}: {said:?}");
    }
}
