//! Everything that a configuration says, built and ready: what one request holds on to from its start to its end.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use tidegate_config::checked::{self, Limits, RetryOn, Timeouts};
use tidegate_contract::{Dialect, Hook, Operation};
use tidegate_credentials::Sources;
use tidegate_pipeline::{AuthMode, Chain};
use tidegate_providers::{Provider, Serving, Site};

use crate::headers::Edits;
use crate::health::Health;
use crate::identity::Login;
use crate::ledger::Observers;
use crate::load::Load;
use crate::pool::Pool;
use crate::route::{Hosts, Matcher, Routes};

/// One generation of the configuration. Requests in flight keep theirs while new ones take the next.
pub struct Snapshot {
    pub(crate) hosts: Hosts,
    pub(crate) clusters: HashMap<Arc<str>, Arc<Cluster>>,
    pub(crate) limits: Limits,
    pub(crate) timeouts: Timeouts,
    pub(crate) observers: Observers,
    /// What is in flight, in all generations.
    pub(crate) load: Arc<Load>,
    /// Where credentials of clouds come from.
    pub(crate) sources: Arc<Sources>,
    /// What the names of header fields begin with in which clients send keys along.
    pub(crate) key_prefixes: BTreeSet<String>,
    /// Header fields of the operator's own in which clients send credentials.
    pub(crate) credential_fields: HashSet<HeaderName>,
}

/// A virtual service.
pub(crate) struct Service {
    pub(crate) name: Arc<str>,
    pub(crate) chain: Chain,
    pub(crate) routes: Routes,
    /// Whether a route has auth filters of its own, so that a request may go unauthenticated until it has its route.
    pub(crate) guards_routes: bool,
    /// Whether an auth filter of it or of a route asks for the digest of the body.
    pub(crate) digests: bool,
    /// What `/v1/models` lists, each once, in the order of the routes.
    pub(crate) models: Vec<String>,
}

/// A route.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) name: Arc<str>,
    pub(crate) name_header: HeaderValue,
    pub(crate) matcher: Matcher,
    /// Its own filters.
    pub(crate) chain: Chain,
    /// Those of its service, then its own: what runs on bodies.
    pub(crate) hooks: Chain,
    /// By priority.
    pub(crate) backends: Vec<Backend>,
    pub(crate) retry: Retry,
    pub(crate) timeout: Option<Duration>,
}

/// When another backend is tried.
#[derive(Clone)]
pub(crate) struct Retry {
    pub(crate) tries: Tries,
    pub(crate) on: Vec<RetryOn>,
}

/// How often backends are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tries {
    /// One backend of each priority, once.
    EachPriority,
    /// This often in all: every backend of a priority before the next one, and from the start again after the last.
    InAll(usize),
}

/// A share of a route's traffic.
#[derive(Clone)]
pub(crate) struct Backend {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) weight: u32,
    pub(crate) priority: u32,
    pub(crate) model: Option<String>,
    /// Whether answers name the model as the client did.
    pub(crate) restores_model: bool,
    pub(crate) headers: Edits,
    /// Its filters, once an attempt.
    pub(crate) chain: Chain,
}

/// A place where models are served.
pub(crate) struct Cluster {
    pub(crate) name: Arc<str>,
    pub(crate) name_header: HeaderValue,
    pub(crate) provider: Arc<dyn Provider>,
    /// Where in a cloud it is.
    pub(crate) site: Site,
    /// Whether fields that the provider cannot be told are left out instead of refused.
    pub(crate) drops_unsupported: bool,
    /// The `host` field of its requests.
    pub(crate) authority: HeaderValue,
    pub(crate) https: bool,
    pub(crate) base_path: String,
    pub(crate) prefix: String,
    pub(crate) login: Arc<Login>,
    pub(crate) headers: Edits,
    pub(crate) timeout: Option<Duration>,
    pub(crate) models: Vec<String>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) health: Health,
    /// What the pool was made from; an equal one is kept over a reload, with its warm connections.
    pub(crate) origin: Origin,
}

/// What decides whether two generations of a cluster may share connections.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Origin {
    pub(crate) endpoint: Option<checked::Endpoint>,
    pub(crate) tls: checked::ClusterTls,
    pub(crate) http2: Option<bool>,
    /// How long a new connection may take.
    pub(crate) connect: Duration,
    pub(crate) pool: checked::Pool,
    pub(crate) mock: Option<checked::Mock>,
}

impl Route {
    /// Whether a body must be held so that another backend can get it too.
    pub(crate) fn may_retry(&self) -> bool {
        match self.retry.tries {
            Tries::InAll(tries) => tries > 1,
            // They are in the order of their priorities.
            Tries::EachPriority => {
                self.backends.first().map(|b| b.priority) != self.backends.last().map(|b| b.priority)
            }
        }
    }

    /// Whether hooks must see or may change the body of a request.
    pub(crate) fn reads_request(&self) -> bool {
        self.hooks.reads_request()
            || self.backends.iter().any(|backend| backend.chain.has(Hook::TransformUpstream))
    }

    /// Whether hooks run before the request is sent.
    pub(crate) fn acts_on_requests(&self) -> bool {
        self.hooks.reads_request() || self.hooks.has(Hook::Admit)
    }

    /// This route with another cluster in place of its backends; one of its own where the cluster is one.
    pub(crate) fn to(&self, cluster: &Arc<Cluster>) -> Self {
        let own = self.backends.iter().filter(|backend| backend.cluster.name == cluster.name).cloned();
        let mut backends: Vec<_> = own.collect();
        if backends.is_empty() {
            backends.push(Backend::only(cluster));
        }
        Self { backends, ..self.clone() }
    }

    /// Whether some backend gets other bodies than the client sends, or a signature over them.
    pub(crate) fn rewrites(&self, dialect: Dialect, operation: Operation) -> bool {
        let speaks = |backend: &Backend| {
            operation.names_a_model()
                && matches!(backend.cluster.provider.serves(dialect, operation), Serving::Speaks(_))
        };
        self.backends.iter().any(|backend| speaks(backend) || backend.cluster.login.signs())
    }

    /// Whether some backend gets another model name than the client sent, has it in the path, or answers by it.
    pub(crate) fn needs_model(&self, operation: Operation) -> bool {
        let in_path = |backend: &Backend| {
            operation.names_a_model() && backend.cluster.provider.has_models_in_paths(&backend.cluster.site)
        };
        self.backends
            .iter()
            .any(|backend| backend.model.is_some() || backend.restores_model || in_path(backend))
    }
}

impl Backend {
    /// The model that it is asked for where the client names this one.
    pub(crate) fn asks_for<'a>(&'a self, named: &'a str) -> &'a str {
        self.model.as_deref().unwrap_or(named)
    }

    /// All traffic to one cluster, as it is.
    fn only(cluster: &Arc<Cluster>) -> Self {
        Self {
            cluster: Arc::clone(cluster),
            weight: 1,
            priority: 0,
            model: None,
            restores_model: false,
            headers: Edits::default(),
            chain: Chain::new(Vec::new(), AuthMode::Any),
        }
    }
}
