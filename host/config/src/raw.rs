//! The file as it is written: its keys, their types and defaults. The doc comments are what an editor shows.

pub(crate) mod cluster;
pub(crate) mod plugin;
pub(crate) mod prices;
pub(crate) mod scalar;
pub(crate) mod service;
pub(crate) mod store;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use cluster::{Cluster, Compatible};
use plugin::Plugin;
use prices::Price;
use scalar::{Period, Secret, Size};
use service::VirtualService;
use store::{Store, Usage};

/// The configuration of Tidegate.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// Where clients connect; without it, one plain listener on 0.0.0.0:10000.
    #[schemars(length(min = 1))]
    pub(crate) listeners: Option<Vec<Listener>>,
    /// The admin listener: health, metrics and the admin API.
    #[serde(default)]
    #[schemars(default)]
    pub(crate) admin: Admin,
    /// Worker threads; without it, one a core.
    #[schemars(range(min = 1, max = 1024))]
    pub(crate) workers: Option<usize>,
    /// Sizes and counts that a client cannot exceed.
    #[serde(default)]
    pub(crate) limits: Limits,
    /// How long each phase of a request may take.
    #[serde(default)]
    pub(crate) timeouts: Timeouts,
    /// Providers that speak OpenAI's API, besides those of the table, by name.
    #[serde(default)]
    pub(crate) providers: IndexMap<String, Compatible>,
    /// Where models are served, by name.
    #[serde(default)]
    pub(crate) clusters: IndexMap<String, Cluster>,
    /// Plugins, by name: loaded once, shared by all filters that name them.
    #[serde(default)]
    pub(crate) plugins: IndexMap<String, Plugin>,
    /// Folders below which the admin API may load plugins from.
    #[serde(default)]
    #[schemars(extend("default" = []))]
    pub(crate) plugin_dirs: Vec<String>,
    /// Whether native plugins are loaded: libraries that may do all that the gateway may.
    #[serde(default)]
    pub(crate) allow_native: bool,
    /// Hosts with their filters and routes.
    #[serde(default)]
    #[schemars(extend("default" = []))]
    pub(crate) virtual_services: Vec<VirtualService>,
    /// Prices of models, looked through before those that the gateway knows by itself.
    #[serde(default)]
    #[schemars(extend("default" = []))]
    pub(crate) prices: Vec<Price>,
    /// Where counters, values and keys are kept; in memory unless set.
    pub(crate) store: Option<Store>,
    /// An account of every exchange; none unless set.
    pub(crate) usage: Option<Usage>,
    /// Logs and metrics.
    #[serde(default)]
    pub(crate) telemetry: Telemetry,
}

/// An address that clients connect to.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listener {
    /// Address and port, such as `0.0.0.0:10000` or `[::1]:10000`; port 0 asks the system for a free one.
    #[schemars(extend("errorMessage" = scalar::ADDRESS))]
    pub(crate) address: String,
    /// Serve HTTPS with this certificate; without it, plain HTTP/1.1 and HTTP/2.
    pub(crate) tls: Option<ListenerTls>,
}

/// The certificate of a listener; read again when its files change.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListenerTls {
    /// A PEM file of the chain, leaf first.
    #[schemars(length(min = 1))]
    pub(crate) certificate: String,
    /// A PEM file of the private key.
    #[schemars(length(min = 1))]
    pub(crate) key: String,
    /// A PEM file of the authorities whose certificates clients may show; without it, no client is asked for one.
    #[schemars(length(min = 1))]
    pub(crate) client_ca: Option<String>,
    /// What becomes of clients that show no certificate; `require` unless set.
    pub(crate) client_auth: Option<ClientAuth>,
}

/// What becomes of clients that show no certificate.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ClientAuth {
    /// They may go on.
    Request,
    /// Their connections are refused.
    Require,
}

/// The admin listener.
#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Admin {
    /// Address and port; without it, `127.0.0.1:9901`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "127.0.0.1:9901", "errorMessage" = scalar::ADDRESS))]
    pub(crate) address: Option<String>,
    /// The bearer token of the admin API; needed where the address can be reached from other machines.
    #[serde(skip_serializing)]
    pub(crate) token: Option<Secret>,
}

/// Sizes and counts that a client cannot exceed.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// The head of a request: request line and header fields.
    pub(crate) header: Size,
    /// A request body.
    pub(crate) body: Size,
    /// What is read of a body before the request is authenticated.
    pub(crate) unauthenticated_body: Size,
    /// Client connections at once, over all listeners.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub(crate) connections: usize,
    /// Streams at once on one HTTP/2 connection.
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) streams: u32,
    /// Requests at once in the whole gateway; without it, any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub(crate) requests: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header: Size::kib(64),
            body: Size::kib(32 * 1024),
            unauthenticated_body: Size::kib(1024),
            connections: 10_000,
            streams: 100,
            requests: None,
        }
    }
}

/// How long each phase of a request may take.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Timeouts {
    /// From the first byte of a request's head to its last; also the wait for a TLS handshake.
    pub(crate) header: Period,
    /// Between two pieces of a request body.
    pub(crate) body: Period,
    /// Connection and TLS handshake to an upstream.
    pub(crate) connect: Period,
    /// From the request sent to the head of the answer; once more to the first piece of its body, where another backend can
    /// still be tried.
    pub(crate) first_byte: Period,
    /// Between two pieces of an answer; also how long an unused connection is kept.
    pub(crate) idle: Period,
    /// A whole exchange, from head to last byte; a route's `timeout` replaces it.
    pub(crate) request: Period,
    /// How long a shutdown waits for open exchanges; `0s` waits for none.
    pub(crate) drain: Period,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Period::seconds(10),
            body: Period::seconds(60),
            connect: Period::seconds(5),
            first_byte: Period::seconds(60),
            idle: Period::seconds(300),
            request: Period::seconds(600),
            drain: Period::seconds(30),
        }
    }
}

/// Logs and metrics.
#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Telemetry {
    /// The access log, one line a request on standard output.
    pub(crate) access_log: AccessLog,
    /// What filters did to the last requests, for `tidegate trace`.
    pub(crate) hook_traces: HookTraces,
}

/// What filters did to the last requests; kept in memory.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HookTraces {
    /// Requests that are remembered; with 0 nothing is written down.
    #[schemars(range(max = 100_000))]
    pub(crate) keep: usize,
    /// The share of requests, from 0 to 1, whose traces say to what values something was changed. A request with the
    /// header `x-tidegate-trace` is always one of them.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) sample: f64,
}

impl Default for HookTraces {
    fn default() -> Self {
        Self { keep: 1000, sample: 0.0 }
    }
}

/// The access log.
#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AccessLog {
    /// How a line is written.
    pub(crate) format: AccessLogFormat,
}

/// How a line of the access log is written.
#[derive(Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AccessLogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// No access log.
    Off,
}
