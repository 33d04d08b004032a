use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Edits, strip_answer, strip_query, strip_request};

fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    fields.iter().map(pair).collect()
}

fn names(headers: &HeaderMap) -> Vec<&str> {
    // The order between fields of different names means nothing (RFC 9110 §5.3).
    let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn t_hdr_3_what_ends_at_the_gateway_never_reaches_a_provider() {
    let mut headers = map(&[
        ("host", "a"),
        ("connection", "close, x-secret"),
        ("x-secret", "1"),
        ("keep-alive", "timeout=5"),
        ("te", "trailers"),
        ("upgrade", "h2c"),
        ("proxy-authorization", "Basic x"),
        ("authorization", "Bearer k"),
        ("x-api-key", "k"),
        ("api-key", "k"),
        ("x-goog-api-key", "k"),
        ("cookie", "s=1"),
        ("content-length", "5"),
        ("expect", "100-continue"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=1.2.3.4"),
        ("x-real-ip", "1.2.3.4"),
        ("x-tidegate-route", "spoofed"),
        ("content-type", "application/json"),
        ("x-request-id", "r"),
    ]);
    strip_request(&mut headers);
    assert_eq!(names(&headers), ["content-type", "x-request-id"]);
}

#[test]
fn t_h1_3_a_length_beside_chunked_is_not_passed_on() {
    let mut headers = map(&[
        ("transfer-encoding", "chunked"),
        ("content-length", "5"),
        ("alt-svc", "h3=\":443\""),
        ("x-tidegate-cost", "0"),
        ("content-type", "text/plain"),
    ]);
    strip_answer(&mut headers);
    assert_eq!(names(&headers), ["content-type"]);
    let mut plain = map(&[("content-length", "5")]);
    strip_answer(&mut plain);
    assert_eq!(names(&plain), ["content-length"]);
}

#[test]
fn edits_remove_then_set_then_add() {
    let edits = Edits::new(&tidegate_config::checked::HeaderEdits {
        set: vec![("x-a".into(), "set".into())],
        add: vec![("x-a".into(), "added".into())],
        remove: vec!["x-b".into(), "x-a".into()],
    });
    let mut headers = map(&[("x-a", "old"), ("x-b", "old")]);
    edits.apply(&mut headers);
    let values: Vec<_> = headers.get_all("x-a").iter().collect();
    assert_eq!(values, ["set", "added"]);
    assert!(!headers.contains_key("x-b"));
}

#[test]
fn the_key_parameter_is_cut_out_of_the_query() {
    assert_eq!(strip_query("key=s"), "");
    assert_eq!(strip_query("a=1&key=s&b=2"), "a=1&b=2");
    assert_eq!(strip_query("monkey=1&keys=2"), "monkey=1&keys=2");
}
