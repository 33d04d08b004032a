use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;

use super::{Given, read, take};

fn head(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    let mut head = HeaderMap::new();
    fields.iter().map(field).for_each(|(name, value)| _ = head.append(name, value));
    head
}

fn told(fields: &[(&'static str, &'static str)]) -> String {
    match read("x-up-", &head(fields)) {
        Ok(None) => "nothing".to_owned(),
        Ok(Some(Given::Key(key))) => format!("key {key}"),
        Ok(Some(Given::Token(token))) => format!("token {token}"),
        Ok(Some(Given::Keys(keys))) => {
            let session = keys.session_token.as_ref().map(ExposeSecret::expose_secret);
            format!("keys {} {} {session:?}", keys.access_key_id, keys.secret_access_key.expose_secret())
        }
        Err(fault) => fault.to_string(),
    }
}

#[test]
fn all_values_of_each_prefix_leave_the_head_and_no_log_shows_them() {
    let mut headers = head(&[("x-a-api-key", "1"), ("x-b-api-key", "2"), ("x-b-api-key", "3"), ("x-c", "4")]);
    let prefixes = BTreeSet::from(["x-a-".to_owned(), "x-b-".to_owned()]);
    let given = take(&prefixes, &mut headers);
    assert_eq!(headers, head(&[("x-c", "4")]));
    assert_eq!(given, head(&[("x-a-api-key", "1"), ("x-b-api-key", "2"), ("x-b-api-key", "3")]));
    assert!(given.values().all(HeaderValue::is_sensitive));
}

#[test]
fn each_kind_is_read_by_the_prefix_of_its_cluster() {
    assert_eq!(told(&[("x-other-api-key", "k")]), "nothing");
    assert_eq!(told(&[("x-up-api-key", "k")]), "key k");
    assert_eq!(told(&[("x-up-access-token", "t")]), "token t");
    let pair = [("x-up-access-key-id", "i"), ("x-up-secret-access-key", "s")];
    assert_eq!(told(&pair), "keys i s None");
    assert_eq!(told(&[pair[0], pair[1], ("x-up-session-token", "t")]), "keys i s Some(\"t\")");
}

#[test]
fn a_part_of_a_pair_is_refused_and_says_which_is_missing() {
    let cases = [
        (&[("x-up-access-key-id", "i")][..], "x-up-secret-access-key"),
        (&[("x-up-secret-access-key", "s")], "x-up-access-key-id"),
        (&[("x-up-session-token", "t")], "x-up-access-key-id"),
        (&[("x-up-access-key-id", "i"), ("x-up-session-token", "t")], "x-up-secret-access-key"),
    ];
    for (fields, missing) in cases {
        assert_eq!(told(fields), format!("header \"{missing}\" is missing; keys of AWS go together"));
    }
}

#[test]
fn what_is_no_key_is_refused_without_being_told() {
    for fields in [&[("x-up-api-key", "")][..], &[("x-up-api-key", "S3CRET"), ("x-up-api-key", "S3CRET")]] {
        let told = told(fields);
        assert!(told.starts_with("header \"x-up-api-key\" must be there once"), "{told}");
    }
}
