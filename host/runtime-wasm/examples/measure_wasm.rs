//! scratch
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tidegate_contract::*;
use tidegate_pipeline::*;
use tidegate_runtime_wasm::WasmRuntime;
struct F;
impl KeyValue for F {
    fn get<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        Box::pin(async { Ok(None) })
    }
    fn set<'a>(
        &'a self,
        _: &'a str,
        _: Bytes,
        _: Option<Duration>,
        _: Option<u64>,
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        Box::pin(async { Ok(None) })
    }
    fn delete<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async { Ok(false) })
    }
    fn increment<'a>(
        &'a self,
        _: &'a str,
        _: i64,
        _: Option<Duration>,
    ) -> BoxFuture<'a, Result<i64, StoreError>> {
        Box::pin(async { Ok(0) })
    }
}
impl HttpClient for F {
    fn send<'a>(&'a self, _: &'a HttpRequest) -> BoxFuture<'a, Result<Reply, HttpError>> {
        Box::pin(async { Err(HttpError::Timeout) })
    }
}
impl PluginMetrics for F {
    fn count(&self, _: &str, _: &str, _: f64, _: &[(String, String)]) {}
    fn observe(&self, _: &str, _: &str, _: f64, _: &[(String, String)]) {}
}
fn setup(p: &Package, config: &str, per_request: bool) -> Setup {
    let s = Services::new(
        "t".into(),
        p.manifest.capabilities.clone(),
        BTreeMap::new(),
        Backing { kv: Arc::new(F), http: Arc::new(F), metrics: Arc::new(F) },
    );
    Setup {
        config: config.into(),
        services: s,
        hooks: p.manifest.hooks,
        limits: Limits::default(),
        max_instances: 4,
        per_request,
    }
}
fn cpu() -> Duration {
    let s = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(s.split(' ').next().unwrap().parse().unwrap())
}
async fn time<Fut: Future<Output = ()>>(name: &str, mut f: impl FnMut() -> Fut) {
    for _ in 0..2000 {
        f().await;
    }
    let mut best = f64::MAX;
    let mut all = vec![];
    for _ in 0..10 {
        let c = cpu();
        for _ in 0..5000 {
            f().await;
        }
        let us = (cpu() - c).as_secs_f64() * 1e6 / 5000.0;
        best = best.min(us);
        all.push(us);
    }
    all.sort_by(f64::total_cmp);
    println!("{name}: cpu best {best:.2} us, median {:.2} us", all[5]);
}
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let rt = WasmRuntime::with_cache(None).unwrap();
    let p = Package::read(&root.join("tests/hostile/plugins/rust")).unwrap();
    let t = Instant::now();
    let code = rt.load(&p).await.unwrap();
    println!("compile+load {:?}", t.elapsed());
    let mut headers = HeaderMap::new();
    for (n, v) in [
        ("content-type", "application/json"),
        ("user-agent", "openai/1.0"),
        ("accept", "*/*"),
        ("x-a", "1"),
        ("x-b", "2"),
        ("accept-encoding", "gzip"),
    ] {
        headers.insert(n, v.parse().unwrap());
    }
    let scope = Scope::new("req-1", Arc::default());
    let ctx = Context {
        dialect: "openai",
        operation: "chat",
        model: Some("gpt-4o"),
        deadline: Duration::from_millis(500),
        ..Context::new("req-1")
    };
    let call = Call { context: ctx, scope: &scope };
    let plugin = code.configure(setup(&p, "{}", false)).await.unwrap();
    let (pl, h) = (&plugin, &headers);
    time("no body", || async move {
        pl.transform_request(call, h, Payload::Absent).await.unwrap();
    })
    .await;
    for kb in [1, 16] {
        let text = format!(
            r#"{{"model":"gpt-4o","messages":[{{"role":"user","content":"{}"}}],"user":"u"}}"#,
            "x".repeat(kb * 1024 - 80)
        );
        let doc = Document::new(Bytes::from(text));
        let d = &doc;
        let pointers = vec!["/model".to_owned(), "/user".to_owned()];
        let ps = &pointers;
        let fields = doc.fields(ps).unwrap();
        let fs = &fields;
        time(&format!("two pointers {kb}K, call alone"), || async move {
            pl.transform_request(call, h, Payload::Fields(fs)).await.unwrap();
        })
        .await;
        time(&format!("two pointers {kb}K, with the scan"), || async move {
            let f = d.fields(ps).unwrap();
            pl.transform_request(call, h, Payload::Fields(&f)).await.unwrap();
        })
        .await;
        time(&format!("whole {kb}K"), || async move {
            pl.transform_request(call, h, Payload::Whole(d)).await.unwrap();
        })
        .await;
    }
    let once = code.configure(setup(&p, "{}", true)).await.unwrap();
    let o = &once;
    time("no body, per request instance", || async move {
        o.transform_request(call, h, Payload::Absent).await.unwrap();
    })
    .await;
    let p = Package::read(&root.join("plugins/pii-redact")).unwrap();
    let code = rt.load(&p).await.unwrap();
    let pii = code.configure(setup(&p, "{}", false)).await.unwrap();
    let pii = &pii;
    for kb in [1, 16] {
        let content = "The quick brown fox jumps over 13 lazy dogs, and so on. ".repeat(kb * 1024 / 56);
        let texts = [Text {
            id: 0,
            role: "user",
            kind: "text",
            content: content.into(),
            start: 0,
            released: 0,
            complete: true,
            new_turn: true,
        }];
        let ts = &texts;
        time(&format!("pii-redact {kb}K"), || async move {
            pii.moderate_input(call, ts).await.unwrap();
        })
        .await;
    }
}
