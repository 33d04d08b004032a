use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tidegate_telemetry::Metrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::{Limits, serve_within};
use crate::access::{Access, LiveAccess};
use crate::control::{ApiError, Control, KeyControl, ReloadError, Reloaded};
use crate::routes::{Served, router};

/// A gateway whose reload waits for a word and fails when told to.
#[derive(Default)]
struct Gateway {
    draining: AtomicBool,
    broken: AtomicBool,
    slow: AtomicBool,
    begun: Notify,
    go_on: Notify,
    ended: Notify,
}

fn no_key<T: Send>(id: String) -> BoxFuture<'static, Result<T, ApiError>> {
    Box::pin(async move {
        if id == "down" { Err(ApiError::Unavailable(id)) } else { Err(ApiError::NotFound(id)) }
    })
}

impl KeyControl for Gateway {
    fn create(&self, wanted: Value) -> BoxFuture<'_, Result<Value, ApiError>> {
        Box::pin(async move { Ok(wanted) })
    }

    fn list(&self, query: Vec<(String, String)>) -> BoxFuture<'_, Result<Value, ApiError>> {
        Box::pin(async move { Ok(json!(query)) })
    }

    fn get(&self, id: String) -> BoxFuture<'_, Result<Value, ApiError>> {
        no_key(id)
    }

    fn update(&self, id: String, _: Value) -> BoxFuture<'_, Result<Value, ApiError>> {
        no_key(id)
    }

    fn rotate(&self, id: String, _: Value) -> BoxFuture<'_, Result<Value, ApiError>> {
        no_key(id)
    }

    fn revoke(&self, id: String) -> BoxFuture<'_, Result<(), ApiError>> {
        no_key(id)
    }
}

impl Control for Gateway {
    fn ready(&self) -> bool {
        !self.draining.load(Ordering::SeqCst)
    }

    fn reload(&self) -> BoxFuture<'_, Result<Reloaded, ReloadError>> {
        Box::pin(async {
            if self.slow.load(Ordering::SeqCst) {
                self.begun.notify_one();
                self.go_on.notified().await;
            }
            self.ended.notify_one();
            if self.broken.load(Ordering::SeqCst) {
                return Err(ReloadError {
                    problems: vec!["tidegate.yaml:3:1: unknown key \"rout\"".to_owned()],
                });
            }
            Ok(Reloaded { changed: true, generation: 7 })
        })
    }

    fn config(&self) -> Value {
        json!({"clusters": ["mock"]})
    }

    fn traces(&self) -> Vec<Box<str>> {
        vec!["r-1".into()]
    }

    fn trace(&self, request_id: &str) -> Option<Value> {
        (request_id == "r-1").then(|| json!({"request_id": request_id, "steps": []}))
    }

    fn keys(&self) -> &dyn KeyControl {
        self
    }

    fn usage(&self, query: Vec<(String, String)>) -> BoxFuture<'_, Result<Value, ApiError>> {
        Box::pin(async move { Ok(json!(query)) })
    }

    fn plugins(&self) -> Vec<Value> {
        vec![json!({"name": "mask", "state": "live"})]
    }

    fn put_plugin(&self, name: String, wanted: Value) -> BoxFuture<'_, Result<Value, ApiError>> {
        Box::pin(async move {
            let path = wanted["path"].as_str().ok_or_else(|| ApiError::Invalid("no path".into()))?;
            Ok(json!({"name": name, "path": path}))
        })
    }

    fn delete_plugin(&self, name: String) -> BoxFuture<'_, Result<Value, ApiError>> {
        Box::pin(async move { Err(ApiError::Conflict(format!("\"{name}\" is in use"))) })
    }

    fn roll_back_plugin(&self, name: String) -> BoxFuture<'_, Result<Value, ApiError>> {
        Box::pin(async move { Err(ApiError::NotFound(format!("there is no \"{name}\""))) })
    }
}

struct Running {
    address: SocketAddr,
    gateway: Arc<Gateway>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

async fn start(access: Access, limits: Limits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let gateway = Arc::new(Gateway::default());
    let control: Arc<dyn Control> = gateway.clone();
    let router = router(LiveAccess::new(access), Served { control, metrics: Metrics::new().unwrap() });
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(serve_within(limits, listener, router, async { drop(stopped.await) }));
    Running { address, gateway, stop: Some(stop), served }
}

async fn open() -> Running {
    start(Access { loopback: true, token: None }, Limits::DEFAULT).await
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Running {
    async fn send(&self, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream
    }

    async fn ask(&self, line: &str, fields: &str) -> Answer {
        let request = format!("{line} HTTP/1.1\r\nhost: localhost\r\n{fields}\r\n");
        answer(self.send(&request).await).await
    }
}

async fn answer(mut stream: TcpStream) -> Answer {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

#[tokio::test]
async fn health_readiness_and_metrics_need_no_token() {
    let running = start(Access { loopback: false, token: Some("secret".into()) }, Limits::DEFAULT).await;
    let health = running.ask("GET /healthz", "").await;
    assert_eq!((health.status, &*health.body), (200, "ok"));
    assert_eq!(running.ask("GET /readyz", "").await.status, 200);
    let metrics = running.ask("GET /metrics", "").await;
    assert!(
        metrics.head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"),
        "{}",
        metrics.head
    );
    assert!(metrics.body.contains("\ntidegate_requests_in_flight 0\n"));
    running.gateway.draining.store(true, Ordering::SeqCst);
    assert_eq!(running.ask("GET /readyz", "").await.status, 503);
    assert_eq!(running.ask("GET /healthz", "").await.status, 200);
}

#[tokio::test]
async fn a_reload_answers_with_what_is_live_or_with_every_problem() {
    let running = open().await;
    let good = running.ask("POST /v1/reload", "").await;
    assert_eq!(good.status, 200);
    assert_eq!(good.json(), json!({"result": "success", "changed": true, "generation": 7}));
    running.gateway.broken.store(true, Ordering::SeqCst);
    let bad = running.ask("POST /v1/reload", "").await;
    assert_eq!(bad.status, 400);
    let problem = "tidegate.yaml:3:1: unknown key \"rout\"";
    assert_eq!(bad.json(), json!({"result": "failure", "errors": [problem]}));
}

#[tokio::test]
async fn a_client_that_leaves_does_not_stop_a_reload() {
    let running = open().await;
    running.gateway.slow.store(true, Ordering::SeqCst);
    let stream = running.send("POST /v1/reload HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    running.gateway.begun.notified().await;
    drop(stream);
    running.gateway.go_on.notify_one();
    running.gateway.ended.notified().await;
}

#[tokio::test]
async fn paths_and_methods_that_do_not_exist_are_json_errors() {
    let running = open().await;
    for (line, status, code) in [
        ("GET /", 404, "unknown_path"),
        ("GET /v1", 404, "unknown_path"),
        ("GET /v1/", 404, "unknown_path"),
        ("GET /v1/nothing", 404, "unknown_path"),
        ("GET /v1/%63onfig", 404, "unknown_path"),
        ("GET /v1/reload", 405, "wrong_method"),
        ("POST /metrics", 405, "wrong_method"),
        ("DELETE /v1/config", 405, "wrong_method"),
    ] {
        let answer = running.ask(line, "content-length: 0\r\n").await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (status, &json!(code)), "{line}");
    }
}

#[tokio::test]
async fn t_adm_1_nothing_below_v1_answers_without_the_token() {
    let running = start(Access { loopback: true, token: Some("secret".into()) }, Limits::DEFAULT).await;
    for line in ["GET /v1", "GET /v1/config", "POST /v1/reload", "GET /v1/reload", "GET /v1/nothing"] {
        let answer = running.ask(line, "content-length: 0\r\n").await;
        assert_eq!(answer.status, 401, "{line}");
        assert_eq!(answer.json()["error"]["type"], "authentication_error");
        assert!(answer.head.contains("www-authenticate: bearer"));
    }
    let config = running.ask("GET /v1/config", "authorization: Bearer secret\r\n").await;
    assert_eq!(config.json(), json!({"clusters": ["mock"]}));
}

#[tokio::test]
async fn t_adm_1_an_unprotected_address_says_what_to_set() {
    let running = start(Access { loopback: false, token: None }, Limits::DEFAULT).await;
    let answer = running.ask("POST /v1/reload", "").await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["error"]["code"], "admin_token_not_set");
}

#[tokio::test]
async fn t_adm_5_a_web_page_cannot_use_a_local_listener() {
    let running = open().await;
    let page = running.ask("POST /v1/reload", "origin: https://evil.example\r\n").await;
    assert_eq!((page.status, &page.json()["error"]["code"]), (403, &json!("origin_not_allowed")));
    let rebound = running.send("GET /v1/config HTTP/1.1\r\nhost: evil.example:9901\r\n\r\n").await;
    let rebound = answer(rebound).await;
    assert_eq!((rebound.status, &rebound.json()["error"]["code"]), (403, &json!("host_not_allowed")));
    let none = answer(running.send("GET /v1/config HTTP/1.0\r\n\r\n").await).await;
    assert_eq!(none.status, 403);
}

#[tokio::test]
async fn t_adm_5_every_answer_forbids_caching_guessing_and_framing() {
    let running = open().await;
    for line in ["GET /healthz", "GET /v1/config", "GET /nothing", "GET /v1/reload"] {
        let head = running.ask(line, "").await.head;
        for field in ["cache-control: no-store", "x-content-type-options: nosniff", "frame-ancestors 'none'"]
        {
            assert!(head.contains(field), "{line}: no {field} in {head}");
        }
    }
}

#[tokio::test]
async fn a_large_head_is_refused() {
    let running = open().await;
    let field = format!("x-large: {}\r\n", "a".repeat(Limits::DEFAULT.head));
    assert_eq!(running.ask("GET /healthz", &field).await.status, 431);
}

#[tokio::test]
async fn slow_clients_lose_their_connections_to_those_that_wait() {
    let limits = Limits { connections: 2, head_time: Duration::from_millis(50), ..Limits::DEFAULT };
    let running = start(Access { loopback: true, token: None }, limits).await;
    let silent = running.send("").await;
    let slow = running.send("GET /healthz HTTP/1.1\r\nhost: loc").await;
    assert_eq!(running.ask("GET /healthz", "").await.status, 200);
    drop((silent, slow));
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_cut() {
    let limits = Limits { connection_time: Duration::from_millis(50), ..Limits::DEFAULT };
    let running = start(Access { loopback: true, token: None }, limits).await;
    running.gateway.slow.store(true, Ordering::SeqCst);
    let mut stream = running.send("POST /v1/reload HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    assert!(bytes.is_empty());
}

#[tokio::test]
async fn shutdown_lets_an_open_request_end() {
    let mut running = open().await;
    running.gateway.slow.store(true, Ordering::SeqCst);
    let stream = running.send("POST /v1/reload HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    running.gateway.begun.notified().await;
    drop(running.stop.take());
    while TcpStream::connect(running.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    running.gateway.go_on.notify_one();
    assert_eq!(answer(stream).await.status, 200);
    running.served.await.unwrap();
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let limits = Limits { drain: Duration::from_millis(50), ..Limits::DEFAULT };
    let mut running = start(Access { loopback: true, token: None }, limits).await;
    running.gateway.slow.store(true, Ordering::SeqCst);
    let _stream = running.send("POST /v1/reload HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    running.gateway.begun.notified().await;
    let started = Instant::now();
    drop(running.stop.take());
    running.served.await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn plugins_are_listed_and_changed() {
    let running = open().await;
    let all = running.ask("GET /v1/plugins", "").await;
    assert_eq!(all.json(), json!({"plugins": [{"name": "mask", "state": "live"}]}));
    assert_eq!(running.ask("GET /v1/plugins/mask", "").await.status, 200);
    assert_eq!(running.ask("GET /v1/plugins/other", "").await.status, 404);
    let put = |body: &str| format!("content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let request = |body: &str| format!("PUT /v1/plugins/mask HTTP/1.1\r\nhost: localhost\r\n{}", put(body));
    let good = answer(running.send(&request("{\"path\":\"a\"}")).await).await;
    assert_eq!((good.status, good.json()), (200, json!({"name": "mask", "path": "a"})));
    for body in ["{}", "{", ""] {
        assert_eq!(answer(running.send(&request(body)).await).await.status, 400, "{body}");
    }
    assert_eq!(running.ask("DELETE /v1/plugins/mask", "").await.status, 409);
    assert_eq!(running.ask("POST /v1/plugins/mask/rollback", "").await.status, 404);
}
