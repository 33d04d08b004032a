use tidegate_plugin::{Head, json};

use crate::check::{OF_NOTHING, check};
use crate::config::Config;
use crate::signature::signatures;
use crate::testing::{ALL, BODY, SECRET, digest, request, sign, signed, with};

const NOW: i64 = 1_618_884_473;
const WRONG: &str = "the signature is not one of a key that is known here";

fn config(more: &[(&str, tidegate_plugin::Value)]) -> Config {
    let mut config = json!({"keys": [{"id": "k", "secret": SECRET, "principal": "ann"}]});
    for (key, value) in more {
        config[*key] = value.clone();
    }
    Config::read(&config).unwrap()
}

fn asked(config: &Config, head: &Head, now: i64) -> Result<String, String> {
    let signature = &signatures(head).unwrap().unwrap()[0];
    let body = head.body_sha256.as_deref().unwrap();
    check(config, signature, head, body, now)
        .map(|key| key.principal.clone())
        .map_err(|refused| refused.into_owned())
}

/// With the plugin's defaults, at the time `NOW`.
fn outcome(head: &Head) -> Result<String, String> {
    asked(&config(&[]), head, NOW)
}

fn params(more: &str) -> String {
    format!(r#";created={NOW};keyid="k"{more}"#)
}

#[test]
fn the_signature_of_rfc_9421_b_2_5_is_good() {
    let config = Config::read(&json!({
        "keys": [{
            "id": "test-shared-secret",
            "encoding": "base64",
            "secret": "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==",
            "principal": "rfc"
        }],
        "components": ["date", "@authority", "content-type"],
    }));
    let input =
        r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
    let mac = "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:";
    let head = request(&[("signature-input", input), ("signature", mac)]);
    assert_eq!(asked(&config.unwrap(), &head, NOW), Ok("rfc".into()));
}

#[test]
fn a_good_signature_names_the_principal() {
    assert_eq!(outcome(&signed(ALL, &params(""))), Ok("ann".into()));
    assert_eq!(outcome(&signed(ALL, &params(r#";alg="hmac-sha256""#))), Ok("ann".into()));
}

#[test]
fn whatever_is_covered_cannot_be_changed() {
    let head = signed(r#""@method" "@path" "@query" "content-digest" "date""#, &params(""));
    for changed in [
        Head { method: "PUT".into(), ..head.clone() },
        Head { path: "/fo".into(), ..head.clone() },
        Head { query: "param=Value&Pet=do".into(), ..head.clone() },
        with(head.clone(), "date", "Tue, 20 Apr 2021 02:07:56 GMT"),
    ] {
        assert_eq!(outcome(&changed), Err(WRONG.into()));
    }
}

#[test]
fn an_unknown_key_and_a_wrong_signature_are_told_alike() {
    let unknown = signed(ALL, &format!(r#";created={NOW};keyid="other""#));
    let good = signed(ALL, &params(""));
    let wrong = with(good.clone(), "signature", "a=:AAAA:");
    let cut = with(good, "signature", "a=::");
    for head in [unknown, wrong, cut] {
        assert_eq!(outcome(&head), Err(WRONG.into()));
    }
}

#[test]
fn what_may_not_be_left_out_is_named() {
    for (covered, missing) in [
        (r#""@path" "@query" "content-digest""#, "@method"),
        (r#""@method" "@path" "content-digest""#, "@query"),
        (r#""@method" "@path" "@query""#, "content-digest"),
        ("", "@method"),
    ] {
        let told = format!("the signature must cover \"{missing}\"");
        assert_eq!(outcome(&signed(covered, &params(""))), Err(told));
    }
}

#[test]
fn without_a_body_no_digest_is_asked_for() {
    let head = Head { body_sha256: Some(OF_NOTHING.to_vec()), ..request(&[]) };
    assert_eq!(digest(b""), OF_NOTHING);
    assert_eq!(outcome(&sign(head, r#""@method" "@path" "@query""#, &params(""))), Ok("ann".into()));
}

#[test]
fn the_digest_must_be_that_of_the_body() {
    let other = Head { body_sha256: Some(digest(b"other")), ..signed(ALL, &params("")) };
    let told = "the field \"content-digest\" has another \"sha-256\" than the body";
    assert_eq!(outcome(&other), Err(told.into()));
    // Covered is enough: that nobody asks for it does not make a wrong one right.
    let lax = config(&[("components", json!(["@method"]))]);
    assert_eq!(asked(&lax, &other, NOW), Err(told.into()));
    let sha512 = request(&[("content-digest", "sha-512=:AAAA:")]);
    let told = "the field \"content-digest\" must have a \"sha-256\"";
    assert_eq!(outcome(&sign(sha512, ALL, &params(""))), Err(told.into()));
    assert!(!BODY.is_empty());
}

#[test]
fn a_signature_ages() {
    let head = signed(ALL, &params(""));
    let config = config(&[]);
    assert!(asked(&config, &head, NOW + 330).is_ok());
    assert!(asked(&config, &head, NOW - 30).is_ok());
    let expired = Err("the signature has expired; sign the request anew".into());
    assert_eq!(asked(&config, &head, NOW + 331), expired);
    let early = Err("the signature was created in the future; check the clock".into());
    assert_eq!(asked(&config, &head, NOW - 31), early);
    let short = signed(ALL, &params(&format!(";expires={}", NOW + 5)));
    assert!(asked(&config, &short, NOW + 34).is_ok());
    assert_eq!(asked(&config, &short, NOW + 35), expired);
}

#[test]
fn times_at_the_ends_of_their_range_are_no_way_in() {
    for created in [999_999_999_999_999_i64, -999_999_999_999_999] {
        assert!(outcome(&signed(ALL, &format!(r#";created={created};keyid="k""#))).is_err());
    }
}

#[test]
fn a_nonce_is_asked_for_where_it_is_required() {
    let strict = config(&[("nonce", json!("required"))]);
    let told = Err("the signature has no \"nonce\"".into());
    assert_eq!(asked(&strict, &signed(ALL, &params("")), NOW), told);
    assert!(asked(&strict, &signed(ALL, &params(r#";nonce="n""#)), NOW).is_ok());
}
