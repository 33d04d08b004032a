use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use futures_util::FutureExt;
use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_contract::{AuthVerdict, Context, Head, Peer};
use tidegate_pipeline::{Attributes, Call, Documents, FilterFactory, Plugin, Scope, SettingsProblem};

use super::AuthFilterFactory;
use super::testing::{AUDIENCE, ISSUER, Issuer, Server, asked, claims, filter, refused, shown};
use crate::testing::world;

/// A keys file that holds what the test put there.
struct File(Value);

impl Documents for File {
    fn read(&self, path: &str, _: &Value) -> Result<Value, Vec<String>> {
        if path == "keys.yaml" { Ok(self.0.clone()) } else { Err(vec![format!("no file {path}")]) }
    }
}

fn build(settings: &Value) -> Result<Arc<dyn Plugin>, Vec<SettingsProblem>> {
    let file = File(json!({"keys": [{"sha256": SHA256_OF_DEMO, "principal": "from-file"}]}));
    AuthFilterFactory.build(settings, &world(&file, &Arc::default()))
}

const SHA256_OF_DEMO: &str = "2a97516c354b68848cdbd8f54a226a0a55b21ed138e207ad6c5cbb9c00aa5aea";

fn demo() -> Arc<dyn Plugin> {
    build(&json!({"api_keys": {"keys": [{"key": "demo", "principal": "alice", "models": ["gpt-*"]}]}}))
        .unwrap()
}

fn ask(plugin: &dyn Plugin, headers: &[(&str, &[u8])], query: &str) -> AuthVerdict {
    let head = Head {
        method: "POST",
        scheme: "http",
        authority: "localhost",
        path: "/v1/chat/completions",
        query,
        headers,
        client: Peer::at(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        body_sha256: None,
    };
    let scope = Scope::new("r", Arc::new(Attributes::default()));
    let call = Call { context: Context::new("r"), scope: &scope };
    plugin.authenticate(call, head).now_or_never().unwrap().unwrap()
}

fn principal(verdict: AuthVerdict) -> Option<String> {
    match verdict {
        AuthVerdict::Allow(grant) => Some(grant.principal.id.clone()),
        AuthVerdict::Pass | AuthVerdict::Deny(_) => None,
    }
}

#[test]
fn the_key_is_found_in_every_vendors_place() {
    let filter = demo();
    let places: [(&str, &[u8]); 6] = [
        ("authorization", b"Bearer demo"),
        ("authorization", b"bearer  demo"),
        ("authorization", b"BEARER demo "),
        ("x-api-key", b"demo"),
        ("api-key", b"demo"),
        ("x-goog-api-key", b"demo"),
    ];
    for place in places {
        assert_eq!(principal(ask(&*filter, &[place], "")).as_deref(), Some("alice"), "{place:?}");
    }
    assert_eq!(principal(ask(&*filter, &[], "alt=sse&key=d%65mo")).as_deref(), Some("alice"));
}

#[test]
fn a_field_of_its_own_is_the_only_one_that_is_looked_at() {
    let keys = json!([{"key": "demo", "principal": "alice"}]);
    for header in ["x-team-key", "X-API-Key"] {
        let filter = build(&json!({"api_keys": {"keys": keys, "header": header}})).unwrap();
        let field = header.to_ascii_lowercase();
        let own: (&str, &[u8]) = (&field, b"demo");
        let token: (&str, &[u8]) = ("authorization", b"Bearer eyJ.of.another");
        assert_eq!(principal(ask(&*filter, &[token, own], "")).as_deref(), Some("alice"), "{header}");
        assert_eq!(filter.credential_fields(), [&*field]);
        assert!(matches!(ask(&*filter, &[("authorization", b"Bearer demo")], "key=demo"), AuthVerdict::Pass));
        assert!(matches!(ask(&*filter, &[own, own], ""), AuthVerdict::Deny(_)));
        assert!(matches!(ask(&*filter, &[(&field, b"demo2")], ""), AuthVerdict::Deny(_)));
    }
    let bearer = build(&json!({"api_keys": {"keys": keys, "header": "authorization"}})).unwrap();
    assert_eq!(principal(ask(&*bearer, &[("authorization", b"Bearer demo")], "")).as_deref(), Some("alice"));
    assert!(matches!(ask(&*bearer, &[("x-api-key", b"demo")], ""), AuthVerdict::Pass));
}

#[test]
fn a_field_that_says_something_else_holds_no_key() {
    let keys = json!([{"key": "demo", "principal": "alice"}]);
    for header in ["", "x team", "Cookie", "host", "TE", "x-tidegate-key"] {
        let problems = build(&json!({"api_keys": {"keys": keys, "header": header}})).err().unwrap();
        assert_eq!((problems.len(), &*problems[0].pointer), (1, "/api_keys/header"), "{header}");
    }
}

#[test]
fn no_key_is_a_pass_and_a_wrong_one_a_deny() {
    let filter = demo();
    assert!(matches!(ask(&*filter, &[], ""), AuthVerdict::Pass));
    assert!(matches!(ask(&*filter, &[("authorization", b"Basic ZGVtbzo=")], ""), AuthVerdict::Pass));
    assert!(matches!(ask(&*filter, &[("x-api-key", b"")], ""), AuthVerdict::Deny(_)));
    assert!(matches!(ask(&*filter, &[("x-api-key", b"demo2")], ""), AuthVerdict::Deny(_)));
    assert!(matches!(ask(&*filter, &[("x-api-key", SHA256_OF_DEMO.as_bytes())], ""), AuthVerdict::Deny(_)));
}

#[test]
fn t_hdr_2_a_repeated_credential_is_refused_even_where_one_of_them_is_good() {
    let filter = demo();
    let twice: [(&str, &[u8]); 2] = [("authorization", b"Bearer demo"), ("authorization", b"Bearer other")];
    assert!(matches!(ask(&*filter, &twice, ""), AuthVerdict::Deny(_)));
    assert!(matches!(ask(&*filter, &[], "key=demo&key=x"), AuthVerdict::Deny(_)));
    let first_decides: [(&str, &[u8]); 2] = [("x-api-key", b"demo"), ("authorization", b"Bearer other")];
    assert!(matches!(ask(&*filter, &first_decides, ""), AuthVerdict::Deny(_)));
}

#[test]
fn keys_come_from_a_file_by_digest() {
    let filter = build(&json!({"api_keys": {"file": "keys.yaml"}})).unwrap();
    assert_eq!(principal(ask(&*filter, &[("x-api-key", b"demo")], "")).as_deref(), Some("from-file"));
}

#[test]
fn t_auth_4_settings_that_would_let_anyone_in_are_refused() {
    let empty = sha256_hex_of_nothing();
    let cases = [
        (json!({}), ""),
        (json!({"api_keys": {}}), "/api_keys"),
        (json!({"api_keys": {"file": "gone.yaml"}}), "/api_keys/file"),
        (json!({"api_keys": {"keys": [{"principal": "a"}]}}), "/api_keys/keys/0"),
        (json!({"api_keys": {"keys": [{"key": " ", "principal": "a"}]}}), "/api_keys/keys/0/key"),
        (json!({"api_keys": {"keys": [{"sha256": "abc", "principal": "a"}]}}), "/api_keys/keys/0/sha256"),
        (json!({"api_keys": {"keys": [{"sha256": empty, "principal": "a"}]}}), "/api_keys/keys/0/sha256"),
        (
            json!({"api_keys": {"keys": [{"key": "a", "principal": "a"}, {"key": "a", "principal": "b"}]}}),
            "/api_keys/keys/1",
        ),
    ];
    for (settings, pointer) in cases {
        let problems = build(&settings).err().unwrap();
        assert_eq!(problems[0].pointer, pointer, "{settings}");
    }
}

fn sha256_hex_of_nothing() -> &'static str {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
}

/// A filter with every method, and who issues its tokens; its servers let in nobody.
fn every_method() -> (Arc<dyn Plugin>, Issuer, Arc<Server>) {
    let issuer = Issuer::new("a");
    let server = Server::new(200, &json!({"active": false}));
    let hash = "$argon2id$v=19$m=64,t=1,p=1$c29tZSBzYWx0$ZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY";
    let settings = json!({
        "api_keys": {"keys": [{"key": "demo", "principal": "by-key"}, {"key": "eyJ.a.b", "principal": "by-odd-key"}]},
        "jwt": [{"issuer": ISSUER, "audiences": [AUDIENCE], "jwks": {"inline": issuer.jwks()}}],
        "basic": {"users": [{"name": "alice", "hash": hash}]},
        "introspection": {"url": "https://issuer.example/", "client_id": "a", "client_secret": "b"},
        "hmac": {"keys": [{"id": "a", "secret": "0123456789abcdef", "principal": "by-signature"}]},
        "mtls": {"certificates": [{"san": "DNS:*", "principal": "by-certificate"}]},
    });
    (filter(&settings, &server), issuer, server)
}

#[tokio::test]
async fn the_first_method_of_whose_kind_a_credential_is_there_decides() {
    let (filter, issuer, server) = every_method();
    let token = issuer.sign(&claims(&json!({})));
    let bearer = format!("Bearer {token}");
    let bearer = ("authorization", bearer.as_bytes());
    let who = |verdict: Result<AuthVerdict, _>| principal(verdict.unwrap());
    assert_eq!(who(asked(&*filter, &[bearer]).await).as_deref(), Some("alice"));
    assert_eq!(who(shown(&*filter, "demo").await).as_deref(), Some("by-key"));
    assert_eq!(who(asked(&*filter, &[("x-api-key", b"demo")]).await).as_deref(), Some("by-key"));
    assert_eq!(server.calls(), 0, "neither a known key nor a web token is another's to judge");
    refused(&shown(&*filter, "eyJ.a.b").await);
    assert_eq!(who(asked(&*filter, &[("x-api-key", b"eyJ.a.b")]).await).as_deref(), Some("by-odd-key"));
    refused(&asked(&*filter, &[("signature", b"a=:AAAA:"), bearer]).await);
    refused(&asked(&*filter, &[("authorization", b"Basic YWxpY2U6eA=="), ("x-api-key", b"demo")]).await);
    refused(&asked(&*filter, &[("x-api-key", b"unknown")]).await);
    assert_eq!(server.calls(), 0);
    server.say(200, &json!({"active": true, "sub": "by-introspection"}));
    assert_eq!(who(shown(&*filter, "opaque").await).as_deref(), Some("by-introspection"));
    assert!(matches!(asked(&*filter, &[]).await, Ok(AuthVerdict::Pass)));
}

proptest! {
    /// T-AUTH-2: whatever stands in the fields, nobody gets an identity without the exact key.
    #[test]
    fn t_auth_2_no_input_without_the_key_gets_an_identity(
        fields in prop::collection::vec((0_usize..4, prop::collection::vec(any::<u8>(), 0..24)), 0..4),
        query in "[a-z=&%0-9]{0,24}",
    ) {
        let names = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];
        let headers: Vec<(&str, &[u8])> = fields.iter().map(|(name, value)| (names[*name], value.as_slice())).collect();
        let holds_key = headers.iter().any(|(_, value)| value.trim_ascii().ends_with(b"demo")) || query.contains("key=");
        prop_assume!(!holds_key);
        prop_assert_eq!(principal(ask(&*demo(), &headers, &query)), None);
    }

    /// T-AUTH-2, with every method: fields that look like credentials of any kind.
    #[test]
    fn t_auth_2_no_input_without_a_credential_gets_an_identity(
        fields in prop::collection::vec((0_usize..6, 0_usize..5, "[ -~]{0,40}"), 0..5),
    ) {
        let names = ["authorization", "x-api-key", "api-key", "signature", "signature-input", "x-client-cert"];
        let beginnings = ["", "Bearer ", "Bearer eyJ.", "Basic ", "a=:"];
        let values: Vec<String> = fields.iter().map(|(_, kind, rest)| format!("{}{rest}", beginnings[*kind])).collect();
        prop_assume!(!values.iter().any(|value| value.trim().ends_with("demo")));
        let headers: Vec<(&str, &[u8])> =
            fields.iter().zip(&values).map(|((name, _, _), value)| (names[*name], value.as_bytes())).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let verdict = runtime.block_on(asked(&*every_method().0, &headers)).unwrap();
        prop_assert_eq!(principal(verdict), None);
    }
}
