use serde_json::{Value, json};
use tidegate_contract::HeaderEdit;

use super::{Claims, ClaimsSettings, Required};

fn claims(settings: &Value, required: &Value) -> Claims {
    let settings: ClaimsSettings = serde_json::from_value(settings.clone()).unwrap();
    let required: Required = serde_json::from_value(required.clone()).unwrap();
    let mut problems = Vec::new();
    let made = settings.checked(required, "/claims", &mut problems);
    assert_eq!(problems, []);
    made
}

#[test]
fn claims_become_a_principal() {
    let places = json!({
        "principal_prefix": "acme:", "tenant": "https://acme.example/tenant", "models": "/limits/models",
        "headers": {"X-User": "email", "x-roles": "/roles", "x-none": "missing", "x-bad": "bad"},
    });
    let said = json!({
        "sub": "alice", "https://acme.example/tenant": "t1", "limits": {"models": ["gpt-*"]},
        "email": "alice@example.com", "roles": ["a", "b"], "bad": "x\r\ny: z",
    });
    let identity = claims(&places, &json!({})).identity(&said).unwrap();
    assert_eq!(identity.principal.id, "acme:alice");
    assert_eq!(identity.principal.tenant.as_deref(), Some("t1"));
    assert!(identity.principal.models.as_ref().unwrap().allow("gpt-4o"));
    let set = |name: &str, value: &str| HeaderEdit::Set(name.into(), value.into());
    let expected = [
        set("x-user", "alice@example.com"),
        HeaderEdit::Remove("x-bad".into()),
        HeaderEdit::Remove("x-none".into()),
        set("x-roles", "a,b"),
    ];
    for edit in expected {
        assert!(identity.headers.contains(&edit), "{edit:?} is not in {:?}", identity.headers);
    }
}

#[test]
fn what_is_mapped_and_missing_lets_nobody_in() {
    for (places, said) in [
        (json!({}), json!({})),
        (json!({}), json!({"sub": ""})),
        (json!({}), json!({"sub": " "})),
        (json!({}), json!({"sub": null})),
        (json!({}), json!({"sub": ["alice"]})),
        (json!({}), json!({"sub": "a\nb"})),
        (json!({}), json!({"sub": "a".repeat(257)})),
        (json!({"principal": "/a/b"}), json!({"sub": "alice"})),
        (json!({"tenant": "org"}), json!({"sub": "alice"})),
        (json!({"tenant": "org"}), json!({"sub": "alice", "org": ""})),
        (json!({"models": "models"}), json!({"sub": "alice"})),
        (json!({"models": "models"}), json!({"sub": "alice", "models": [1]})),
    ] {
        claims(&places, &json!({})).identity(&said).unwrap_err();
    }
}

#[test]
fn required_claims_are_equal_or_in_a_list() {
    let required = json!({"verified": true, "/roles": "admin", "scope": "chat"});
    let held = claims(&json!({}), &required);
    let good = json!({"sub": "a", "verified": true, "roles": ["user", "admin"], "scope": "read chat"});
    held.identity(&good).unwrap();
    for (claim, value) in [
        ("verified", json!("true")),
        ("verified", json!(false)),
        ("roles", json!("user admin")),
        ("roles", json!(["administrator"])),
        ("roles", Value::Null),
        ("scope", json!("chatting")),
        ("scope", json!("")),
    ] {
        let mut said = good.clone();
        said[claim] = value;
        assert!(held.identity(&said).is_err(), "{said}");
    }
}

#[test]
fn fields_that_cannot_be_set_are_named() {
    for name in ["host", "a b", "x-tidegate-principal", "X-Forwarded-User", "transfer-encoding"] {
        let settings: ClaimsSettings = serde_json::from_value(json!({"headers": {name: "sub"}})).unwrap();
        let mut problems = Vec::new();
        settings.checked(Required::new(), "/jwt/0/claims", &mut problems);
        assert_eq!(problems.len(), 1, "{name}");
        assert!(problems[0].pointer.starts_with("/jwt/0/claims/headers/"), "{problems:?}");
    }
}
