use std::sync::Arc;

use serde_json::{Value, json};
use tidegate_contract::{AuthVerdict, Head, Peer};
use tidegate_pipeline::{HookError, Plugin};

use super::super::testing::{Server, built, filter, head, principal, refused};
use crate::testing::{call_in, scope};

const SHA256: [u8; 32] = [0xab; 32];

fn of(certificates: &Value) -> Arc<dyn Plugin> {
    filter(&json!({"mtls": {"certificates": certificates}}), &Server::down())
}

async fn shown(plugin: &dyn Plugin, digest: &[u8], names: &[&str]) -> Result<AuthVerdict, HookError> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let head = head(&[]);
    let client = Peer { certificate_sha256: Some(digest), names: &names, ..head.client };
    plugin.authenticate(call_in(&scope()), Head { client, ..head }).await
}

#[tokio::test]
async fn a_certificate_is_known_by_digest_name_or_subject() {
    let filter = of(&json!([
        {"sha256": "AB:".repeat(31) + "AB", "principal": "by-digest", "tenant": "acme"},
        {"san": "URI:spiffe://example.com/*"},
        {"san": "DNS:*.example.com", "principal": "any-host", "models": ["gpt-*"]},
        {"subject": "CN=client,O=Acme", "principal": "by-subject"},
    ]));
    let other = [1; 32];
    assert_eq!(principal(&shown(&*filter, &SHA256, &["DNS:x"]).await), "by-digest");
    assert_eq!(principal(&shown(&*filter, &other, &["DNS:a.example.com"]).await), "any-host");
    let service = ["DNS:x", "URI:spiffe://example.com/billing"];
    assert_eq!(principal(&shown(&*filter, &other, &service).await), "spiffe://example.com/billing");
    assert_eq!(principal(&shown(&*filter, &other, &["subject:CN=client,O=Acme"]).await), "by-subject");
}

#[tokio::test]
async fn t_auth_2_another_certificate_lets_nobody_in() {
    let filter = of(&json!([
        {"sha256": "ab".repeat(32), "principal": "by-digest"},
        {"san": "DNS:*.example.com", "principal": "any-host"},
        {"san": "URI:*"},
        {"subject": "CN=client", "principal": "by-subject"},
    ]));
    for names in [
        &[][..],
        &["DNS:example.com"],
        &["DNS:a.example.com.evil.org"],
        &["email:a@b.example.com"],
        &["subject:CN=client,O=x"],
        &["subject:CN=a.example.com"],
        &["CN=client"],
        &["URI:"],
        &["DNS:URI:x"],
    ] {
        refused(&shown(&*filter, &[1; 32], names).await);
    }
    refused(&shown(&*filter, &SHA256[..31], &[]).await);
    refused(&shown(&*filter, &[], &[]).await);
    let none = filter.authenticate(call_in(&scope()), head(&[("x-client-cert", b"ab")])).await;
    assert!(matches!(none, Ok(AuthVerdict::Pass)));
}

#[test]
fn settings_that_say_too_little_or_too_much_are_refused() {
    for (entry, pointer) in [
        (json!({}), ""),
        (json!({"sha256": "ab".repeat(32)}), ""),
        (json!({"sha256": "ab", "principal": "a"}), "/sha256"),
        (json!({"san": "*.example.com", "principal": "a"}), "/san"),
        (json!({"san": "DNS:", "principal": "a"}), "/san"),
        (json!({"subject": "client", "principal": "a"}), "/subject"),
        (json!({"subject": "CN=a", "san": "DNS:a", "principal": "a"}), ""),
    ] {
        let problems = built(&json!({"mtls": {"certificates": [entry]}}), &Server::down()).err().unwrap();
        assert_eq!(problems[0].pointer, format!("/mtls/certificates/0{pointer}"), "{entry}");
    }
}
