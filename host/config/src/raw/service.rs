//! The keys of a virtual service, its routes, their conditions and backends.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::checked::RetryOn;
use crate::raw::cluster::HeaderEdits;
use crate::raw::scalar::Period;

/// Hosts that share filters and routes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VirtualService {
    /// Its name in logs, metrics and errors.
    #[schemars(length(min = 1))]
    pub(crate) name: String,
    /// Names, `*.example.com`, or `*` for every other host; the exact name wins, then the longest wildcard.
    #[serde(default = "every_host")]
    #[schemars(length(min = 1))]
    pub(crate) hosts: Vec<String>,
    /// For every route below, in this order.
    #[serde(default)]
    #[schemars(extend("default" = []))]
    pub(crate) filters: Vec<Filter>,
    /// How the verdicts of several auth filters combine.
    #[serde(default)]
    pub(crate) auth: Auth,
    /// The first match wins.
    #[serde(default)]
    #[schemars(extend("default" = []))]
    pub(crate) routes: Vec<Route>,
}

fn every_host() -> Vec<String> {
    vec!["*".to_owned()]
}

/// How the verdicts of several auth filters combine.
#[derive(Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Auth {
    /// The first that allows is enough.
    #[default]
    Any,
    /// Every one must allow.
    All,
}

/// What every filter entry takes beside the one key that names the filter.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Filter {
    /// The name of this entry in logs and metrics, in place of the filter's.
    #[schemars(length(min = 1))]
    pub(crate) name: Option<String>,
    /// What an error of the filter means for the request.
    #[serde(default)]
    pub(crate) on_error: OnError,
    /// The deadline of one call.
    pub(crate) timeout: Option<Period>,
    /// The filter runs and is counted, but changes nothing.
    #[serde(default)]
    pub(crate) shadow: bool,
    /// A condition in CEL on `principal`, `model`, `route` and `headers`; without it, the filter always applies.
    #[schemars(length(min = 1))]
    pub(crate) when: Option<String>,
    /// What becomes of media that a moderation filter cannot judge, since no filter is given its bytes; `deny` unless set.
    pub(crate) unmoderated: Option<Unmoderated>,
    /// A moderation filter judges the request while it is sent upstream; the answer waits for the verdict. It can allow
    /// and block, and edit nothing.
    #[serde(default)]
    pub(crate) parallel: bool,
    /// What becomes of a stream where the filter transforms whole answers and has no hook for events; `buffer` unless set.
    pub(crate) on_stream_missing: Option<OnStreamMissing>,
}

/// What becomes of media that a moderation filter cannot judge.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unmoderated {
    /// The exchange is blocked.
    Deny,
    /// It passes; the filter is told of it.
    Allow,
}

/// What becomes of a stream at a filter that transforms whole answers only.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnStreamMissing {
    /// It is held until all of it is there, transformed as one answer, and sent as a stream.
    Buffer,
    /// Such a filter is an error of the configuration.
    Reject,
}

/// What an error of a filter means for the request.
#[derive(Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnError {
    /// The request is refused.
    #[default]
    Deny,
    /// The filter is passed by, and that is counted.
    Allow,
}

/// A rule that sends matching requests to backends.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    /// Its name in logs, metrics and `x-tidegate-route`; without it, `route-` and its number.
    #[schemars(length(min = 1))]
    pub(crate) name: Option<String>,
    /// When it applies: all of what is set must hold; without it, always.
    #[serde(default, rename = "match")]
    #[schemars(extend("default" = {}))]
    pub(crate) matches: Match,
    /// Where requests go.
    #[schemars(length(min = 1))]
    pub(crate) backends: Vec<Backend>,
    /// When another backend is tried; without it, one try for each priority.
    pub(crate) retry: Option<Retry>,
    /// A whole exchange, in place of `timeouts.request`.
    pub(crate) timeout: Option<Period>,
    /// This route's own filters, after those of the service.
    #[serde(default)]
    #[schemars(extend("default" = []))]
    pub(crate) filters: Vec<Filter>,
}

/// When a route applies: all of what is set must hold.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Match {
    /// On the path, without the query.
    pub(crate) path: Option<PathMatch>,
    /// A glob on the client's model name, or a list of them of which one must match.
    pub(crate) model: Option<Globs>,
    /// By header name: the value, or a condition.
    #[serde(default)]
    #[schemars(extend("default" = {}))]
    pub(crate) headers: IndexMap<String, TextMatch>,
    /// By name of a query parameter: the value, or a condition.
    #[serde(default)]
    #[schemars(extend("default" = {}))]
    pub(crate) query: IndexMap<String, TextMatch>,
    /// Methods such as `POST`; without it, every method.
    #[serde(default)]
    pub(crate) methods: Vec<String>,
}

/// A condition on the path; exactly one key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct PathMatch {
    /// The whole path.
    pub(crate) exact: Option<String>,
    /// Its beginning.
    pub(crate) prefix: Option<String>,
    /// The whole path, by a regular expression of linear time.
    pub(crate) regex: Option<String>,
}

/// A glob or a list of them.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Globs {
    /// A glob: `*` stands for any text, `?` for one character.
    One(#[schemars(length(min = 1))] String),
    /// Globs, of which one must match.
    Many(#[schemars(length(min = 1), inner(length(min = 1)))] Vec<String>),
}

/// A value, or a condition on it.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum TextMatch {
    /// The whole value.
    Exact(String),
    /// A condition on the value.
    Condition(Condition),
}

/// A condition on a value; exactly one key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct Condition {
    /// The whole value.
    pub(crate) exact: Option<String>,
    /// Its beginning.
    pub(crate) prefix: Option<String>,
    /// The whole value, by a regular expression of linear time.
    pub(crate) regex: Option<String>,
    /// Whether it is there at all.
    pub(crate) present: Option<bool>,
}

/// A share of a route's traffic.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Backend {
    /// The name of a cluster.
    pub(crate) cluster: String,
    /// The share among the backends of the same priority; 0 takes none.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) weight: u32,
    /// Lower is used first; the next is used when every backend of this one fails.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1000))]
    pub(crate) priority: u32,
    /// The model name to send upstream in place of the client's.
    #[schemars(length(min = 1))]
    pub(crate) model: Option<String>,
    /// Whether answers name the model as the client did, in place of the provider's name.
    #[serde(default)]
    pub(crate) restore_model: bool,
    /// Edits of the request's headers, after those of the cluster.
    #[serde(default)]
    pub(crate) headers: HeaderEdits,
    /// Filters for what is sent to this backend, once an attempt.
    #[serde(default)]
    #[schemars(extend("default" = []))]
    pub(crate) filters: Vec<Filter>,
}

fn one() -> u32 {
    1
}

/// When another backend is tried: only before the first byte of an answer.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    /// Tries in all, the first included.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) attempts: usize,
    /// What is worth another try; without it, everything.
    #[schemars(length(min = 1))]
    pub(crate) on: Option<Vec<Failure>>,
}

/// A failure that is worth another try.
pub(crate) struct Failure(pub(crate) RetryOn);

impl Failure {
    pub(crate) const ALL: [(&str, RetryOn); 5] = [
        ("connect", RetryOn::Connect),
        ("reset", RetryOn::Reset),
        ("timeout", RetryOn::Timeout),
        ("5xx", RetryOn::ServerError),
        ("429", RetryOn::TooManyRequests),
    ];
}

impl<'de> Deserialize<'de> for Failure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // YAML reads an unquoted 429 as a number.
        let name = match Value::deserialize(deserializer)? {
            Value::String(name) => name,
            other => other.to_string(),
        };
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, failure)| Self(*failure)).ok_or_else(|| D::Error::custom("unknown failure"))
    }
}

impl JsonSchema for Failure {
    fn schema_name() -> Cow<'static, str> {
        "Failure".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "`connect`: no connection; `reset`: it ended before the first byte of an answer; `timeout`: \
                `connect`, `first_byte` or the cluster's `timeout` ran out; `5xx`: that status, or a stream that begins \
                with an error; `429`: that status.",
            "enum": ["connect", "reset", "timeout", "5xx", "429", 429],
        })
    }
}
