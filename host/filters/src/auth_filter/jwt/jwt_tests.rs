use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_contract::{AuthVerdict, HeaderEdit};
use tidegate_pipeline::{HookError, Plugin};

use super::super::cache::now;
use super::super::testing::{
    AUDIENCE, ISSUER, Issuer, Server, asked, built, claims, filter, principal, refused, shown,
};

fn settings(jwks: &Value, more: &Value) -> Value {
    let mut provider = json!({"issuer": ISSUER, "audiences": [AUDIENCE], "jwks": {"inline": jwks}});
    for (name, value) in more.as_object().unwrap() {
        provider[name] = value.clone();
    }
    json!({"jwt": [provider]})
}

fn of(issuer: &Issuer, more: &Value) -> Arc<dyn Plugin> {
    filter(&settings(&issuer.jwks(), more), &Server::down())
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn a_good_token_says_who_is_calling() {
    let issuer = Issuer::new("a");
    let filter = of(&issuer, &json!({"claims": {"tenant": "org", "headers": {"x-user": "email"}}}));
    let token = issuer.sign(&claims(&json!({"org": "acme", "email": "alice@example.com"})));
    // The second answer is a remembered one.
    for _ in 0..2 {
        let Ok(AuthVerdict::Allow(grant)) = shown(&*filter, &token).await else { panic!("refused") };
        assert_eq!((&*grant.principal.id, grant.principal.tenant.as_deref()), ("alice", Some("acme")));
        assert_eq!(grant.headers, [HeaderEdit::Set("x-user".into(), b"alice@example.com".into())]);
    }
    let lower = format!("bearer {token}");
    assert_eq!(principal(&asked(&*filter, &[("authorization", lower.as_bytes())]).await), "alice");
}

#[tokio::test]
async fn what_is_no_token_is_somebody_elses() {
    let filter = of(&Issuer::new("a"), &json!({}));
    for value in ["Bearer sk-abc", "Bearer a.b.c", "Basic eyJ.a.b", "Bearer", "eyJ.a.b", "Bearer eyJ.a.b.c.d"]
    {
        let verdict = asked(&*filter, &[("authorization", value.as_bytes())]).await;
        assert!(matches!(verdict, Ok(AuthVerdict::Pass)), "{value}: {verdict:?}");
    }
    assert!(matches!(asked(&*filter, &[]).await, Ok(AuthVerdict::Pass)));
}

#[tokio::test]
async fn t_auth_4_claims_that_do_not_hold_are_a_401() {
    let issuer = Issuer::new("a");
    let filter = of(&issuer, &json!({"leeway": "10s"}));
    let now = now();
    for (changed, said) in [
        (json!({"exp": now - 11}), "expired"),
        (json!({"exp": now - 100_000}), "expired"),
        (json!({"exp": null}), "lacks"),
        (json!({"exp": "soon"}), "lacks"),
        (json!({"exp": -1}), "lacks"),
        (json!({"exp": (now + 600).to_string()}), "lacks"),
        (json!({"exp": [now + 600]}), "cannot be accepted"),
        (json!({"nbf": now + 60}), "not good yet"),
        (json!({"nbf": "later"}), "cannot be accepted"),
        (json!({"aud": "other"}), "another audience"),
        (json!({"aud": ["other", "Gateway"]}), "another audience"),
        (json!({"aud": []}), "another audience"),
        (json!({"aud": null}), "lacks"),
        (json!({"aud": 5}), "lacks"),
        (json!({"aud": {"gateway": 1}}), "lacks"),
        (json!({"iss": "https://issuer.example/"}), "issuer"),
        (json!({"iss": "https://evil.example"}), "issuer"),
        (json!({"iss": [ISSUER]}), "cannot be read"),
        (json!({"iss": null}), "cannot be read"),
        (json!({"sub": null}), "who it is for"),
    ] {
        let message = refused(&shown(&*filter, &issuer.sign(&claims(&changed))).await);
        assert!(message.contains(said), "{changed}: {message}");
    }
    for good in [json!({"exp": now - 5}), json!({"nbf": now + 5}), json!({"aud": ["x", AUDIENCE]})] {
        assert_eq!(principal(&shown(&*filter, &issuer.sign(&claims(&good))).await), "alice", "{good}");
    }
}

#[tokio::test]
async fn t_auth_4_algorithms_cannot_be_confused() {
    let issuer = Issuer::new("a");
    let filter = of(&issuer, &json!({}));
    let body = encoded(&claims(&json!({})));
    let jwk = issuer.jwk();
    let public = [jwk["x"].as_str().unwrap(), jwk["y"].as_str().unwrap(), &jwk.to_string()].map(String::from);
    for algorithm in
        ["none", "None", "NONE", "nOnE", "", "HS256", "HS512", "RS256", "ES384", "EdDSA", "ES256K"]
    {
        let signed = format!("{}.{body}", encoded(&json!({"alg": algorithm, "kid": "a"})));
        let mut signatures = vec![String::new(), "AA".into()];
        for secret in &public {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            signatures.push(URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes())));
        }
        for signature in signatures {
            refused(&shown(&*filter, &format!("{signed}.{signature}")).await);
        }
    }
    for header in [
        json!({"alg": "ES256", "kid": "a", "jwk": Issuer::new("evil").jwk()}),
        json!({"alg": "ES256", "kid": "a", "jku": "https://evil.example/jwks"}),
        json!({"alg": "ES256", "kid": "a", "crit": ["x"], "x": 1}),
        json!({"alg": "ES256", "kid": 5}),
        json!({"alg": ["ES256"]}),
        json!({"kid": "a"}),
    ] {
        refused(&shown(&*filter, &format!("{}.{body}.AAAA", encoded(&header))).await);
    }
}

#[tokio::test]
async fn t_auth_4_names_of_keys_are_only_names() {
    let issuer = Issuer::new("a");
    let filter = of(&issuer, &json!({}));
    for name in
        ["../../../../dev/null", "/etc/passwd", "b", "a' OR 1=1 --", "https://evil.example/k", "\u{0}a", ""]
    {
        let message = refused(&shown(&*filter, &issuer.sign_as(Some(name), &claims(&json!({})))).await);
        assert!(message.contains("does not have"), "{name}: {message}");
    }
    assert_eq!(principal(&shown(&*filter, &issuer.sign_as(None, &claims(&json!({})))).await), "alice");
    let other = Issuer::new("a");
    let message = refused(&shown(&*filter, &other.sign(&claims(&json!({})))).await);
    assert!(message.contains("signature"), "{message}");
}

#[tokio::test]
async fn t_auth_1_characters_of_other_languages_are_a_401() {
    let filter = of(&Issuer::new("a"), &json!({}));
    for text in [
        "eyJ'; DROP TABLE users; --.a.b",
        "eyJ\".\".\"",
        "eyJ$(id).`id`.%00",
        "eyJ..",
        "eyJ.\u{e9}.\u{1f512}",
    ] {
        refused(&shown(&*filter, text).await);
    }
    refused(&asked(&*filter, &[("authorization", b"Bearer eyJ\xff.\xfe.\xfd")]).await);
    let twice: [(&str, &[u8]); 2] =
        [("authorization", b"Bearer eyJ.a.b"), ("authorization", b"Bearer eyJ.a.b")];
    refused(&asked(&*filter, &twice).await);
}

#[tokio::test]
async fn a_huge_token_is_refused_unread() {
    let issuer = Issuer::new("a");
    let filter = of(&issuer, &json!({}));
    let token = issuer.sign(&claims(&json!({"padding": "a".repeat(8 * 1024)})));
    assert_eq!(refused(&shown(&*filter, &token).await), "the token is longer than 8 KiB");
    let token = issuer.sign(&claims(&json!({"padding": "a".repeat(4 * 1024)})));
    assert_eq!(principal(&shown(&*filter, &token).await), "alice");
}

#[tokio::test]
async fn t_auth_3_tokens_with_the_same_beginning_are_told_apart() {
    let issuer = Issuer::new("a");
    let filter = of(&issuer, &json!({}));
    let (alice, bob) =
        (issuer.sign(&claims(&json!({"sub": "alice"}))), issuer.sign(&claims(&json!({"sub": "bobby"}))));
    assert_eq!(alice[..60], bob[..60]);
    assert_eq!(principal(&shown(&*filter, &alice).await), "alice");
    assert_eq!(principal(&shown(&*filter, &bob).await), "bobby");
    for at in [alice.len() - 1, alice.len() - 40, alice.len() / 2] {
        let mut twin = alice.clone().into_bytes();
        twin[at] = if twin[at] == b'A' { b'B' } else { b'A' };
        refused(&shown(&*filter, &String::from_utf8(twin).unwrap()).await);
    }
    refused(&shown(&*filter, &format!("{alice}A")).await);
    refused(&shown(&*filter, &alice[..alice.len() - 1]).await);
}

#[tokio::test]
async fn t_auth_3_what_one_issuer_vouched_for_says_nothing_of_another() {
    let (one, other) = (Issuer::new("a"), Issuer::new("a"));
    let provider = |issuer: &str, keys: &Issuer, prefix: &str| json!({"issuer": issuer, "audiences": [], "jwks": {"inline": keys.jwks()}, "claims": {"principal_prefix": prefix}});
    let settings =
        json!({"jwt": [provider(ISSUER, &one, "one:"), provider("https://other.example", &other, "other:")]});
    let filter = filter(&settings, &Server::down());
    let theirs = claims(&json!({"iss": "https://other.example"}));
    assert_eq!(principal(&shown(&*filter, &one.sign(&claims(&json!({})))).await), "one:alice");
    assert_eq!(principal(&shown(&*filter, &other.sign(&theirs)).await), "other:alice");
    refused(&shown(&*filter, &one.sign(&theirs)).await);
    refused(&shown(&*filter, &other.sign(&claims(&json!({})))).await);
}

#[tokio::test]
async fn a_remembered_token_ends_with_its_key() {
    let (old, new) = (Issuer::new("old"), Issuer::new("new"));
    let server = Server::new(200, &old.jwks());
    let mut settings = settings(&json!({}), &json!({}));
    settings["jwt"][0]["jwks"] = json!({"url": "https://issuer.example/jwks"});
    let filter = filter(&settings, &server);
    let token = old.sign(&claims(&json!({})));
    assert_eq!(principal(&shown(&*filter, &token).await), "alice");
    server.say(200, &new.jwks());
    assert_eq!(principal(&shown(&*filter, &new.sign(&claims(&json!({})))).await), "alice");
    refused(&shown(&*filter, &token).await);
    assert_eq!(server.calls(), 2);
}

#[tokio::test]
async fn without_keys_the_filter_fails_and_a_bad_token_is_still_a_401() {
    let issuer = Issuer::new("a");
    let mut settings = settings(&json!({}), &json!({}));
    settings["jwt"][0]["jwks"] = json!({"url": "http://127.0.0.1:9/jwks"});
    let filter = filter(&settings, &Server::down());
    let failed = shown(&*filter, &issuer.sign(&claims(&json!({})))).await;
    assert!(matches!(failed, Err(HookError::Failed(_))), "{failed:?}");
    refused(&shown(&*filter, "eyJ.a.b").await);
    refused(&shown(&*filter, &issuer.sign(&claims(&json!({"iss": "https://other.example"})))).await);
}

#[test]
fn t_auth_4_settings_that_would_let_anyone_in_are_refused() {
    let keys = Issuer::new("a").jwks();
    let secret = json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]});
    let mut private = keys.clone();
    private["keys"][0]["d"] = json!("AAAA");
    for (more, pointer) in [
        (json!({"algorithms": ["none"]}), "/jwt/0/algorithms/0"),
        (json!({"algorithms": ["RS256", "HS256"]}), "/jwt/0/algorithms/1"),
        (json!({"algorithms": ["rs256"]}), "/jwt/0/algorithms/0"),
        (json!({"leeway": "2d"}), "/jwt/0/leeway"),
        (json!({"jwks": {}}), "/jwt/0/jwks"),
        (json!({"jwks": {"inline": secret}}), "/jwt/0/jwks/inline"),
        (json!({"jwks": {"inline": private}}), "/jwt/0/jwks/inline"),
        (json!({"jwks": {"file": "gone.json"}}), "/jwt/0/jwks/file"),
        (json!({"jwks": {"url": "http://issuer.example/jwks"}}), "/jwt/0/jwks/url"),
        (json!({"jwks": {"url": "http://localhost.example/jwks"}}), "/jwt/0/jwks/url"),
        (json!({"jwks": {"url": "file:///etc/keys"}}), "/jwt/0/jwks/url"),
        (json!({"jwks": {"url": "https://user:pass@issuer.example/"}}), "/jwt/0/jwks/url"),
        (json!({"jwks": {"url": "https://a.example/", "inline": keys}}), "/jwt/0/jwks"),
        (json!({"jwks": {"inline": keys, "cache": "1m"}}), "/jwt/0/jwks/cache"),
        (json!({"claims": {"headers": {"host": "sub"}}}), "/jwt/0/claims/headers/host"),
    ] {
        let problems = built(&settings(&keys, &more), &Server::down()).err().unwrap();
        assert_eq!(problems[0].pointer, pointer, "{more}: {problems:?}");
    }
    for url in ["http://127.0.0.1:1/a", "http://[::1]:1/a", "http://localhost/a", "https://issuer.example/a"]
    {
        built(&settings(&keys, &json!({"jwks": {"url": url}})), &Server::down()).unwrap();
    }
    let allowed = json!({"jwks": {"url": "http://issuer.internal/a", "allow_http": true}});
    built(&settings(&keys, &allowed), &Server::down()).unwrap();
    let provider = &settings(&keys, &json!({}))["jwt"][0];
    let problems = built(&json!({"jwt": [provider, provider]}), &Server::down()).err().unwrap();
    assert_eq!(problems[0].pointer, "/jwt/1/issuer");
}

proptest! {
    /// T-AUTH-2: a good token that was changed anywhere lets nobody in, nor does anything that looks like one.
    #[test]
    fn t_auth_2_no_token_but_the_signed_one_gets_an_identity(
        at in any::<prop::sample::Index>(),
        byte in b'!'..=b'~',
        rest in "[A-Za-z0-9_.-]{0,80}",
    ) {
        let issuer = Issuer::new("a");
        let filter = of(&issuer, &json!({}));
        let good = issuer.sign(&claims(&json!({})));
        let mut changed = good.clone().into_bytes();
        let at = at.index(changed.len());
        prop_assume!(changed[at] != byte);
        changed[at] = byte;
        let forged = [String::from_utf8(changed).unwrap(), format!("{good}{rest}."), format!("eyJ{rest}.{rest}.{rest}")];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        for token in forged {
            let verdict = runtime.block_on(shown(&*filter, &token)).unwrap();
            prop_assert!(!matches!(verdict, AuthVerdict::Allow(_)), "{token}");
        }
    }
}
