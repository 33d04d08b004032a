use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use tidegate_pipeline::HttpClient;
use tokio::time::advance;

use super::{BETWEEN_SEARCHES, KeySet, LONGEST_LIFE, Remote};
use crate::auth_filter::testing::{Issuer, Server};

const LIFE: Duration = Duration::from_secs(600);
const PATIENCE: Duration = Duration::from_millis(250);

fn remote(server: &Arc<Server>) -> Arc<Remote> {
    let http: Arc<dyn HttpClient> = Arc::clone(server) as _;
    Remote::shared("https://issuer.example/jwks", LIFE, &http)
}

fn has(name: &'static str) -> impl Fn(&KeySet) -> bool {
    move |keys| keys.candidates(Some(name), Algorithm::ES256).next().is_some()
}

async fn knows(remote: &Arc<Remote>, name: &'static str) -> bool {
    has(name)(&remote.search(has(name), PATIENCE).await.unwrap())
}

/// Lets the tasks that are ready run.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn however_many_ask_there_is_one_fetch() {
    let server = Server::new(200, &Issuer::new("a").jwks());
    *server.latency.lock().unwrap() = Duration::from_millis(50);
    let remote = remote(&server);
    let found = join_all((0..100).map(|_| knows(&remote, "a"))).await;
    assert!(found.into_iter().all(|found| found));
    assert_eq!(server.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_does_not_take_the_fetch_along() {
    let server = Server::new(200, &Issuer::new("a").jwks());
    *server.latency.lock().unwrap() = Duration::from_secs(1);
    let remote = remote(&server);
    tokio::time::timeout(Duration::from_millis(10), remote.keys()).await.err().unwrap();
    assert!(knows(&remote, "a").await);
    assert_eq!(server.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn keys_are_renewed_ahead_and_in_the_background() {
    let server = Server::new(200, &Issuer::new("a").jwks());
    let remote = remote(&server);
    assert!(knows(&remote, "a").await);
    server.say(200, &Issuer::new("b").jwks());
    advance(LIFE * 4 / 5 - Duration::from_secs(1)).await;
    assert!(knows(&remote, "a").await);
    assert_eq!(server.calls(), 1);
    advance(Duration::from_secs(2)).await;
    *server.latency.lock().unwrap() = Duration::from_secs(5);
    assert!(has("a")(&remote.keys().await.unwrap()), "nobody waits for a renewal");
    settle().await;
    advance(Duration::from_secs(6)).await;
    settle().await;
    assert_eq!(server.calls(), 2);
    assert!(has("b")(&remote.keys().await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_name_is_looked_for_once_in_a_while() {
    let server = Server::new(200, &Issuer::new("a").jwks());
    let remote = remote(&server);
    assert!(knows(&remote, "a").await);
    for _ in 0..100 {
        assert!(!knows(&remote, "b").await);
    }
    assert_eq!(server.calls(), 2);
    advance(BETWEEN_SEARCHES).await;
    server.say(200, &json!({"keys": [Issuer::new("a").jwk(), Issuer::new("b").jwk()]}));
    let found = join_all((0..100).map(|_| knows(&remote, "b"))).await;
    assert!(found.into_iter().all(|found| found));
    assert_eq!(server.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_does_no_harm_while_there_are_keys() {
    let server = Server::new(200, &Issuer::new("a").jwks());
    let remote = remote(&server);
    assert!(knows(&remote, "a").await);
    for broken in [None, Some(json!("no keys")), Some(json!({"keys": []}))] {
        match broken {
            None => server.stop(),
            Some(body) => server.say(200, &body),
        }
        advance(LIFE).await;
        assert!(knows(&remote, "a").await);
        assert!(!knows(&remote, "b").await);
        settle().await;
    }
    server.say(302, &Issuer::new("evil").jwks());
    advance(LIFE).await;
    assert!(!knows(&remote, "evil").await, "t_ssrf_2: what a redirect carries is not taken");
    advance(LONGEST_LIFE).await;
    assert!(remote.keys().await.is_err(), "keys that nobody vouched for in a day are gone");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_keeps_nobody_waiting_who_has_keys() {
    let server = Server::new(200, &Issuer::new("a").jwks());
    let remote = remote(&server);
    assert!(knows(&remote, "a").await);
    *server.latency.lock().unwrap() = Duration::from_secs(9);
    let started = tokio::time::Instant::now();
    assert!(!knows(&remote, "b").await);
    assert!(started.elapsed() <= PATIENCE + Duration::from_millis(1), "{:?}", started.elapsed());
    assert!(knows(&remote, "a").await);
}

#[tokio::test(start_paused = true)]
async fn without_keys_there_is_a_failure_and_a_try_a_second() {
    let server = Server::down();
    let remote = remote(&server);
    for _ in 0..10 {
        let error = remote.keys().await.err().unwrap();
        assert!(error.to_string().contains("connection refused"), "{error}");
    }
    assert_eq!(server.calls(), 1);
    server.say(200, &Issuer::new("a").jwks());
    advance(Duration::from_secs(1)).await;
    assert!(knows(&remote, "a").await);
}

#[tokio::test(start_paused = true)]
async fn the_same_keys_stay_the_same() {
    let issuer = Issuer::new("a");
    let server = Server::new(200, &issuer.jwks());
    let remote = remote(&server);
    let first = remote.keys().await.unwrap();
    advance(LIFE).await;
    remote.keys().await.unwrap();
    settle().await;
    assert_eq!(server.calls(), 2);
    assert!(Arc::ptr_eq(&first, &remote.keys().await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_new_configuration_goes_on_with_the_keys_of_the_one_before() {
    let server = Server::new(200, &Issuer::new("a").jwks());
    let before = remote(&server);
    assert!(knows(&before, "a").await);
    server.stop();
    assert!(knows(&remote(&server), "a").await);
    drop(before);
    assert!(remote(&server).keys().await.is_err(), "what nobody uses is forgotten");
    let other = Server::new(200, &Value::Null);
    assert!(remote(&other).keys().await.is_err());
}
