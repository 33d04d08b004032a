//! From a checked configuration to a snapshot.

use std::collections::{HashMap, HashSet};
use std::iter;
use std::sync::Arc;

use http::HeaderValue;
use tidegate_config::checked::{self, Config, RetryOn};
use tidegate_credentials::Sources;
use tidegate_pipeline::Chain;
use tidegate_providers::{Compatible, Provider, Site, Words, by_name};
use tidegate_telemetry::Metrics;

use crate::connect::Connector;
use crate::egress::Egress;
use crate::headers::Edits;
use crate::health::Health;
use crate::identity::Login;
use crate::ledger::Observers;
use crate::listeners;
use crate::pool::Pool;
use crate::route::{Hosts, Matcher, Routes};
use crate::snapshot::{Backend, Cluster, Origin, Retry, Route, Service, Snapshot, Tries};

/// Why a checked configuration still makes no snapshot: something outside the file is not as it says.
#[derive(Debug, thiserror::Error)]
#[error("cluster \"{cluster}\": {cause}")]
pub struct BuildError {
    /// The key under `clusters`.
    pub cluster: Arc<str>,
    /// What is wrong and what to change.
    pub cause: String,
}

/// The chains of a virtual service, made by whoever knows all kinds of filters; this crate knows none.
pub struct ServiceChains {
    /// Of the service itself.
    pub own: Chain,
    /// Of its routes, in their order.
    pub routes: Vec<RouteChains>,
}

/// The chains of a route.
pub struct RouteChains {
    /// Of the route itself.
    pub own: Chain,
    /// Of its backends, in their order.
    pub backends: Vec<Chain>,
}

impl ServiceChains {
    fn all(&self) -> impl Iterator<Item = &Chain> {
        let routes = self.routes.iter().flat_map(|route| iter::once(&route.own).chain(&route.backends));
        iter::once(&self.own).chain(routes)
    }
}

impl Snapshot {
    /// Builds a generation with `chains` in the order of its virtual services. Clusters that did not change keep the
    /// connections of `previous`.
    ///
    /// # Errors
    /// Where a cluster's certificates or credentials cannot be used.
    pub fn build(
        config: &Config,
        previous: Option<&Snapshot>,
        chains: Vec<ServiceChains>,
        observers: Observers,
    ) -> Result<Self, BuildError> {
        let metrics = &observers.metrics;
        let fresh = || Arc::new(Sources::of_process(Arc::new(Egress::of_gateway())));
        let sources = previous.map_or_else(fresh, |previous| Arc::clone(&previous.sources));
        let mut clusters = HashMap::new();
        for cluster in config.clusters.values() {
            let old = previous.and_then(|previous| previous.clusters.get(&cluster.name));
            clusters.insert(
                Arc::clone(&cluster.name),
                Arc::new(build_cluster(cluster, old, config, (metrics, &sources))?),
            );
        }
        let fields = chains.iter().flat_map(ServiceChains::all).flat_map(Chain::credential_fields);
        let credential_fields = fields.cloned().collect();
        let mut hosts = Hosts::default();
        for (service, chains) in config.virtual_services.iter().zip(chains) {
            let built = Arc::new(build_service(service, &clusters, chains));
            service.hosts.iter().for_each(|host| hosts.add(host, &built));
            hosts.add_names(&built);
        }
        let rules = config.clusters.values().filter_map(|cluster| cluster.per_request.as_ref());
        let key_prefixes = rules.map(|rule| rule.prefix.clone()).collect();
        let (limits, timeouts) = (config.limits, config.timeouts);
        let load = previous.map_or_else(Arc::default, |previous| Arc::clone(&previous.load));
        Ok(Self {
            hosts,
            clusters,
            limits,
            timeouts,
            observers,
            load,
            sources,
            key_prefixes,
            credential_fields,
        })
    }
}

type Clusters = HashMap<Arc<str>, Arc<Cluster>>;

fn build_service(service: &checked::VirtualService, clusters: &Clusters, chains: ServiceChains) -> Service {
    let ServiceChains { own, routes } = chains;
    let route = |(route, chains)| Arc::new(build_route(route, clusters, chains, &own));
    let routes: Vec<_> = service.routes.iter().zip(routes).map(route).collect();
    let models = listed_models(service, &routes);
    Service {
        name: Arc::clone(&service.name),
        digests: own.wants_body_digest() || routes.iter().any(|route| route.chain.wants_body_digest()),
        chain: own,
        guards_routes: routes.iter().any(|route| route.chain.has_auth()),
        routes: Routes::new(routes),
        models,
    }
}

/// The exact names in `match.model`, then the `models` of the clusters behind the routes.
fn listed_models(service: &checked::VirtualService, routes: &[Arc<Route>]) -> Vec<String> {
    let matched = service.routes.iter().flat_map(|route| route.matches.model.iter().flatten());
    let exact = matched.filter(|name| !name.contains(['*', '?'])).cloned();
    let backends = routes.iter().flat_map(|route| route.backends.iter());
    let served = backends.flat_map(|backend| backend.cluster.models.iter()).cloned();
    let mut seen = HashSet::new();
    exact.chain(served).filter(|name| seen.insert(name.clone())).collect()
}

fn build_route(route: &checked::Route, clusters: &Clusters, chains: RouteChains, service: &Chain) -> Route {
    let RouteChains { own, backends } = chains;
    let backends = route.backends.iter().zip(backends);
    let mut backends: Vec<_> =
        backends.filter_map(|(backend, chain)| build_backend(backend, clusters, chain)).collect();
    backends.sort_by_key(|backend| backend.priority);
    Route {
        name: Arc::clone(&route.name),
        name_header: header_value(&route.name),
        matcher: Matcher::new(&route.matches),
        hooks: service.followed_by(&own),
        chain: own,
        retry: build_retry(route.retry.as_ref()),
        backends,
        timeout: route.timeout,
    }
}

fn build_retry(retry: Option<&checked::Retry>) -> Retry {
    let all = || {
        vec![
            RetryOn::Connect,
            RetryOn::Reset,
            RetryOn::Timeout,
            RetryOn::ServerError,
            RetryOn::TooManyRequests,
        ]
    };
    match retry {
        Some(retry) => Retry { tries: Tries::InAll(retry.attempts), on: retry.on.clone() },
        None => Retry { tries: Tries::EachPriority, on: all() },
    }
}

fn build_backend(backend: &checked::Backend, clusters: &Clusters, chain: Chain) -> Option<Backend> {
    Some(Backend {
        cluster: Arc::clone(clusters.get(&backend.cluster)?),
        weight: backend.weight,
        priority: backend.priority,
        model: backend.model.clone(),
        restores_model: backend.restores_model,
        headers: Edits::new(&backend.headers),
        chain,
    })
}

fn build_cluster(
    cluster: &checked::Cluster,
    old: Option<&Arc<Cluster>>,
    config: &Config,
    (metrics, sources): (&Arc<Metrics>, &Arc<Sources>),
) -> Result<Cluster, BuildError> {
    let failed = |cause: String| BuildError { cluster: Arc::clone(&cluster.name), cause };
    let provider = provider(&cluster.provider);
    let endpoint = endpoint(cluster, &*provider);
    let origin = origin(cluster, config);
    let kept = old.filter(|old| old.origin == origin && cluster.tls == checked::ClusterTls::default());
    let pool = match kept {
        Some(old) => Arc::clone(&old.pool),
        None => {
            let connector = connector(cluster, &origin)?;
            Pool::new(Arc::clone(&cluster.name), connector, cluster.pool, Arc::clone(metrics))
        }
    };
    let login = match old.filter(|old| old.login.is_of(cluster)) {
        Some(old) => Arc::clone(&old.login),
        None => Arc::new(Login::new(cluster, &*provider, sources).map_err(failed)?),
    };
    Ok(Cluster {
        name: Arc::clone(&cluster.name),
        name_header: header_value(&cluster.name),
        prefix: cluster.path_prefix.clone().unwrap_or_else(|| provider.default_prefix().to_owned()),
        provider,
        site: site(cluster),
        drops_unsupported: cluster.drops_unsupported,
        authority: authority(endpoint.as_ref(), &cluster.name),
        https: endpoint.as_ref().is_some_and(|endpoint| endpoint.tls),
        base_path: endpoint.map(|endpoint| endpoint.base_path).unwrap_or_default(),
        login,
        headers: Edits::new(&cluster.headers),
        timeout: cluster.timeout,
        models: cluster.models.clone(),
        pool,
        health: Health::new(cluster, kept.map(|old| &old.health), metrics),
        origin,
    })
}

/// What a pool of the cluster is made from.
fn origin(cluster: &checked::Cluster, config: &Config) -> Origin {
    Origin {
        endpoint: endpoint(cluster, &*provider(&cluster.provider)),
        tls: cluster.tls.clone(),
        http2: cluster.http2,
        connect: config.timeouts.connect,
        pool: cluster.pool,
        mock: cluster.mock.clone(),
    }
}

fn connector(cluster: &checked::Cluster, origin: &Origin) -> Result<Connector, BuildError> {
    Connector::new(origin).map_err(|cause| BuildError { cluster: Arc::clone(&cluster.name), cause })
}

/// What is wrong with the certificates, keys and roots that a configuration names, a line each; nothing is opened.
pub fn certificate_problems(config: &Config) -> Vec<String> {
    let listeners = config
        .listeners
        .iter()
        .filter_map(|listener| listeners::certificate(listener).err().map(|error| error.to_string()));
    let clusters = config.clusters.values().filter_map(|cluster| {
        connector(cluster, &origin(cluster, config)).err().map(|error| error.to_string())
    });
    listeners.chain(clusters).collect()
}

/// A line of the table of providers, or of the configuration, at work.
pub fn compatible(line: checked::Compatible) -> Compatible {
    let checked::Compatible { name, endpoint, prefix, responses, tokenize, rerank, words } = line;
    let words = match words {
        checked::Words::Common => Words::Common,
        checked::Words::Mistral => Words::Mistral,
    };
    Compatible { name, endpoint, prefix, responses, tokenize, rerank, words }
}

fn provider(provider: &checked::Provider) -> Arc<dyn Provider> {
    match provider {
        checked::Provider::Compatible(line) => Arc::new(compatible((**line).clone())),
        // Every other provider of the configuration has its folder; a test of this crate holds the two lists together.
        other => by_name(other.name()).unwrap_or_else(|| Arc::clone(&tidegate_providers::all()[0])),
    }
}

/// The configured endpoint, or the provider's own.
fn endpoint(cluster: &checked::Cluster, provider: &dyn Provider) -> Option<checked::Endpoint> {
    cluster.endpoint.clone().or_else(|| parse_endpoint(&provider.default_endpoint(&site(cluster))?))
}

fn site(cluster: &checked::Cluster) -> Site {
    let checked::Site { region, project, location, api_version } = cluster.site.clone();
    Site { region, project, location, api_version }
}

fn parse_endpoint(text: &str) -> Option<checked::Endpoint> {
    let uri: http::Uri = text.parse().ok()?;
    let tls = uri.scheme_str() == Some("https");
    Some(checked::Endpoint {
        tls,
        host: uri.host()?.to_owned(),
        port: uri.port_u16().unwrap_or(if tls { 443 } else { 80 }),
        base_path: uri.path().trim_end_matches('/').to_owned(),
    })
}

fn authority(endpoint: Option<&checked::Endpoint>, name: &str) -> HeaderValue {
    let Some(endpoint) = endpoint else { return header_value(name) };
    let host =
        if endpoint.host.contains(':') { format!("[{}]", endpoint.host) } else { endpoint.host.clone() };
    let default_port = if endpoint.tls { 443 } else { 80 };
    let text = if endpoint.port == default_port { host } else { format!("{host}:{}", endpoint.port) };
    header_value(&text)
}

/// A name as a header value; what no field may carry is replaced.
fn header_value(name: &str) -> HeaderValue {
    let legal = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    let text: String = name.chars().map(legal).collect();
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("?"))
}
