use tidegate_plugin::Head;

use crate::base::{is_known, signature_base};
use crate::signature::signatures;
use crate::testing::request;

fn base(head: &Head) -> String {
    let signature = &signatures(head).unwrap().unwrap()[0];
    String::from_utf8(signature_base(signature, head).unwrap()).unwrap()
}

fn covering(covered: &str) -> Head {
    let input = format!(r#"a=({covered});created=1;keyid="k""#);
    request(&[
        ("signature-input", &input),
        ("signature", "a=:AAAA:"),
        ("x-many", "  one "),
        ("x-many", "two"),
        ("x-empty", ""),
    ])
}

#[test]
fn the_base_is_that_of_rfc_9421_b_2_5() {
    let input =
        r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
    let head = request(&[("signature-input", input), ("signature", "sig-b25=:AAAA:")]);
    let expected = r#""date": Tue, 20 Apr 2021 02:07:55 GMT
"@authority": example.com
"content-type": application/json
"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
    assert_eq!(base(&head), expected);
}

#[test]
fn derived_components_are_those_of_rfc_9421_2_2() {
    let head = covering(r#""@method" "@target-uri" "@scheme" "@request-target" "@path" "@query""#);
    let expected = r#""@method": POST
"@target-uri": http://example.com/foo?param=Value&Pet=dog
"@scheme": http
"@request-target": /foo?param=Value&Pet=dog
"@path": /foo
"@query": ?param=Value&Pet=dog
"#;
    assert!(base(&head).starts_with(expected), "{}", base(&head));
}

#[test]
fn no_query_is_a_question_mark_alone() {
    let head = Head { query: String::new(), ..covering(r#""@query" "@request-target""#) };
    assert!(base(&head).starts_with("\"@query\": ?\n\"@request-target\": /foo\n"));
}

#[test]
fn an_authority_is_in_lower_case_and_without_the_port_of_its_scheme() {
    for (scheme, sent, signed) in [
        ("http", "Example.com:80", "example.com"),
        ("https", "example.com:443", "example.com"),
        ("http", "example.com:443", "example.com:443"),
        ("http", "[::1]:8080", "[::1]:8080"),
    ] {
        let head = Head { scheme: scheme.into(), authority: sent.into(), ..covering(r#""@authority""#) };
        assert!(base(&head).starts_with(&format!("\"@authority\": {signed}\n")));
    }
}

#[test]
fn repeated_fields_are_joined_and_empty_ones_count() {
    assert!(base(&covering(r#""x-many" "x-empty""#)).starts_with("\"x-many\": one, two\n\"x-empty\": \n"));
}

#[test]
fn what_is_not_there_or_not_known_is_refused() {
    for (covered, told) in [
        (r#""x-none""#, r#"the signature covers "x-none", which the request does not have"#),
        (r#""@status""#, "the signature covers a component that is not supported"),
        (r#""X-Many""#, "the signature covers a component that is not supported"),
        (r#""@signature-params""#, "the signature covers a component that is not supported"),
    ] {
        let head = covering(covered);
        let signature = &signatures(&head).unwrap().unwrap()[0];
        assert_eq!(signature_base(signature, &head).unwrap_err(), told);
    }
}

#[test]
fn names_are_those_of_fields_and_derived_components() {
    assert!(["@method", "content-digest", "x_1"].into_iter().all(is_known));
    assert!(!["", "@status", "X-A", "a b", "a\nb", "ä"].into_iter().any(is_known));
}
