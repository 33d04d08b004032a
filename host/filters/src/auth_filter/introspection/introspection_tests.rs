use std::sync::Arc;

use serde_json::{Value, json};
use tidegate_contract::AuthVerdict;
use tidegate_pipeline::{HookError, Plugin};

use super::super::cache::now;
use super::super::testing::{Server, asked, built, filter, principal, refused, shown};

fn settings(more: &Value) -> Value {
    let mut settings = json!({"url": "https://issuer.example/introspect", "client_id": "gate way", "client_secret": "s:cret"});
    for (name, value) in more.as_object().unwrap() {
        settings[name] = value.clone();
    }
    json!({"introspection": settings})
}

fn of(server: &Arc<Server>, more: &Value) -> Arc<dyn Plugin> {
    filter(&settings(more), server)
}

#[tokio::test]
async fn the_server_is_asked_once_for_each_token() {
    let server =
        Server::new(200, &json!({"active": true, "sub": "alice", "exp": now() + 600, "tenant": "acme"}));
    let filter = of(&server, &json!({"claims": {"tenant": "tenant"}}));
    for _ in 0..3 {
        let Ok(AuthVerdict::Allow(grant)) = shown(&*filter, "opaque+/=&token=x").await else {
            panic!("refused")
        };
        assert_eq!((&*grant.principal.id, grant.principal.tenant.as_deref()), ("alice", Some("acme")));
    }
    assert_eq!(server.calls(), 1);
    let request = server.request.lock().unwrap().clone();
    assert_eq!(request.body, b"token=opaque%2B%2F%3D%26token%3Dx&token_type_hint=access_token");
    let header =
        |name: &str| request.headers.iter().find(|field| field.name == name).map(|field| field.value.clone());
    // base64 of "gate%20way:s%3Acret"
    assert_eq!(header("authorization").unwrap(), b"Basic Z2F0ZSUyMHdheTpzJTNBY3JldA==");
    server.say(200, &json!({"active": false}));
    refused(&shown(&*filter, "opaque+/=&token=y").await);
    assert_eq!(server.calls(), 2);
}

#[tokio::test]
async fn what_is_not_active_lets_nobody_in() {
    for said in [
        json!({"active": false, "sub": "alice"}),
        json!({"active": true}),
        json!({"active": true, "sub": "alice", "exp": now() - 1}),
        json!({"active": true, "sub": "alice", "exp": "later"}),
        json!({"active": true, "sub": "alice", "iss": "https://evil.example", "aud": "gateway"}),
        json!({"active": true, "sub": "alice", "iss": "https://issuer.example", "aud": ["other"]}),
        json!({"active": true, "sub": "alice", "iss": "https://issuer.example"}),
    ] {
        let server = Server::new(200, &said);
        let more = json!({"issuer": "https://issuer.example", "audiences": ["gateway"]});
        refused(&shown(&*of(&server, &more), "token").await);
    }
    let said = json!({"active": true, "sub": "a", "iss": "https://issuer.example", "aud": ["x", "gateway"]});
    let more = json!({"issuer": "https://issuer.example", "audiences": ["gateway"]});
    assert_eq!(principal(&shown(&*of(&Server::new(200, &said), &more), "token").await), "a");
}

#[tokio::test]
async fn an_answer_that_is_none_is_a_failure_and_not_remembered() {
    let server = Server::down();
    let filter = of(&server, &json!({}));
    let failed = |verdict: &Result<AuthVerdict, HookError>| matches!(verdict, Err(HookError::Failed(_)));
    assert!(failed(&shown(&*filter, "token").await));
    for (status, body) in [
        (500, json!({"active": true, "sub": "alice"})),
        (302, json!({"active": true, "sub": "alice"})),
        (401, json!({"active": true, "sub": "alice"})),
        (200, json!({"sub": "alice"})),
        (200, json!({"active": "true", "sub": "alice"})),
        (200, json!([true])),
    ] {
        server.say(status, &body);
        assert!(failed(&shown(&*filter, "token").await), "{status} {body}");
    }
    server.say(200, &json!({"active": true, "sub": "alice"}));
    assert_eq!(principal(&shown(&*filter, "token").await), "alice");
}

#[tokio::test]
async fn tokens_that_cannot_be_are_refused_unasked() {
    let server = Server::new(200, &json!({"active": true, "sub": "alice"}));
    let filter = of(&server, &json!({}));
    refused(&shown(&*filter, "").await);
    refused(&shown(&*filter, &"a".repeat(8 * 1024 + 1)).await);
    let twice: [(&str, &[u8]); 2] = [("authorization", b"Bearer a"), ("authorization", b"Bearer b")];
    refused(&asked(&*filter, &twice).await);
    assert!(matches!(asked(&*filter, &[("authorization", b"Basic YTpi")]).await, Ok(AuthVerdict::Pass)));
    assert_eq!(server.calls(), 0);
}

#[test]
fn t_auth_4_settings_without_a_secret_are_refused() {
    for (more, pointer) in [
        (json!({"client_secret": ""}), "/introspection/client_secret"),
        (json!({"client_secret": " "}), "/introspection/client_secret"),
        (json!({"url": "http://issuer.example/"}), "/introspection/url"),
        (json!({"url": "issuer.example"}), "/introspection/url"),
        (json!({"cache": "0s"}), "/introspection/cache"),
    ] {
        let problems = built(&settings(&more), &Server::down()).err().unwrap();
        assert_eq!(problems[0].pointer, pointer, "{more}: {problems:?}");
    }
}
