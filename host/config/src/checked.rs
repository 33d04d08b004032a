//! The configuration as it is used: every default filled in, every reference resolved, every value in its unit.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use regex::Regex;
use secrecy::{ExposeSecret, SecretString};

use crate::node::Node;

/// A whole configuration, ready to be turned into a snapshot.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where clients connect; never empty.
    pub listeners: Vec<Listener>,
    /// The admin listener.
    pub admin: Admin,
    /// Worker threads; `None` is one a core.
    pub workers: Option<NonZeroUsize>,
    /// Sizes and counts that a client cannot exceed.
    pub limits: Limits,
    /// How long each phase may take.
    pub timeouts: Timeouts,
    /// Where models are served, by name, in the order of the file.
    pub clusters: IndexMap<Arc<str>, Cluster>,
    /// Plugins by name, in the order of the file.
    pub plugins: IndexMap<Arc<str>, Plugin>,
    /// Folders below which the admin API may load plugins from.
    pub plugin_dirs: Vec<PathBuf>,
    /// Whether native plugins are loaded.
    pub allow_native: bool,
    /// Virtual services in the order of the file.
    pub virtual_services: Vec<VirtualService>,
    /// Prices of models that the configuration gives, in their order.
    pub prices: Vec<Price>,
    /// Where counters, values and keys are kept.
    pub store: Store,
    /// The account of exchanges.
    pub usage: Option<Usage>,
    /// Logs and metrics.
    pub telemetry: Telemetry,
}

/// An address that clients connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Port 0 asks the system for a free port.
    pub address: SocketAddr,
    /// `None` is plain text (HTTP/1.1 and h2c).
    pub tls: Option<ListenerTls>,
}

/// PEM files of a listener's certificate; read again when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerTls {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// `None` asks no client for a certificate.
    pub clients: Option<ClientCertificates>,
}

/// What certificates clients of a listener show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificates {
    /// The authorities that may have issued them.
    pub authorities: PathBuf,
    /// Whether a client without one is refused.
    pub required: bool,
}

/// The admin listener.
#[derive(Debug, Clone)]
pub struct Admin {
    /// 127.0.0.1:9901 unless set.
    pub address: SocketAddr,
    /// The bearer token of `/v1/*`.
    pub token: Option<SecretString>,
}

/// Sizes in bytes, and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The head of a request: request line and fields.
    pub header: usize,
    /// A request body.
    pub body: usize,
    /// What is read of a body before the request is authenticated.
    pub unauthenticated_body: usize,
    /// Client connections at once, over all listeners.
    pub connections: usize,
    /// Streams at once on one HTTP/2 connection.
    pub streams: u32,
    /// Requests at once; `None` is any number.
    pub requests: Option<usize>,
}

/// How long each phase may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first byte of a head to its last; also the wait for a TLS handshake.
    pub header: Duration,
    /// Between two pieces of a request body.
    pub body: Duration,
    /// Connection and TLS handshake to an upstream.
    pub connect: Duration,
    /// From the request sent to the head of the answer, and from there to the first piece where that is waited for.
    pub first_byte: Duration,
    /// Between two pieces of an answer; also how long an unused connection is kept.
    pub idle: Duration,
    /// A whole exchange, from head to last byte; a route may replace it.
    pub request: Duration,
    /// How long a drain waits for open exchanges.
    pub drain: Duration,
}

/// A place where models are served.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// The key under `clusters`.
    pub name: Arc<str>,
    /// Who serves it.
    pub provider: Provider,
    /// Scheme, authority and base path; `None` is the provider's own (the mock has none).
    pub endpoint: Option<Endpoint>,
    /// What comes between the endpoint and the operation; `None` is the provider's own, such as `/v1`.
    pub path_prefix: Option<String>,
    /// Where in a cloud it is.
    pub site: Site,
    /// Whether fields that the provider's API has no words for are left out instead of refused.
    pub drops_unsupported: bool,
    /// How the gateway identifies itself.
    pub credentials: Credentials,
    /// Keys that clients send along.
    pub per_request: Option<PerRequest>,
    /// Names that `/v1/models` lists besides those of the routes.
    pub models: Vec<String>,
    /// Edits of the request's headers, for every request to this cluster.
    pub headers: HeaderEdits,
    /// The bound of one try.
    pub timeout: Option<Duration>,
    /// Trust and identity towards an `https` endpoint.
    pub tls: ClusterTls,
    /// `Some(true)`: only HTTP/2 (also without TLS), `Some(false)`: only HTTP/1.1, `None`: what ALPN picks.
    pub http2: Option<bool>,
    /// Limits of the connection pool.
    pub pool: Pool,
    /// The longest that other backends are picked because an answer says when to come again.
    pub max_cooldown: Duration,
    /// `None` never ejects it.
    pub outlier_detection: Option<OutlierDetection>,
    /// How much it is given at once.
    pub circuit_breakers: CircuitBreakers,
    /// The script of the embedded model, where `provider` is the mock.
    pub mock: Option<Mock>,
}

/// Who serves a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Provider {
    /// One that has code of its own, by its name.
    Own(&'static str),
    /// The embedded model.
    Mock,
    /// An opaque HTTP upstream: paths are passed as they are.
    Http,
    /// One that speaks OpenAI's API.
    Compatible(Arc<Compatible>),
}

/// A provider that speaks OpenAI's API.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Compatible {
    /// As clusters call it.
    pub name: String,
    /// Scheme, authority and base path.
    pub endpoint: Option<String>,
    /// What its API begins with, such as `/v1`.
    pub prefix: String,
    /// Whether it has OpenAI's responses, too.
    pub responses: bool,
    /// Whether it has vLLM's `/tokenize`.
    pub tokenize: bool,
    /// Where it reranks, from the root of its host; `None` where it does not.
    pub rerank: Option<String>,
    /// Whose words its chat completions are in.
    pub words: Words,
}

/// The words of chat completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Words {
    /// What nearly all servers have in common.
    Common,
    /// Mistral's.
    Mistral,
}

/// How the gateway identifies itself to a provider.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// Not at all.
    #[default]
    None,
    /// By a key, sent as the provider wants it.
    ApiKey(SecretString),
    /// By signatures of Amazon Web Services.
    Aws {
        /// `None` is what the machine has.
        keys: Option<AwsKeys>,
        /// To be assumed with them.
        role: Option<AwsRole>,
    },
    /// By tokens of Google Cloud.
    Gcp(Gcp),
    /// By tokens of Microsoft Entra.
    Azure(Azure),
}

impl Credentials {
    /// All that it is, for comparison only: secrets stand among it.
    fn parts(&self) -> Vec<&str> {
        match self {
            Self::None => vec!["none"],
            Self::ApiKey(key) => vec!["key", key.expose_secret()],
            Self::Aws { keys, role } => {
                let mut parts = vec!["aws"];
                if let Some(AwsKeys { access_key_id, secret_access_key, session_token }) = keys {
                    let token = session_token.as_ref().map_or("", ExposeSecret::expose_secret);
                    parts.extend([access_key_id.as_str(), secret_access_key.expose_secret(), token]);
                }
                if let Some(AwsRole { arn, external_id }) = role {
                    parts.extend(["role", arn, external_id.as_deref().unwrap_or_default()]);
                }
                parts
            }
            Self::Gcp(Gcp::Machine) => vec!["gcp"],
            Self::Gcp(Gcp::Token(token)) => vec!["gcp", "token", token.expose_secret()],
            Self::Gcp(Gcp::File(file)) => vec!["gcp", "file", file.to_str().unwrap_or_default()],
            Self::Azure(Azure::Machine { client_id }) => {
                vec!["azure", client_id.as_deref().unwrap_or_default()]
            }
            Self::Azure(Azure::Token(token)) => vec!["azure", "token", token.expose_secret()],
            Self::Azure(Azure::Secret { tenant_id, client_id, secret }) => {
                vec!["azure", "secret", tenant_id, client_id, secret.expose_secret()]
            }
            Self::Azure(Azure::Certificate { tenant_id, client_id, file }) => {
                vec!["azure", "certificate", tenant_id, client_id, file.to_str().unwrap_or_default()]
            }
        }
    }
}

impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

/// Keys of Amazon Web Services.
#[derive(Debug, Clone)]
pub struct AwsKeys {
    /// The id of the key.
    pub access_key_id: String,
    /// The key itself.
    pub secret_access_key: SecretString,
    /// Of temporary keys.
    pub session_token: Option<SecretString>,
}

/// A role of Amazon Web Services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsRole {
    /// Its name.
    pub arn: String,
    /// What its owner wants to be told.
    pub external_id: Option<String>,
}

/// Where tokens of Google Cloud come from.
#[derive(Debug, Clone)]
pub enum Gcp {
    /// From what the machine has.
    Machine,
    /// From the file itself.
    Token(SecretString),
    /// From the key in a file.
    File(PathBuf),
}

/// Where tokens of Microsoft Entra come from.
#[derive(Debug, Clone)]
pub enum Azure {
    /// From what the machine has; `client_id` says which of its identities.
    Machine {
        /// The application.
        client_id: Option<String>,
    },
    /// From the file itself.
    Token(SecretString),
    /// From an application's secret.
    Secret {
        /// The directory.
        tenant_id: String,
        /// The application.
        client_id: String,
        /// Its secret.
        secret: SecretString,
    },
    /// From an application's certificate.
    Certificate {
        /// The directory.
        tenant_id: String,
        /// The application.
        client_id: String,
        /// A PEM file with the certificate and its private key.
        file: PathBuf,
    },
}

/// Keys that clients send along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerRequest {
    /// What the names of their header fields begin with.
    pub prefix: String,
    /// Whether a request without them is refused.
    pub required: bool,
}

/// Where in a cloud a cluster is; which of these a provider takes, and needs, is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Site {
    /// Of AWS.
    pub region: Option<String>,
    /// Of Google Cloud.
    pub project: Option<String>,
    /// Of Google Cloud.
    pub location: Option<String>,
    /// Of Azure.
    pub api_version: Option<String>,
}

/// The origin of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// `https` rather than `http`.
    pub tls: bool,
    /// A name or an address, without brackets.
    pub host: String,
    /// The port; 80 or 443 where the text names none.
    pub port: u16,
    /// Without a trailing slash; empty where there is none.
    pub base_path: String,
}

/// Trust and identity towards an upstream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ClusterTls {
    /// A PEM file of the roots to trust in place of the system's.
    pub ca: Option<PathBuf>,
    /// A PEM file of the client certificate.
    pub certificate: Option<PathBuf>,
    /// Its private key; always set together with `certificate`.
    pub key: Option<PathBuf>,
}

/// Limits of a cluster's connection pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pool {
    /// Connections at once.
    pub connections: usize,
    /// Unused HTTP/1.1 connections kept.
    pub idle_connections: usize,
    /// Streams at once on one HTTP/2 connection; another connection is opened beyond it.
    pub streams: usize,
    /// How long an unused connection is kept.
    pub idle: Duration,
    /// Requests that may wait for a free place; `None` is any number.
    pub max_pending: Option<usize>,
}

/// When a cluster is ejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutlierDetection {
    /// Failures in a row that eject it; at least 1.
    pub consecutive_5xx: u32,
    /// How long the first time.
    pub base: Duration,
    /// How long at most; not shorter than `base`.
    pub max: Duration,
    /// Of a route's backends, how many may be ejected at once.
    pub max_percent: u32,
}

/// How much a cluster is given at once; `None` is any number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CircuitBreakers {
    /// Requests at once.
    pub max_requests: Option<usize>,
    /// Of these, those that are another try after a failure.
    pub max_retries: Option<usize>,
}

/// What the embedded model does.
#[derive(Debug, Clone, PartialEq)]
pub struct Mock {
    /// The text of each answer.
    pub reply: String,
    /// Answer with the request that reached it, as JSON text.
    pub echo: bool,
    /// Pace of a stream.
    pub stream: MockStream,
    /// Wait before the head of an answer.
    pub latency: Duration,
    /// Answer with this status and an error body.
    pub status: Option<u16>,
    /// One entry a call, from the first to the last, then again from the first; empty: none of it.
    pub script: Vec<MockAnswer>,
}

/// Pace of the embedded model's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MockStream {
    /// Characters an event.
    pub chunk: usize,
    /// Wait between two events.
    pub every: Duration,
}

/// One scripted answer.
#[derive(Debug, Clone, PartialEq)]
pub struct MockAnswer {
    /// The status; 200 unless set.
    pub status: u16,
    /// Fields besides the content type.
    pub headers: Vec<(String, String)>,
    /// What follows the head.
    pub body: MockBody,
    /// Cut the connection after this many bytes of the body.
    pub cut_after: Option<usize>,
}

/// The body of a scripted answer.
#[derive(Debug, Clone, PartialEq)]
pub enum MockBody {
    /// Sent as it is; JSON where the file has a mapping, text where it has a string.
    Whole {
        /// The bytes of the body.
        text: String,
        /// `application/json` where the file has JSON, else `text/plain`.
        content_type: &'static str,
    },
    /// Server-sent events: the data of each, paced like any stream.
    Events(Vec<String>),
}

/// A plugin. What its package holds is the business of whoever loads it, never this crate's.
#[derive(Debug, Clone)]
pub struct Plugin {
    /// The key under `plugins`.
    pub name: Arc<str>,
    /// The folder of its package.
    pub path: PathBuf,
    /// What it may use.
    pub grants: Grants,
    /// What becomes of its routes when it cannot be loaded.
    pub on_load_error: OnLoadError,
    /// Instances at once.
    pub max_instances: usize,
    /// Processes of a plugin that has some.
    pub workers: usize,
    /// An interpreter, or the folder of an environment with one.
    pub python: Option<PathBuf>,
    /// Whether the environment's own start-up code runs.
    pub site: bool,
    /// What holds for a library.
    pub native: Native,
    /// Whether each call gets a fresh instance; `None` is what its manifest says.
    pub per_request: Option<bool>,
    /// Bytes of memory an instance.
    pub memory: usize,
    /// Bytes of a verdict.
    pub output: usize,
    /// Bytes of a body, or of its texts, that it is given.
    pub body: usize,
    /// How long it may take to be configured.
    pub configure: Duration,
    /// The entry, for the place of an error.
    pub entry: Option<Node>,
}

/// What holds for a plugin that is a library.
#[derive(Debug, Clone, Copy, Default)]
pub struct Native {
    /// Whether the operator has any at all.
    pub is_allowed: bool,
    /// Whether it runs in the gateway's process; `None` where the file says nothing.
    pub in_process: Option<bool>,
    /// Whether its calls run on threads of their own; `None` where the file says nothing.
    pub blocking: Option<bool>,
}

/// What a plugin may use.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    /// Hosts that it may send requests to.
    pub http: Vec<String>,
    /// Whether it may keep values beyond a request.
    pub kv: bool,
    /// Whether it may make metrics of its own.
    pub metrics: bool,
    /// Secrets by name.
    pub secrets: IndexMap<String, SecretString>,
    /// Routes whose models it may ask.
    pub models: Vec<String>,
}

/// What becomes of a plugin's routes when it cannot be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnLoadError {
    /// What was loaded before stays.
    KeepPrevious,
    /// Its filters fail.
    Disable,
    /// The configuration is refused.
    RefuseStart,
}

/// Hosts that share filters and routes.
#[derive(Debug, Clone)]
pub struct VirtualService {
    /// Its name in logs, metrics and errors.
    pub name: Arc<str>,
    /// Lower-case: exact names, `*.example.com`, or `*`.
    pub hosts: Vec<String>,
    /// For every route below, in this order.
    pub filters: Vec<Filter>,
    /// How the verdicts of several auth filters combine.
    pub auth: AuthMode,
    /// The first match wins.
    pub routes: Vec<Route>,
}

/// How the verdicts of several auth filters combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// The first that allows is enough.
    Any,
    /// Every one must allow.
    All,
}

/// A rule that sends matching requests to backends.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its name in logs, metrics and `x-tidegate-route`.
    pub name: Arc<str>,
    /// When it applies.
    pub matches: Match,
    /// Where requests go; never empty, every cluster exists.
    pub backends: Vec<Backend>,
    /// When another backend is tried.
    pub retry: Option<Retry>,
    /// In place of `timeouts.request`.
    pub timeout: Option<Duration>,
    /// This route's own filters, after the service's.
    pub filters: Vec<Filter>,
}

/// When a route applies: all of what is set must hold.
#[derive(Debug, Clone, Default)]
pub struct Match {
    /// On the normalised path.
    pub path: Option<TextMatch>,
    /// Globs on the client's model name; one of them must match.
    pub model: Option<Vec<String>>,
    /// By lower-case name; a repeated field matches where each of its values does.
    pub headers: Vec<(String, TextMatch)>,
    /// By decoded name; a repeated parameter matches where each of its decoded values does.
    pub query: Vec<(String, TextMatch)>,
    /// Upper-case; empty is any.
    pub methods: Vec<String>,
}

/// A condition on a text.
#[derive(Debug, Clone)]
pub enum TextMatch {
    /// The whole text.
    Exact(String),
    /// Its beginning.
    Prefix(String),
    /// The whole text, by a linear-time expression.
    Regex(Regex),
    /// Whether it is there at all.
    Present(bool),
}

/// A share of a route's traffic.
#[derive(Debug, Clone)]
pub struct Backend {
    /// A key of `clusters`.
    pub cluster: Arc<str>,
    /// The share among the backends of the same priority; 0 takes none.
    pub weight: u32,
    /// Lower is used first.
    pub priority: u32,
    /// Sent upstream in place of the client's name.
    pub model: Option<String>,
    /// Whether answers name the model as the client did.
    pub restores_model: bool,
    /// Edits of the request's headers, after those of the cluster.
    pub headers: HeaderEdits,
    /// For what is sent to this backend, once an attempt.
    pub filters: Vec<Filter>,
}

/// When another backend is tried: only before the first byte of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// Tries in all, the first included.
    pub attempts: usize,
    /// What is worth another try; never empty.
    pub on: Vec<RetryOn>,
}

/// A failure that is worth another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryOn {
    /// No connection.
    Connect,
    /// The connection ended before the first byte of an answer's body.
    Reset,
    /// `connect`, `first_byte` or the cluster's `timeout` ran out.
    Timeout,
    /// A status from 500 to 599, or a stream that begins with an error.
    ServerError,
    /// Status 429.
    TooManyRequests,
}

/// Edits of headers: `set` replaces, `add` appends, `remove` takes away; in the order remove, set, add.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderEdits {
    /// Lower-case name and value.
    pub set: Vec<(String, String)>,
    /// Lower-case name and value.
    pub add: Vec<(String, String)>,
    /// Lower-case names.
    pub remove: Vec<String>,
}

/// A filter's entry. What the filter makes of `settings` is the registry's business, never this crate's.
#[derive(Debug, Clone)]
pub struct Filter {
    /// The entry's `name`, else the filter's.
    pub name: Arc<str>,
    /// The filter, as the registry names it.
    pub kind: String,
    /// Its settings, interpolated and checked against the filter's schema, with the place of every value.
    pub settings: Node,
    /// What an error of the filter means.
    pub on_error: OnError,
    /// The deadline of one call; `None` is the default of the chain.
    pub timeout: Option<Duration>,
    /// Runs and is counted, changes nothing.
    pub shadow: bool,
    /// A condition in CEL, as text with its place.
    pub when: Option<Node>,
    /// What becomes of media that it cannot judge, where the entry says so.
    pub unmoderated: Option<Unmoderated>,
    /// Judges requests while they are sent.
    pub parallel: bool,
    /// What becomes of streams that it has no hook for, where the entry says so.
    pub on_stream_missing: Option<OnStreamMissing>,
}

/// What becomes of media that a moderation filter cannot judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmoderated {
    /// The exchange is blocked.
    Deny,
    /// It passes.
    Allow,
}

/// What becomes of a stream at a filter that transforms whole answers only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStreamMissing {
    /// It is held and transformed as one answer.
    Buffer,
    /// The configuration is refused.
    Reject,
}

/// What an error of a filter means for the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// The request is refused.
    Deny,
    /// The filter is passed by, and that is counted.
    Allow,
}

/// The price of some models.
#[derive(Debug, Clone)]
pub struct Price {
    /// Names of providers; `None` is every one.
    pub providers: Option<Vec<String>>,
    /// Globs of models as the provider calls them.
    pub models: Vec<String>,
    /// The first day on which it holds, in days of UTC since 1970.
    pub from: Option<u32>,
    /// The first on which it holds no more.
    pub until: Option<u32>,
    /// The price itself.
    pub of: PriceOf,
}

impl Price {
    /// The rule, where it is one.
    pub fn rule(&self) -> Option<&CostRule> {
        match &self.of {
            PriceOf::Rule(rule) => Some(rule),
            PriceOf::Rates { .. } => None,
        }
    }
}

/// A price.
#[derive(Debug, Clone)]
pub enum PriceOf {
    /// By the token and request.
    Rates {
        /// Whatever the prompt.
        all: Rates,
        /// Of prompts of more tokens than the number.
        long: Option<(u64, Rates)>,
    },
    /// A rule in CEL.
    Rule(CostRule),
}

/// Prices in millionths of a millionth of a dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// A token of the prompt.
    pub input: u64,
    /// A token of the answer.
    pub output: u64,
    /// A token of the prompt from the provider's cache.
    pub cached_input: u64,
    /// A token of the prompt written to it.
    pub cache_write: u64,
    /// A token of the answer that is reasoning.
    pub reasoning: u64,
    /// A request.
    pub request: u64,
}

/// A rule in CEL, and where it stands, for its errors.
#[derive(Debug, Clone, Default)]
pub struct CostRule {
    /// The rule.
    pub source: String,
    /// `None` where it stands in no file of the user's.
    pub node: Option<Node>,
}

/// Where counters, values and keys are kept.
#[derive(Debug, Clone)]
pub enum Store {
    /// In memory, until the gateway ends.
    Memory,
    /// In a file.
    Sqlite(PathBuf),
    /// On a server.
    Redis(Box<Redis>),
}

/// A server of Redis or Valkey.
#[derive(Debug, Clone)]
pub struct Redis {
    /// Where it is.
    pub servers: RedisServers,
    /// The user; `None` is the default one.
    pub username: Option<String>,
    /// The password.
    pub password: Option<SecretString>,
    /// The number of the database.
    pub database: i64,
    /// `None` is plain text.
    pub tls: Option<ClusterTls>,
    /// What all keys begin with.
    pub prefix: String,
    /// How long an operation may take.
    pub timeout: Duration,
}

/// Hosts and ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisServers {
    /// One server.
    One((String, u16)),
    /// Some servers of a cluster.
    Cluster(Vec<(String, u16)>),
    /// Sentinels.
    Sentinel {
        /// The name under which they watch the server.
        master: String,
        /// The sentinels.
        nodes: Vec<(String, u16)>,
    },
}

/// An account of every exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Where it is kept.
    pub file: UsageFile,
    /// Days after which a record is removed.
    pub keep_days: Option<u32>,
}

/// A file of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsageFile {
    /// A database of SQLite.
    Sqlite(PathBuf),
    /// JSON lines.
    JsonLines(PathBuf),
}

/// Logs and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telemetry {
    /// One line a request on standard output.
    pub access_log: AccessLog,
    /// What filters did to the last requests.
    pub hook_traces: HookTraces,
}

/// What filters did to the last requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HookTraces {
    /// Requests that are remembered.
    pub keep: usize,
    /// Of a million requests, those whose values are written down.
    pub sample_ppm: u32,
}

/// The access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLog {
    /// One JSON object a line.
    Json,
    /// No access log.
    Off,
}

/// Whether an address is only reachable from this machine.
pub fn is_loopback(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback()),
    }
}
