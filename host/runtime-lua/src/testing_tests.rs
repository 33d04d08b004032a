//! What the tests share: a package from source, a host with nothing real behind it, and a call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use secrecy::SecretString;
use tidegate_contract::{Context, Header, Principal, Reply, TransformVerdict};
use tidegate_pipeline::{
    Attributes, Backing, Call, Capabilities, Digest, Document, Entry, HookError, HttpClient, HttpRequest,
    KeyValue, Limits, LoadError, Manifest, Models, NoAnswer, Package, Payload, Plugin, PluginMetrics,
    Question, Runtime, Scope, Services, Setup, StoreError,
};

use crate::LuaRuntime;

/// A store, a client and series in memory.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) stored: Mutex<BTreeMap<String, Entry>>,
    pub(crate) sent: Mutex<Vec<HttpRequest>>,
    pub(crate) series: Mutex<Vec<String>>,
}

impl KeyValue for Fake {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if key.ends_with("broken") {
                return Err(StoreError::Unavailable("it is down".into()));
            }
            if key.ends_with("never") {
                std::future::pending::<()>().await;
            }
            Ok(self.stored.lock().unwrap().get(key).cloned())
        })
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        _ttl: Option<Duration>,
        if_version: Option<u64>,
    ) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let mut stored = self.stored.lock().unwrap();
            let known = stored.get(key).map_or(0, |entry| entry.version);
            if if_version.is_some_and(|version| version != known) {
                return Ok(None);
            }
            stored.insert(key.to_owned(), Entry { value, version: known + 1 });
            Ok(Some(known + 1))
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { Ok(self.stored.lock().unwrap().remove(key).is_some()) })
    }

    fn increment<'a>(
        &'a self,
        key: &'a str,
        by: i64,
        _ttl: Option<Duration>,
    ) -> BoxFuture<'a, Result<i64, StoreError>> {
        Box::pin(async move {
            let mut stored = self.stored.lock().unwrap();
            let known = stored
                .get(key)
                .map_or(0, |entry| std::str::from_utf8(&entry.value).unwrap().parse::<i64>().unwrap());
            let entry = Entry { value: (known + by).to_string().into(), version: 1 };
            stored.insert(key.to_owned(), entry);
            Ok(known + by)
        })
    }
}

impl HttpClient for Fake {
    fn send<'a>(&'a self, request: &'a HttpRequest) -> BoxFuture<'a, Result<Reply, NoAnswer>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.sent.lock().unwrap().push(request.clone());
            if request.url.ends_with("/slow") {
                return Err(NoAnswer::Timeout);
            }
            let field = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
            let headers = vec![field("x-a", "1"), field("x-a", "2")];
            Ok(Reply { status: 201, headers, body: [b"got ", request.url.as_bytes()].concat() })
        })
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
    fn count(&self, plugin: &str, name: &str, by: f64, labels: &[(String, String)]) {
        self.series.lock().unwrap().push(format!("{plugin} {name} +{by} {labels:?}"));
    }

    fn observe(&self, plugin: &str, name: &str, value: f64, labels: &[(String, String)]) {
        self.series.lock().unwrap().push(format!("{plugin} {name} ={value} {labels:?}"));
    }
}

/// What a test may set besides the source.
pub(crate) struct Bench {
    pub(crate) source: String,
    pub(crate) hooks: &'static str,
    pub(crate) more: &'static str,
    pub(crate) config: &'static str,
    pub(crate) limits: Limits,
    pub(crate) most: usize,
    pub(crate) granted: bool,
    pub(crate) fake: Arc<Fake>,
}

impl Bench {
    pub(crate) fn new(hooks: &'static str, source: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            hooks,
            more: "",
            config: "{}",
            limits: Limits::default(),
            most: 4,
            granted: true,
            fake: Arc::default(),
        }
    }

    pub(crate) fn package(&self) -> Package {
        let hooks: Vec<_> = self.hooks.split_whitespace().map(|hook| format!("\"{hook}\"")).collect();
        let manifest = format!(
            "[plugin]\nid = \"test\"\nversion = \"1.0.0\"\nruntime = \"lua\"\nentry = \"plugin.lua\"\n\
             contract = \"0.1\"\nhooks = [{}]\n{}",
            hooks.join(", "),
            self.more
        );
        let entry = Bytes::from(self.source.clone());
        Package {
            manifest: Manifest::parse(&manifest).unwrap(),
            digest: Digest::of(&entry),
            owners: Arc::default(),
            entry,
            schema: None,
            tree: Arc::default(),
        }
    }

    pub(crate) fn setup(&self) -> Setup {
        let granted = Capabilities {
            http: vec!["api.test".into()],
            kv: true,
            secrets: vec!["token".into()],
            metrics: true,
            models: vec!["judge".into()],
        };
        let granted = if self.granted { granted } else { Capabilities::default() };
        let secrets = BTreeMap::from([("token".to_owned(), SecretString::from("s3cret"))]);
        let (kv, http) = (Arc::clone(&self.fake), Arc::clone(&self.fake));
        let (metrics, models) = (Arc::clone(&self.fake), Arc::clone(&self.fake));
        let services = Services::new("test".into(), granted, secrets, Backing { kv, http, metrics, models });
        Setup {
            config: self.config.into(),
            services,
            hooks: self.package().manifest.hooks,
            limits: self.limits,
            max_instances: self.most,
            process: tidegate_pipeline::Process::default(),
            native: tidegate_pipeline::Native::default(),
            per_request: false,
        }
    }

    pub(crate) async fn load(&self) -> Result<Arc<dyn Plugin>, LoadError> {
        let package = self.package();
        LuaRuntime::new().load(&package).await?.configure(self.setup()).await
    }
}

/// A plugin of this source.
pub(crate) async fn plugin(hooks: &'static str, source: &str) -> Arc<dyn Plugin> {
    Bench::new(hooks, source).load().await.unwrap()
}

/// A plugin whose only hook is `transform_request(ctx, headers, body)` with this body.
pub(crate) async fn transform(body: &str) -> Arc<dyn Plugin> {
    let source =
        format!("local M = {{}}\nfunction M.transform_request(ctx, headers, body)\n{body}\nend\nreturn M");
    plugin("transform_request", &source).await
}

/// The error text for the operator.
pub(crate) async fn refused(bench: Bench) -> String {
    bench.load().await.err().expect("it should not load").to_string()
}

pub(crate) fn alice() -> Principal {
    let mut alice = Principal::named("alice");
    alice.tenant = Some("acme".into());
    alice.attributes = vec![("team".into(), "search".into())];
    alice
}

pub(crate) fn scope() -> Arc<Scope> {
    let attributes =
        Attributes { service: "chat".into(), path: "/v1/chat/completions".into(), ..Attributes::default() };
    Scope::new("req-1", Arc::new(attributes))
}

/// A call with every fact known.
pub(crate) fn call<'a>(scope: &'a Arc<Scope>, principal: Option<&'a Principal>) -> Call<'a> {
    let context = Context {
        route: "gpt",
        dialect: "openai",
        operation: "chat",
        model: Some("gpt-4o"),
        principal,
        streaming: true,
        attempt: 2,
        deadline: Duration::from_secs(5),
        ..Context::new("req-1")
    };
    Call { context, scope }
}

pub(crate) fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

pub(crate) fn document(text: &str) -> Document {
    Document::new(Bytes::copy_from_slice(text.as_bytes()))
}

/// Calls `transform_request` with a whole body.
pub(crate) async fn ask(plugin: &Arc<dyn Plugin>, body: &str) -> Result<TransformVerdict, HookError> {
    let (scope, document, headers) =
        (scope(), document(body), headers(&[("x-a", "1"), ("x-b", "2"), ("x-a", "3")]));
    plugin.transform_request(call(&scope, None), &headers, Payload::Whole(&document)).await
}

/// Calls `transform_request` and gives the body of the reply that the script makes of what it saw.
pub(crate) async fn said(plugin: &Arc<dyn Plugin>, body: &str) -> String {
    match ask(plugin, body).await.unwrap() {
        TransformVerdict::Reply(reply) => String::from_utf8(reply.body).unwrap(),
        other => panic!("no reply but {other:?}"),
    }
}

/// What an expression of Lua is, told by a plugin.
pub(crate) async fn eval(expression: &str) -> String {
    let plugin = transform(&format!("return tidegate.reply{{body = tostring({expression})}}")).await;
    said(&plugin, r#"{"model":"gpt","n":[1,2],"none":null}"#).await
}
