//! What the tests of several filters share.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use serde_json::Value;
use tidegate_contract::{Context, Need, Reply, TransformVerdict};
use tidegate_pipeline::{
    Answer, Attributes, Authorizer, Authorizers, AuthzServer, Call, Clusters, Document, Documents,
    FilterFactory, HttpClient, HttpRequest, KeyDirectory, KeyHolder, NoAnswer, Payload, Plugin, Scope,
    SettingsProblem, StoreError, World, apply_headers,
};
use tidegate_store::{MemoryQuotas, MemoryStore};

/// No files.
pub(crate) struct NoFiles;

impl Documents for NoFiles {
    fn read(&self, path: &str, _: &Value) -> Result<Value, Vec<String>> {
        Err(vec![format!("no file {path}")])
    }
}

/// A network of one cluster, `local`, and any other server: answers with what it was given, in order, and keeps what came.
#[derive(Default)]
pub(crate) struct Network {
    /// The next answers.
    pub(crate) replies: Mutex<VecDeque<Result<Reply, NoAnswer>>>,
    /// Where each request went, and its body.
    pub(crate) seen: Mutex<Vec<(String, Value)>>,
    /// The last request to a server that is no cluster.
    pub(crate) request: Mutex<HttpRequest>,
    /// The last time that a request might take.
    pub(crate) timeout: Mutex<Duration>,
}

impl Network {
    /// One that gives these answers, with the status 200.
    pub(crate) fn of(replies: &[Value]) -> Arc<Self> {
        let reply = |body: &Value| Ok(reply(200, body.to_string()));
        Arc::new(Self { replies: Mutex::new(replies.iter().map(reply).collect()), ..Self::default() })
    }

    fn answer(&self, to: String, body: &[u8]) -> Result<Reply, NoAnswer> {
        self.seen.lock().unwrap().push((to, serde_json::from_slice(body).unwrap()));
        self.replies.lock().unwrap().pop_front().unwrap_or(Err(NoAnswer::Timeout))
    }
}

/// An answer without headers.
pub(crate) fn reply(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    Reply { status, headers: Vec::new(), body: body.into() }
}

impl HttpClient for Network {
    fn send<'a>(&'a self, request: &'a HttpRequest) -> BoxFuture<'a, Result<Reply, NoAnswer>> {
        *self.request.lock().unwrap() = request.clone();
        let answer = self.answer(format!("{} {}", request.method, request.url), &request.body);
        Box::pin(std::future::ready(answer))
    }
}

impl Clusters for Network {
    fn post<'a>(
        &'a self,
        cluster: &'a str,
        path: &'a str,
        body: Bytes,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Reply, NoAnswer>> {
        *self.timeout.lock().unwrap() = timeout;
        Box::pin(std::future::ready(self.answer(format!("{cluster} {path}"), &body)))
    }

    fn knows(&self, cluster: &str) -> bool {
        cluster == "local"
    }
}

/// The filter of these settings.
pub(crate) fn filter(factory: &dyn FilterFactory, settings: &Value) -> Arc<dyn Plugin> {
    filter_in(&Arc::default(), factory, settings)
}

/// The filter of these settings in a network.
pub(crate) fn filter_in(
    network: &Arc<Network>,
    factory: &dyn FilterFactory,
    settings: &Value,
) -> Arc<dyn Plugin> {
    factory.build(settings, &world(&NoFiles, network)).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// What is wrong in these settings.
pub(crate) fn problems(factory: &dyn FilterFactory, settings: &Value) -> Vec<SettingsProblem> {
    factory.build(settings, &world(&NoFiles, &Arc::default())).err().unwrap_or_default()
}

/// These files, and a network.
pub(crate) fn world<'w>(documents: &'w dyn Documents, network: &Arc<Network>) -> World<'w> {
    World {
        place: "place",
        documents,
        http: Arc::clone(network) as _,
        authorizers: Arc::new(NoAuthorizers),
        clusters: Arc::clone(network) as _,
        kv: Arc::new(MemoryStore::default()),
        quotas: Arc::new(MemoryQuotas::default()),
        keys: Arc::new(NoKeys),
        prices: Arc::default(),
    }
}

/// No servers that decide.
struct NoAuthorizers;

impl Authorizers for NoAuthorizers {
    fn way_to(&self, server: AuthzServer) -> Result<Arc<dyn Authorizer>, String> {
        Err(format!("cannot be reached here: {}", server.url))
    }
}

/// A directory without keys.
struct NoKeys;

impl KeyDirectory for NoKeys {
    fn holder(&self, _: &[u8; 32]) -> Result<Option<Arc<KeyHolder>>, StoreError> {
        Ok(None)
    }
}

static SCOPE: LazyLock<Arc<Scope>> = LazyLock::new(|| Scope::new("r", Arc::new(Attributes::default())));

/// A call for a request of this operation.
pub(crate) fn call(operation: &'static str) -> Call<'static> {
    Call { context: Context { operation, ..Context::new("r") }, scope: &SCOPE }
}

/// A call for a request of its own, whose notes nobody else has.
pub(crate) fn call_in(scope: &Arc<Scope>) -> Call<'_> {
    let deadline = Duration::from_millis(700);
    Call { context: Context { operation: "chat", deadline, ..Context::new("r") }, scope }
}

/// Where nothing was noted yet.
pub(crate) fn scope() -> Arc<Scope> {
    Scope::new("r", Arc::default())
}

/// The answer of a hook that answers at once.
pub(crate) fn now<T>(answer: Answer<'_, T>) -> T {
    answer.now_or_never().unwrap().unwrap()
}

/// A message of a test: its headers and, where it is JSON, its body.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    /// Whether the body is still the one that came.
    pub(crate) untouched: bool,
}

impl Sent {
    pub(crate) fn json(body: Value) -> Self {
        Self { headers: HeaderMap::new(), body, untouched: true }
    }

    /// Passes it through a transform, as a chain does.
    pub(crate) fn through(
        mut self,
        need: &Need,
        hook: impl FnOnce(&HeaderMap, Payload<'_>) -> TransformVerdict,
    ) -> Self {
        let mut document = Document::new(self.body.to_string().into());
        let verdict = match need {
            Need::Nothing => hook(&self.headers, Payload::Absent),
            Need::Fields(pointers) => {
                hook(&self.headers, Payload::Fields(&document.fields(pointers).unwrap()))
            }
            Need::Whole => hook(&self.headers, Payload::Whole(&document)),
        };
        if let TransformVerdict::Changed(change) = verdict {
            if let Some(body) = &change.body {
                document.apply(body).unwrap();
            }
            apply_headers(&change.headers, &mut self.headers).unwrap();
        }
        let untouched = !document.is_changed();
        Self { headers: self.headers, body: Value::clone(document.tree().unwrap()), untouched }
    }
}
