use http::{HeaderMap, HeaderValue};
use tidegate_contract::Principal;

use super::{Facts, When};

fn holds(source: &str) -> Result<bool, String> {
    let mut headers = HeaderMap::new();
    headers.append("x-team", HeaderValue::from_static("a"));
    headers.append("x-team", HeaderValue::from_static("b"));
    let principal = Principal { tenant: Some("shore".into()), ..Principal::named("alice") };
    let facts =
        Facts { principal: Some(&principal), model: Some("gpt-4o"), route: "chat", headers: &headers };
    When::compile(source)?.holds(facts)
}

#[test]
fn conditions_see_the_request() {
    for source in [
        "principal.id == 'alice' && principal.tenant == 'shore'",
        "model.startsWith('gpt-')",
        "route == 'chat'",
        "headers['x-team'] == 'a, b'",
        "!('x-other' in headers)",
        "true",
    ] {
        assert_eq!(holds(source), Ok(true), "{source}");
    }
    assert_eq!(holds("model == 'other'"), Ok(false));
}

#[test]
fn what_cannot_be_a_condition_is_told() {
    assert!(holds("model ==").unwrap_err().contains("no CEL"));
    assert!(holds("modle == 'a'").unwrap_err().contains("\"modle\""));
    assert!(holds("model").unwrap_err().contains("neither true nor false"));
    assert!(holds("headers['x-missing'] == 'a'").unwrap_err().contains("cannot be evaluated"));
    assert!(When::compile(&"a".repeat(10_000)).unwrap_err().contains("longer"));
}

#[test]
fn what_looks_beyond_the_head_is_known() {
    assert!(!When::compile("'x-a' in headers").unwrap().looks_beyond_the_head());
    assert!(When::compile("principal.id == 'a'").unwrap().looks_beyond_the_head());
}
