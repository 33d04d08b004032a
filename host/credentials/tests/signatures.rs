//! Signatures beside those of AWS's own library, byte for byte; `signatures/make.py` made them.

#![allow(clippy::unwrap_used, reason = "a test that unwraps fails where it stands")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::Deserialize;
use tidegate_credentials::Signable;
use tidegate_credentials::aws::{Keys, Scope, sign};

#[derive(Deserialize)]
struct Case {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: String,
    keys: BTreeMap<String, String>,
    region: String,
    service: String,
    time: u64,
    authorization: String,
    date: String,
}

fn cases() -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/signatures");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let cases = files.filter(|path| path.extension().is_some_and(|end| end == "json"));
    cases
        .map(|path| {
            let case = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            (path.file_stem().unwrap().to_string_lossy().into_owned(), case)
        })
        .collect()
}

fn signed(case: &Case) -> HeaderMap {
    let headers = case
        .headers
        .iter()
        .map(|(name, value)| (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap()));
    let (headers, url, method) = (
        headers.collect(),
        case.url.parse::<Uri>().unwrap(),
        Method::from_bytes(case.method.as_bytes()).unwrap(),
    );
    let keys = Keys {
        access_key_id: case.keys["access_key_id"].clone(),
        secret_access_key: case.keys["secret_access_key"].as_str().into(),
        session_token: case.keys.get("session_token").map(|token| token.as_str().into()),
    };
    let time = UNIX_EPOCH + Duration::from_secs(case.time);
    let scope = Scope { region: &case.region, service: &case.service, time };
    let request = Signable { method: &method, url: &url, headers: &headers, body: case.body.as_bytes() };
    sign(&request, &keys, &scope).unwrap().into_iter().collect()
}

#[test]
fn a_signature_is_that_of_the_library_of_aws() {
    let cases = cases();
    assert!(cases.len() >= 12);
    for (name, case) in cases {
        let fields = signed(&case);
        assert_eq!(fields["authorization"], case.authorization, "{name}");
        assert_eq!(fields["x-amz-date"], case.date, "{name}");
        let token = case.keys.get("session_token").map(String::as_str);
        assert_eq!(fields.get("x-amz-security-token").map(|value| value.to_str().unwrap()), token, "{name}");
        assert_eq!(fields.len(), 2 + usize::from(token.is_some()), "{name}");
    }
}

#[test]
fn fields_of_an_older_signature_change_nothing() {
    let (_, mut case) = cases().into_iter().find(|(name, _)| name == "session_token").unwrap();
    let before = signed(&case);
    for name in ["authorization", "x-amz-date", "x-amz-security-token"] {
        case.headers.insert(name.to_owned(), "old".to_owned());
    }
    assert_eq!(signed(&case), before);
}

#[test]
fn secret_fields_are_hidden_from_debug() {
    for (name, case) in cases() {
        let shown = format!("{:?}", signed(&case));
        assert!(!shown.contains("Signature=") && !shown.contains("FwoGZX"), "{name}: {shown}");
    }
}
