use std::sync::Arc;

use serde_json::{Value, json};
use tidegate_contract::{AuthVerdict, HeaderEdit};
use tidegate_pipeline::{HookError, Plugin};

use super::super::testing::{Server, asked, built, filter, principal};

fn settings(more: &Value) -> Value {
    let mut settings = json!({"url": "https://auth.example/check", "principal_header": "X-Auth-User"});
    for (name, value) in more.as_object().unwrap() {
        settings[name] = value.clone();
    }
    json!({"external": settings})
}

fn of(server: &Arc<Server>, more: &Value) -> Arc<dyn Plugin> {
    filter(&settings(more), server)
}

#[tokio::test]
async fn the_server_sees_the_head_and_what_it_may_see_of_it() {
    let server = Server::new(200, &Value::Null);
    server.say_with(200, &json!("body"), &[("x-auth-user", "alice"), ("x-tenant", "acme")]);
    let more = json!({
        "method": "POST", "headers": ["Authorization", "x-key"], "set_headers": {"x-gateway-key": "secret", "x-key": "own"},
        "tenant_header": "X-Tenant",
    });
    let filter = of(&server, &more);
    let sent: [(&str, &[u8]); 5] = [
        ("authorization", b"Bearer a"),
        ("cookie", b"session=1"),
        ("x-key", b"client's"),
        ("x-forwarded-uri", b"/open"),
        ("x-gateway-key", b"client's"),
    ];
    let Ok(AuthVerdict::Allow(grant)) = asked(&*filter, &sent).await else { panic!("refused") };
    assert_eq!((&*grant.principal.id, grant.principal.tenant.as_deref()), ("alice", Some("acme")));
    let request = server.request.lock().unwrap().clone();
    assert_eq!(
        (&*request.method, &*request.url, &*request.body),
        ("POST", "https://auth.example/check", &b""[..])
    );
    let shown = request
        .headers
        .iter()
        .map(|field| format!("{}: {}", field.name, String::from_utf8_lossy(&field.value)));
    let mut shown: Vec<String> = shown.collect();
    shown.sort();
    let expected = [
        "authorization: Bearer a",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-host: localhost",
        "x-forwarded-method: POST",
        "x-forwarded-proto: http",
        "x-forwarded-uri: /v1/chat/completions",
        "x-gateway-key: secret",
        "x-key: own",
    ];
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn t_hdr_1_only_allowed_fields_go_on_and_never_the_client_s_own() {
    let server = Server::new(200, &Value::Null);
    server.say_with(
        204,
        &Value::Null,
        &[("x-auth-user", "alice"), ("x-role", "a"), ("x-role", "b"), ("x-other", "c")],
    );
    let filter = of(&server, &json!({"allowed_headers": ["X-Role", "x-team"]}));
    let Ok(AuthVerdict::Allow(grant)) = asked(&*filter, &[("x-team", b"forged")]).await else {
        panic!("refused")
    };
    let add = |value: &[u8]| HeaderEdit::Add("x-role".into(), value.into());
    let expected =
        [HeaderEdit::Remove("x-role".into()), add(b"a"), add(b"b"), HeaderEdit::Remove("x-team".into())];
    assert_eq!(grant.headers, expected);
}

#[tokio::test]
async fn a_no_is_told_without_the_server_s_words() {
    let server = Server::new(200, &Value::Null);
    let filter = of(&server, &json!({}));
    for status in [401, 403] {
        server.say_with(
            status,
            &json!("internal: user alice is locked"),
            &[("x-auth-user", "alice"), ("set-cookie", "a=b")],
        );
        let Ok(AuthVerdict::Deny(refusal)) = asked(&*filter, &[]).await else { panic!("let in") };
        assert_eq!(refusal.status, status);
        assert!(!refusal.message.contains("alice") && refusal.headers.is_empty(), "{refusal:?}");
    }
}

#[tokio::test]
async fn t_auth_2_an_answer_that_says_nothing_lets_nobody_in() {
    let server = Server::down();
    let filter = of(&server, &json!({"tenant_header": "x-tenant"}));
    let failed = |verdict: &Result<AuthVerdict, HookError>| matches!(verdict, Err(HookError::Failed(_)));
    assert!(failed(&asked(&*filter, &[]).await));
    let whole = [("x-auth-user", "alice"), ("x-tenant", "t")];
    for status in [302, 307, 400, 404, 429, 500, 503] {
        server.say_with(status, &Value::Null, &whole);
        assert!(failed(&asked(&*filter, &[("x-auth-user", b"alice")]).await), "{status}");
    }
    for headers in [
        &[][..],
        &[("x-tenant", "t")],
        &[("x-auth-user", "alice")],
        &[("x-auth-user", ""), ("x-tenant", "t")],
        &[("x-auth-user", "alice"), ("x-auth-user", "bob"), ("x-tenant", "t")],
    ] {
        server.say_with(200, &Value::Null, headers);
        assert!(failed(&asked(&*filter, &[("x-auth-user", b"alice")]).await), "{headers:?}");
    }
    server.say_with(200, &Value::Null, &whole);
    assert_eq!(principal(&asked(&*filter, &[]).await), "alice");
}

#[test]
fn t_auth_4_settings_that_would_believe_the_client_are_refused() {
    for (more, pointer) in [
        (json!({"headers": ["x-a", "X-Forwarded-For"]}), "/external/headers/1"),
        (json!({"headers": ["a b"]}), "/external/headers/0"),
        (json!({"set_headers": {"host": "x"}}), "/external/set_headers/host"),
        (json!({"allowed_headers": ["content-length"]}), "/external/allowed_headers/0"),
        (json!({"method": "CONNECT"}), "/external/method"),
        (json!({"url": "http://auth.example/"}), "/external/url"),
    ] {
        let problems = built(&settings(&more), &Server::down()).err().unwrap();
        assert_eq!(problems[0].pointer, pointer, "{more}: {problems:?}");
    }
}
