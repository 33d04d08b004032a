//! What the tests share: the two guests that are kept in the repository, a host with nothing real behind it, and a call.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tidegate_contract::{Context, Principal, Reply, Text};
use tidegate_pipeline::{
    Backing, Call, Code, Document, Entry, HttpClient, HttpRequest, KeyValue, Limits, LoadError, Models,
    NoAnswer, Package, Plugin, PluginMetrics, Question, Runtime, Scope, Services, Setup, StoreError,
};

use crate::{Compilation, WasmRuntime};

/// A store that counts, and of which one key never answers.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) counter: AtomicI64,
    pub(crate) asked: AtomicUsize,
}

impl KeyValue for Fake {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let never = key.ends_with("never");
        Box::pin(async move { if never { std::future::pending().await } else { Ok(None) } })
    }

    fn set<'a>(
        &'a self,
        _: &'a str,
        _: Bytes,
        _: Option<Duration>,
        _: Option<u64>,
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        Box::pin(async { Ok(Some(1)) })
    }

    fn delete<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async { Ok(false) })
    }

    fn increment<'a>(
        &'a self,
        _: &'a str,
        by: i64,
        _: Option<Duration>,
    ) -> BoxFuture<'a, Result<i64, StoreError>> {
        Box::pin(async move { Ok(self.counter.fetch_add(by, Ordering::SeqCst) + by) })
    }
}

impl HttpClient for Fake {
    fn send<'a>(&'a self, _: &'a HttpRequest) -> BoxFuture<'a, Result<Reply, NoAnswer>> {
        Box::pin(async { Err(NoAnswer::Timeout) })
    }
}

impl Models for Fake {
    fn ask<'a>(
        &'a self,
        question: Question<'a>,
    ) -> futures_util::future::BoxFuture<'a, Result<String, NoAnswer>> {
        let answer = format!("{{\"route\":\"{}\",\"asked\":{}}}", question.route, question.body);
        Box::pin(std::future::ready(Ok(answer)))
    }
}

impl PluginMetrics for Fake {
    fn count(&self, _: &str, _: &str, _: f64, _: &[(String, String)]) {}

    fn observe(&self, _: &str, _: &str, _: f64, _: &[(String, String)]) {}
}

/// One for all tests of a process. Each test has a process of its own, and a compiler that is not optimised takes seconds
/// for a guest: they share what was compiled.
pub(crate) fn runtime() -> &'static WasmRuntime {
    static RUNTIME: LazyLock<WasmRuntime> = LazyLock::new(|| {
        let test = std::env::current_exe().unwrap();
        WasmRuntime::with_cache(
            Compilation::Optimizing,
            test.parent().map(|folder| folder.join("wasm-cache")),
        )
        .unwrap()
    });
    &RUNTIME
}

/// A folder of the repository, or of what `scripts/build-plugins.sh --into` just built of it.
pub(crate) fn folder(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = std::env::var_os("TIDEGATE_GUESTS").map_or(root.clone(), |built| root.join(built));
    root.join(name)
}

fn package(name: &str) -> Package {
    Package::read(&folder(name)).unwrap()
}

pub(crate) fn hostile() -> Package {
    package("tests/hostile/plugins/rust")
}

pub(crate) fn pii_redact() -> Package {
    package("plugins/pii-redact")
}

/// How a package is configured.
pub(crate) struct Bench {
    pub(crate) package: Package,
    pub(crate) config: String,
    pub(crate) limits: Limits,
    pub(crate) most: usize,
    pub(crate) per_request: bool,
    pub(crate) fake: Arc<Fake>,
}

impl Bench {
    pub(crate) fn new(package: Package, config: impl Into<String>) -> Self {
        let fake = Arc::default();
        Self { package, config: config.into(), limits: Limits::default(), most: 4, per_request: false, fake }
    }

    pub(crate) fn setup(&self) -> Setup {
        let granted = self.package.manifest.capabilities.clone();
        let (kv, http) = (Arc::clone(&self.fake), Arc::clone(&self.fake));
        let (metrics, models) = (Arc::clone(&self.fake), Arc::clone(&self.fake));
        Setup {
            config: self.config.as_str().into(),
            services: Services::new(
                "test".into(),
                granted,
                BTreeMap::new(),
                Backing { kv, http, metrics, models },
            ),
            hooks: self.package.manifest.hooks,
            limits: self.limits,
            max_instances: self.most,
            process: tidegate_pipeline::Process::default(),
            native: tidegate_pipeline::Native::default(),
            per_request: self.per_request,
        }
    }

    pub(crate) async fn code(&self) -> Result<Arc<dyn Code>, LoadError> {
        runtime().load(&self.package).await
    }

    pub(crate) async fn load(&self) -> Result<Arc<dyn Plugin>, LoadError> {
        self.code().await?.configure(self.setup()).await
    }

    pub(crate) async fn refused(&self) -> LoadError {
        self.load().await.err().expect("it should not load")
    }
}

pub(crate) fn scope() -> Arc<Scope> {
    Scope::new("req-1", Arc::default())
}

pub(crate) fn alice() -> Principal {
    let mut alice = Principal::named("alice");
    alice.tenant = Some("acme".into());
    alice.attributes = vec![("team".into(), "search".into())];
    alice
}

/// A call of a request with this id.
pub(crate) fn call<'a>(id: &'a str, scope: &'a Arc<Scope>, deadline: Duration) -> Call<'a> {
    let context =
        Context { dialect: "openai", operation: "chat", model: Some("gpt-4o"), deadline, ..Context::new(id) };
    Call { context, scope }
}

pub(crate) fn document(text: &str) -> Document {
    Document::new(Bytes::copy_from_slice(text.as_bytes()))
}

pub(crate) fn text(content: &str) -> Text<'_> {
    Text {
        id: 0,
        role: "user",
        kind: "text",
        content: content.into(),
        start: 0,
        released: 0,
        complete: true,
        new_turn: true,
    }
}
