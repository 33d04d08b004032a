//! The keys of a cluster, those of the embedded model included.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::provider;
use crate::raw::scalar::{Period, Secret};

const SITE: &str = "must be a name of letters, digits, \"-\", \".\", \":\" and \"_\"";
const SITE_PATTERN: &str = r"^[A-Za-z0-9][A-Za-z0-9._:-]*$";

/// A place where models are served.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cluster {
    /// Who serves it: a provider of Tidegate's, such as `openai`, `anthropic`, `aws-bedrock`, `gemini`, `mock` or `http`, one of
    /// its table of those that speak OpenAI's API, such as `groq` or `vllm`, or one of `providers`.
    #[schemars(length(min = 1), extend("examples" = provider::names()))]
    pub(crate) provider: String,
    /// Scheme, authority and base path in place of the provider's own, without the API version.
    #[schemars(extend("errorMessage" = "must be a URL such as \"https://api.example.com\""))]
    pub(crate) endpoint: Option<String>,
    /// What comes between the endpoint and the operation, in place of the provider's own, such as `/v1`.
    #[schemars(
        regex(pattern = r"^(/[^?#\s]*[^?#\s/])?$"),
        extend("errorMessage" = "must be empty, or begin with \"/\" and not end with it, such as \"/v1\"")
    )]
    pub(crate) path_prefix: Option<String>,
    /// AWS: the region, such as `us-east-1`.
    #[schemars(extend("errorMessage" = SITE), regex(pattern = SITE_PATTERN))]
    pub(crate) region: Option<String>,
    /// Google Cloud: the project.
    #[schemars(extend("errorMessage" = SITE), regex(pattern = SITE_PATTERN))]
    pub(crate) project: Option<String>,
    /// Google Cloud: the location, such as `us-central1` or `global`.
    #[schemars(extend("errorMessage" = SITE), regex(pattern = SITE_PATTERN))]
    pub(crate) location: Option<String>,
    /// Azure: the dated version of the API, such as `2025-01-01-preview`; without it, paths of the version that has no date.
    #[schemars(extend("errorMessage" = SITE), regex(pattern = SITE_PATTERN))]
    pub(crate) api_version: Option<String>,
    /// What becomes of fields of a request that the provider's API has no words for.
    #[serde(default)]
    pub(crate) unsupported_fields: Unsupported,
    /// How the gateway identifies itself to the provider.
    pub(crate) credentials: Option<Credentials>,
    /// Names that `/v1/models` lists besides those of the routes.
    #[serde(default)]
    #[schemars(inner(length(min = 1)))]
    pub(crate) models: Vec<String>,
    /// Edits of the request's headers, for every request to this cluster.
    #[serde(default)]
    pub(crate) headers: HeaderEdits,
    /// The bound of one try.
    pub(crate) timeout: Option<Period>,
    /// Trust and identity towards an `https` endpoint.
    #[serde(default)]
    pub(crate) tls: ClusterTls,
    /// `true`: only HTTP/2, also without TLS; `false`: only HTTP/1.1; without it, what the upstream prefers.
    pub(crate) http2: Option<bool>,
    /// Limits of the connection pool.
    #[serde(default)]
    pub(crate) pool: Pool,
    /// The longest that other backends are picked because an answer says when to come again; `0s` for never.
    #[serde(default = "one_minute")]
    pub(crate) max_cooldown: Period,
    /// When a cluster that fails again and again is left out for a while; without it, never.
    pub(crate) outlier_detection: Option<OutlierDetection>,
    /// How much the cluster is given at once.
    #[serde(default)]
    pub(crate) circuit_breakers: CircuitBreakers,
    /// Mock: the text of each answer.
    pub(crate) reply: Option<String>,
    /// Mock: answer with the request that reached it, as JSON text.
    pub(crate) echo: Option<bool>,
    /// Mock: the pace of a stream.
    pub(crate) stream: Option<Stream>,
    /// Mock: the wait before the head of an answer.
    pub(crate) latency: Option<Period>,
    /// Mock: answer with this status and an error body.
    #[schemars(range(min = 200, max = 599))]
    pub(crate) status: Option<u16>,
    /// Mock: one entry a call, from the first to the last, then again from the first.
    pub(crate) script: Option<Vec<Answer>>,
}

/// A provider that speaks OpenAI's API, under a name of its own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Compatible {
    /// Scheme, authority and base path, without the API version; without it, each cluster names its own.
    #[schemars(extend("errorMessage" = "must be a URL such as \"https://api.example.com\""))]
    pub(crate) endpoint: Option<String>,
    /// What its API begins with.
    #[serde(default = "v1")]
    #[schemars(
        regex(pattern = r"^(/[^?#\s]*[^?#\s/])?$"),
        extend("errorMessage" = "must be empty, or begin with \"/\" and not end with it, such as \"/v1\"")
    )]
    pub(crate) path_prefix: String,
    /// Whether it has OpenAI's responses, too; without, they are asked as chat completions.
    #[serde(default)]
    pub(crate) responses: bool,
    /// Whether it has vLLM's `/tokenize`, outside the prefix, by which all counts of tokens are asked then.
    #[serde(default)]
    pub(crate) tokenize: bool,
    /// Where it reranks in the shape of Cohere's second version: a path from the root of its host; without, it does not.
    #[schemars(
        regex(pattern = r"^/[^?#\s]*[^?#\s/]$"),
        extend("errorMessage" = "must be a path such as \"/v2/rerank\", without a slash at its end")
    )]
    pub(crate) rerank: Option<String>,
    /// Whose words chat completions are in.
    #[serde(default)]
    pub(crate) words: Words,
}

/// The words of chat completions.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Words {
    /// What nearly all servers have in common.
    #[default]
    Common,
    /// Mistral's, which refuses some of those.
    Mistral,
}

fn v1() -> String {
    "/v1".into()
}

/// What becomes of fields that a provider cannot be told.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unsupported {
    /// The request is refused, and the client told which field it is.
    #[default]
    Refuse,
    /// Fields at the top of the body are left out; anything else is refused.
    Drop,
}

/// How the gateway identifies itself to the provider: `default` for what the machine has of the provider's cloud, or keys.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Credentials {
    Word(Word),
    Keys(Box<Keys>),
}

/// A word in place of keys.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Word {
    /// What the machine has of the provider's cloud: environment, files, workload identity, metadata server.
    Default,
}

/// Keys; exactly one of the first four, unless those of the request are all that count.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    /// The provider's API key.
    pub(crate) api_key: Option<Secret>,
    /// Of Amazon Web Services.
    pub(crate) aws: Option<Aws>,
    /// Of Google Cloud.
    pub(crate) gcp: Option<Gcp>,
    /// Of Microsoft Entra.
    pub(crate) azure: Option<Azure>,
    /// Keys that clients send along, in header fields of these names only.
    pub(crate) per_request: Option<PerRequest>,
}

/// Credentials of Amazon Web Services: keys, a role to assume, or a role with the keys that may assume it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Aws {
    /// The id of the key; without it, what the machine has.
    #[schemars(length(min = 1))]
    pub(crate) access_key_id: Option<String>,
    /// The key itself.
    pub(crate) secret_access_key: Option<Secret>,
    /// The token that goes with temporary keys.
    pub(crate) session_token: Option<Secret>,
    /// The role to assume with them.
    #[schemars(length(min = 1))]
    pub(crate) role_arn: Option<String>,
    /// What the role's owner wants to be told.
    #[schemars(length(min = 1))]
    pub(crate) external_id: Option<String>,
}

/// Credentials of Google Cloud; exactly one of them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gcp {
    /// A token that somebody else renews.
    pub(crate) access_token: Option<Secret>,
    /// A file with the key of a service account, or of workload identity federation.
    #[schemars(length(min = 1))]
    pub(crate) service_account: Option<String>,
}

/// Credentials of Microsoft Entra: a token, or an application with its secret or certificate.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Azure {
    /// A token that somebody else renews.
    pub(crate) access_token: Option<Secret>,
    /// The directory.
    #[schemars(length(min = 1))]
    pub(crate) tenant_id: Option<String>,
    /// The application; alone, a managed identity of the machine.
    #[schemars(length(min = 1))]
    pub(crate) client_id: Option<String>,
    /// Its secret.
    pub(crate) client_secret: Option<Secret>,
    /// A PEM file with its certificate and private key, in place of a secret.
    #[schemars(length(min = 1))]
    pub(crate) certificate: Option<String>,
}

/// Keys that clients send along. The fields end at the gateway.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PerRequest {
    /// What the names of the fields begin with; `api-key`, `access-key-id`, `secret-access-key`, `session-token` or
    /// `access-token` follows.
    #[schemars(
        regex(pattern = r"^[a-z0-9][a-z0-9-]*-$"),
        extend("errorMessage" = "must be the beginning of a header's name, in small letters and with \"-\" at its end, such as \"x-upstream-\"")
    )]
    pub(crate) headers: String,
    /// Whether a request without them is refused; else the cluster's own are used.
    #[serde(default)]
    pub(crate) required: bool,
}

/// Edits of headers, in the order remove, set, add.
#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HeaderEdits {
    /// Replaces the header of that name.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) set: IndexMap<String, String>,
    /// Adds a header beside those of that name.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) add: IndexMap<String, String>,
    /// Takes the headers of these names away.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) remove: Vec<String>,
}

/// Trust and identity towards an upstream.
#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClusterTls {
    /// A PEM file of the roots to trust in place of the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(crate) ca: Option<String>,
    /// A PEM file of the client certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(crate) certificate: Option<String>,
    /// A PEM file of its private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(crate) key: Option<String>,
}

/// Limits of a cluster's connection pool.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Pool {
    /// Connections at once.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) connections: usize,
    /// Unused HTTP/1.1 connections kept.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) idle_connections: usize,
    /// Streams at once on one HTTP/2 connection; another connection is opened beyond it.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) streams: usize,
}

impl Default for Pool {
    fn default() -> Self {
        Self { connections: 1024, idle_connections: 256, streams: 100 }
    }
}

fn one_minute() -> Period {
    Period::seconds(60)
}

/// When a cluster is ejected: left out by every route that has another backend.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OutlierDetection {
    /// Failures in a row that eject it: statuses from 500 on, connections that are refused or reset, timeouts.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) consecutive_5xx: u32,
    /// How long it is ejected the first time; the second time twice as long, and so on.
    pub(crate) base_ejection_time: Period,
    /// The longest that it is ejected.
    pub(crate) max_ejection_time: Period,
    /// How many of a route's backends may be ejected at once, in percent.
    #[schemars(range(min = 0, max = 100))]
    pub(crate) max_ejection_percent: u32,
}

impl Default for OutlierDetection {
    fn default() -> Self {
        Self {
            consecutive_5xx: 5,
            base_ejection_time: Period::seconds(30),
            max_ejection_time: Period::seconds(300),
            max_ejection_percent: 100,
        }
    }
}

/// How much a cluster is given at once; what is not set has no bound.
#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CircuitBreakers {
    /// Requests at once, streams to their end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub(crate) max_requests: Option<usize>,
    /// Requests that wait for a free connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10_000_000))]
    pub(crate) max_pending_requests: Option<usize>,
    /// Of the requests at once, those that are another try after a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10_000_000))]
    pub(crate) max_retries: Option<usize>,
}

/// The pace of the embedded model's streams.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Stream {
    /// Characters an event.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) chunk: usize,
    /// The wait between two events.
    pub(crate) every: Period,
}

impl Default for Stream {
    fn default() -> Self {
        Self { chunk: 16, every: Period::seconds(0) }
    }
}

/// One scripted answer of the embedded model.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// The status.
    #[serde(default = "ok")]
    #[schemars(range(min = 200, max = 599))]
    pub(crate) status: u16,
    /// Headers besides the content type.
    #[serde(default)]
    pub(crate) headers: IndexMap<String, String>,
    /// The body: a text as it is, anything else as JSON.
    #[serde(default, deserialize_with = "present")]
    #[schemars(extend("default" = ""))]
    pub(crate) body: Option<Value>,
    /// A stream: the data of each server-sent event, a text as it is, anything else as JSON.
    pub(crate) events: Option<Vec<Value>>,
    /// Cut the connection after this many bytes of the body.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub(crate) cut_after: Option<usize>,
}

fn ok() -> u16 {
    200
}

/// A body of `null` is JSON, not the lack of a body.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
