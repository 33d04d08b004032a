use std::sync::Arc;
use std::time::{Duration, Instant};

use argon2::password_hash::CustomizedPasswordHasher;
use argon2::{Argon2, Params};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_contract::AuthVerdict;
use tidegate_pipeline::{HookError, Plugin};

use super::super::testing::{Server, asked, built, filter, principal, refused};

/// A hash as `argon2 SALT -id -e` prints it, that costs `memory` KiB.
fn hash_of(password: &str, memory: u32) -> String {
    let params = Params::new(memory, 1, 1, None).unwrap();
    let hash = Argon2::default().hash_password_with_params(password.as_bytes(), b"some salt", params);
    hash.unwrap().to_string()
}

fn hash(password: &str) -> String {
    hash_of(password, 64)
}

fn settings(users: &Value) -> Value {
    json!({"basic": {"users": users}})
}

fn alice() -> Arc<dyn Plugin> {
    let users = json!([
        {"name": "alice", "hash": hash("wonder:land"), "principal": "team-a", "tenant": "acme", "models": ["gpt-*"]},
        {"name": "bob", "hash": hash("builder")},
        {"name": "nobody", "hash": hash("")},
    ]);
    filter(&settings(&users), &Server::down())
}

async fn sent(plugin: &dyn Plugin, pair: &[u8]) -> Result<AuthVerdict, HookError> {
    asked(plugin, &[("authorization", format!("Basic {}", STANDARD.encode(pair)).as_bytes())]).await
}

#[tokio::test]
async fn a_name_and_its_password_let_in() {
    let filter = alice();
    for _ in 0..2 {
        let Ok(AuthVerdict::Allow(grant)) = sent(&*filter, b"alice:wonder:land").await else {
            panic!("refused")
        };
        let principal = &grant.principal;
        assert_eq!((&*principal.id, principal.tenant.as_deref()), ("team-a", Some("acme")));
        assert!(!principal.models.as_ref().unwrap().allow("claude"));
    }
    assert_eq!(principal(&sent(&*filter, b"bob:builder").await), "bob");
}

#[tokio::test]
async fn whatever_is_wrong_is_told_alike() {
    let filter = alice();
    let wrong = refused(&sent(&*filter, b"alice:wonderland").await);
    for pair in [
        "alice:",
        "nobody:",
        "carol:wonder:land",
        ":",
        "alice:builder",
        "bob:wonder:land",
        "Alice:wonder:land",
    ] {
        let told = refused(&sent(&*filter, pair.as_bytes()).await);
        assert!(told == wrong || told == "the name and the password cannot be read", "{pair}: {told}");
    }
    assert_eq!(refused(&sent(&*filter, b"carol:x").await), wrong);
    for value in ["Basic", "Basic ", "Basic !", "basic YWxpY2U=", &format!("Basic {}", "YWFh".repeat(400))] {
        let verdict = asked(&*filter, &[("authorization", value.as_bytes())]).await;
        assert!(!matches!(verdict, Ok(AuthVerdict::Allow(_))), "{value}");
    }
    let Ok(AuthVerdict::Deny(refusal)) = sent(&*filter, b"a:b").await else { panic!("let in") };
    assert!(refusal.headers[0].value.starts_with(b"Basic realm="), "{refusal:?}");
}

#[tokio::test]
async fn a_remembered_pair_lets_nobody_else_in() {
    let users = json!([{"name": "ab", "hash": hash("c")}, {"name": "a", "hash": hash("bc")}]);
    let filter = filter(&settings(&users), &Server::down());
    assert_eq!(principal(&sent(&*filter, b"ab:c").await), "ab");
    assert_eq!(principal(&sent(&*filter, b"a:bc").await), "a");
    refused(&sent(&*filter, b"a:c").await);
    refused(&sent(&*filter, b"ab:bc").await);
}

#[tokio::test]
async fn a_name_that_is_unknown_costs_as_much_as_a_wrong_password() {
    let users = json!([{"name": "alice", "hash": hash_of("a", 16 * 1024)}, {"name": "bob", "hash": hash_of("b", 16 * 1024)}]);
    let filter = filter(&settings(&users), &Server::down());
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..9 {
        for (name, times) in ["alice", "carol"].iter().zip(&mut times) {
            let started = Instant::now();
            refused(&sent(&*filter, format!("{name}:wrong-{round}").as_bytes()).await);
            times.push(started.elapsed());
        }
    }
    let least = times.map(|times| times.into_iter().min().unwrap());
    assert!(least[1] * 2 > least[0] && least[0] * 2 > least[1], "{least:?}");
}

#[tokio::test]
async fn a_flood_of_passwords_shuts_out_nobody_who_is_remembered() {
    let users = json!([{"name": "alice", "hash": hash_of("a", 1024)}]);
    let filter = filter(&settings(&users), &Server::down());
    assert_eq!(principal(&sent(&*filter, b"alice:a").await), "alice");
    let flood = async {
        let tries = (0..200).map(|number| format!("alice:{number}").into_bytes());
        join_all(tries.map(|pair| async { sent(&*filter, &{ pair }).await })).await
    };
    let remembered = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        principal(&sent(&*filter, b"alice:a").await)
    };
    let (told, principal) = futures_util::future::join(flood, remembered).await;
    assert_eq!(principal, "alice");
    for verdict in told {
        let Ok(AuthVerdict::Deny(refusal)) = &verdict else { panic!("{verdict:?} is no refusal") };
        assert!([401, 503].contains(&refusal.status), "{refusal:?}");
    }
}

#[test]
fn t_auth_4_settings_that_would_let_anyone_in_are_refused() {
    let good = hash("a");
    for (user, pointer) in [
        (json!({"name": "a", "hash": ""}), "/basic/users/0/hash"),
        (json!({"name": "a", "hash": "secret"}), "/basic/users/0/hash"),
        (json!({"name": "a", "hash": good.replace("argon2id", "argon2i")}), "/basic/users/0/hash"),
        (json!({"name": "a", "hash": good.replace("m=64", "m=4194304")}), "/basic/users/0/hash"),
        (json!({"name": "a", "hash": good.replace("v=19", "v=16")}), "/basic/users/0/hash"),
        (json!({"name": "a", "hash": "$argon2id$v=19$m=64,t=1,p=1$c29tZSBzYWx0"}), "/basic/users/0/hash"),
        (json!({"name": "a", "hash": "$2b$12$abcdefghijklmnopqrstuv"}), "/basic/users/0/hash"),
        (json!({"name": "a:b", "hash": good}), "/basic/users/0/name"),
        (json!({"name": "a", "hash": good, "principal": " "}), "/basic/users/0/principal"),
    ] {
        let problems = built(&settings(&json!([user])), &Server::down()).err().unwrap();
        assert_eq!(problems[0].pointer, pointer, "{user}: {problems:?}");
        assert!(!problems[0].message.contains(&good), "{problems:?}");
    }
    let twice = json!([{"name": "a", "hash": good}, {"name": "a", "hash": good}]);
    assert_eq!(built(&settings(&twice), &Server::down()).err().unwrap()[0].pointer, "/basic/users/1");
    assert_eq!(built(&json!({"basic": {}}), &Server::down()).err().unwrap()[0].pointer, "/basic");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// T-AUTH-2: no pair but the right one gets an identity.
    #[test]
    fn t_auth_2_no_pair_but_the_right_one_gets_an_identity(sent in prop::collection::vec(any::<u8>(), 0..24), encode in any::<bool>()) {
        prop_assume!(sent != b"bob:builder" && sent != b"alice:wonder:land");
        let value = if encode { STANDARD.encode(&sent).into_bytes() } else { sent };
        let value = [b"Basic ", &*value].concat();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let verdict = runtime.block_on(asked(&*alice(), &[("authorization", &value)])).unwrap();
        prop_assert!(!matches!(verdict, AuthVerdict::Allow(_)));
    }
}
