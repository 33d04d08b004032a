use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::*;

/// The key of AWS's own examples.
const SIGNER: Signer<'static> = Signer {
    access_key: "AKIDEXAMPLE",
    secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    session_token: None,
};

/// 2026-01-02T03:04:05Z
const TIME: Duration = Duration::from_secs(1_767_323_045);

/// A request, and what botocore signs it with.
#[derive(Deserialize)]
struct Case {
    name: String,
    method: String,
    target: String,
    host: String,
    headers: Vec<(String, String)>,
    body: String,
    session_token: Option<String>,
    region: String,
    signed: BTreeMap<String, String>,
}

fn scope(region: &str) -> Scope<'_> {
    Scope { region, service: "bedrock", time: SystemTime::UNIX_EPOCH + TIME }
}

#[test]
fn signatures_are_those_of_other_clients() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("sign_tests/signatures.json")).unwrap();
    assert!(cases.len() >= 6);
    for case in &cases {
        let headers: Vec<(&str, &str)> =
            case.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let request = Signable {
            method: &case.method,
            target: &case.target,
            host: &case.host,
            headers: &headers,
            body: case.body.as_bytes(),
        };
        let signer = Signer { session_token: case.session_token.as_deref(), ..SIGNER };
        let fields = sign(request, signer, scope(&case.region)).unwrap();
        let text = |(name, value): &(HeaderName, HeaderValue)| {
            (name.as_str().to_owned(), value.to_str().unwrap().to_owned())
        };
        let signed: BTreeMap<String, String> = fields.iter().map(text).collect();
        assert_eq!(signed, case.signed, "{}", case.name);
    }
}

#[test]
fn what_is_no_http_cannot_be_signed() {
    let request = Signable { method: "POST", target: "/model", host: "h", headers: &[], body: b"" };
    let wrong = [
        Signable { headers: &[("a b", "c")], ..request },
        Signable { headers: &[("a", "b\nc")], ..request },
        Signable { host: "", ..request },
        Signable { host: "a b", ..request },
        Signable { target: "/ x", ..request },
    ];
    for (index, request) in wrong.into_iter().enumerate() {
        assert!(sign(request, SIGNER, scope("us-east-1")).is_err(), "{index}");
    }
    let token = Signer { session_token: Some("a\nb"), ..SIGNER };
    assert!(sign(request, token, scope("us-east-1")).is_err());
}

#[test]
fn what_is_signed_is_not_for_logs() {
    let request = Signable { method: "POST", target: "/", host: "h", headers: &[], body: b"" };
    let fields = sign(request, Signer { session_token: Some("lent"), ..SIGNER }, scope("us-east-1")).unwrap();
    let shown = format!("{fields:?}");
    assert!(!shown.contains("Signature=") && !shown.contains("lent"), "{shown}");
}
