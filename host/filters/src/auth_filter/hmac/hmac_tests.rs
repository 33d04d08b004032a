use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tidegate_contract::{AuthVerdict, Head, HeaderEdit};
use tidegate_pipeline::{HookError, Plugin};

use super::super::cache::now;
use super::super::keys::sha256;
use super::super::testing::{Server, built, filter, head, principal, refused};
use super::{check, signature};
use crate::testing::{call_in, scope};

const SECRET: &str = "a secret of some length";
const BODY: &[u8] = b"{}";
const ALL: &str = r#""@method" "@path" "@query" "content-digest""#;

fn settings(more: &Value) -> Value {
    let mut settings = json!({"keys": [{"id": "orders", "secret": SECRET, "principal": "order-service"}]});
    for (name, value) in more.as_object().unwrap() {
        settings[name] = value.clone();
    }
    json!({"hmac": settings})
}

fn of(more: &Value) -> Arc<dyn Plugin> {
    filter(&settings(more), &Server::down())
}

/// The fields of a request that is signed with this secret; `params` is what stands behind the components.
fn signed(secret: &str, covered: &str, params: &str) -> Vec<(String, String)> {
    let digest = format!("sha-256=:{}:", STANDARD.encode(sha256(BODY)));
    let values = [
        ("@method", "POST"),
        ("@path", "/v1/chat/completions"),
        ("@query", "?"),
        ("content-digest", &digest),
    ];
    let lines = values.iter().filter(|(name, _)| covered.contains(&format!("\"{name}\"")));
    let mut lines: Vec<String> = lines.map(|(name, value)| format!("\"{name}\": {value}")).collect();
    lines.push(format!("\"@signature-params\": ({covered}){params}"));
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), lines.join("\n").as_bytes());
    let fields = [
        ("content-digest", digest.clone()),
        ("signature-input", format!("a=({covered}){params}")),
        ("signature", format!("a=:{}:", STANDARD.encode(mac))),
    ];
    fields.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

async fn sent(
    plugin: &dyn Plugin,
    fields: &[(String, String)],
    body: &[u8],
) -> Result<AuthVerdict, HookError> {
    let fields: Vec<(&str, &[u8])> = fields.iter().map(|(name, value)| (&**name, value.as_bytes())).collect();
    let digest = sha256(body);
    let head = Head { body_sha256: Some(&digest), ..head(&fields) };
    plugin.authenticate(call_in(&scope()), head).await
}

fn params(more: &str) -> String {
    format!(";created={};keyid=\"orders\"{more}", now())
}

#[tokio::test]
async fn a_signed_request_is_let_in_and_its_signature_ends_here() {
    let filter = of(&json!({}));
    assert!(filter.subscription().body_digest);
    let verdict = sent(&*filter, &signed(SECRET, ALL, &params("")), BODY).await;
    assert_eq!(principal(&verdict), "order-service");
    let Ok(AuthVerdict::Allow(grant)) = verdict else { unreachable!() };
    let gone = ["signature", "signature-input", "content-digest"].map(|name| HeaderEdit::Remove(name.into()));
    assert_eq!(grant.headers, gone);
    assert!(matches!(sent(&*filter, &[], BODY).await, Ok(AuthVerdict::Pass)));
}

#[tokio::test]
async fn t_auth_2_anything_else_than_a_good_signature_is_a_401() {
    let filter = of(&json!({}));
    let old = format!(";created={};keyid=\"orders\"", now() - 400);
    let future = format!(";created={};keyid=\"orders\"", now() + 400);
    let ended = params(&format!(";expires={}", now() - 31));
    for (fields, said) in [
        (signed("another secret of length", ALL, &params("")), "not one of a key"),
        (signed(SECRET, ALL, &params("").replace("orders", "nobody")), "not one of a key"),
        (signed(SECRET, ALL, &old), "expired"),
        (signed(SECRET, ALL, &future), "future"),
        (signed(SECRET, ALL, &ended), "expired"),
        (signed(SECRET, r#""@method" "@path" "content-digest""#, &params("")), "must cover \"@query\""),
        (signed(SECRET, r#""@method" "@path" "@query""#, &params("")), "must cover \"content-digest\""),
        (signed(SECRET, ALL, &params(";alg=\"none\"")), "algorithm"),
        (signed(SECRET, ALL, ";keyid=\"orders\""), "\"created\""),
        (signed(SECRET, ALL, &format!(";created={}", now())), "\"keyid\""),
        (signed(SECRET, ALL, &params(""))[..2].to_vec(), "both fields"),
        (
            vec![("signature".into(), "\u{1}".into()), ("signature-input".into(), "a".into())],
            "cannot be read",
        ),
    ] {
        let message = refused(&sent(&*filter, &fields, BODY).await);
        assert!(message.contains(said), "{said}: {message}");
    }
    let message = refused(&sent(&*filter, &signed(SECRET, ALL, &params("")), b"{ }").await);
    assert!(message.contains("than the body"), "{message}");
}

#[tokio::test]
async fn a_nonce_is_good_once() {
    let filter = of(&json!({"nonce": "required"}));
    let fields = signed(SECRET, ALL, &params(";nonce=\"once\""));
    assert_eq!(principal(&sent(&*filter, &fields, BODY).await), "order-service");
    assert!(refused(&sent(&*filter, &fields, BODY).await).contains("used before"));
    assert!(refused(&sent(&*filter, &signed(SECRET, ALL, &params("")), BODY).await).contains("no \"nonce\""));
}

/// RFC 9421 appendix B.2.5.
#[test]
fn the_example_of_the_rfc_is_good() {
    let key = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
    let fields: [(&str, &[u8]); 5] = [
        ("host", b"example.com"),
        ("date", b"Tue, 20 Apr 2021 02:07:55 GMT"),
        ("content-type", b"application/json"),
        ("signature-input", b"sig-b25=(\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\""),
        ("signature", b"sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"),
    ];
    let head = Head { authority: "example.com", path: "/foo", ..head(&fields) };
    let mut problems = Vec::new();
    let settings = json!({
        "keys": [{"id": "test-shared-secret", "secret": key, "encoding": "base64", "principal": "rfc"}],
        "components": ["date", "@authority", "content-type"],
    });
    let network = Arc::default();
    let world = crate::testing::world(&crate::testing::NoFiles, &network);
    let hmac = super::checked(serde_json::from_value(settings).unwrap(), &world, &mut problems).unwrap();
    let signature = &signature::signatures(&head).unwrap().unwrap()[0];
    let key = check::check(&hmac, signature, &head, &sha256(b""), 1_618_884_480).unwrap();
    assert_eq!(key.identity.principal.id, "rfc");
}

#[test]
fn t_auth_4_keys_that_can_be_guessed_are_refused() {
    let key = |secret: &str| json!({"id": "a", "secret": secret, "principal": "a"});
    for (more, pointer) in [
        (json!({"keys": [key("")]}), "/hmac/keys/0/secret"),
        (json!({"keys": [key("fifteen bytes..")]}), "/hmac/keys/0/secret"),
        (
            json!({"keys": [{"id": "a", "secret": "!", "encoding": "base64", "principal": "a"}]}),
            "/hmac/keys/0/secret",
        ),
        (json!({"keys": [key(SECRET), key(SECRET)]}), "/hmac/keys/1"),
        (json!({"keys": null}), "/hmac"),
        (json!({"components": ["@status"]}), "/hmac/components/0"),
        (json!({"components": ["Date"]}), "/hmac/components/0"),
        (json!({"max_age": "0s"}), "/hmac/max_age"),
    ] {
        let problems = built(&settings(&more), &Server::down()).err().unwrap();
        assert_eq!(problems[0].pointer, pointer, "{more}: {problems:?}");
        assert!(!problems[0].message.contains(SECRET));
    }
}
