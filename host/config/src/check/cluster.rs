//! Clusters: which keys go with which provider, and the script of the embedded model.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

use crate::check::credentials::credentials;
use crate::check::edge::positive;
use crate::check::endpoint::{endpoint, prefix_twice};
use crate::check::headers;
use crate::checked::{
    CircuitBreakers, Cluster, ClusterTls, Endpoint, Mock, MockAnswer, MockBody, MockStream, OutlierDetection,
    Pool, Provider, Site,
};
use crate::node::Node;
use crate::provider::{self, SITE_KEYS};
use crate::raw::cluster as raw;
use crate::scope::At;
use crate::words::hint;

const MOCK_REPLY: &str = "This is the embedded model of Tidegate.";

const MOCK_KEYS: [&str; 6] = ["reply", "echo", "stream", "latency", "status", "script"];
const NETWORK_KEYS: [&str; 5] = ["endpoint", "path_prefix", "credentials", "tls", "http2"];

/// Names that the configuration gives to providers, and what it says of each.
type Added = IndexMap<String, raw::Compatible>;

/// Checks the providers that the configuration adds.
pub(crate) fn providers(added: &Added, at: At<'_>) {
    for (name, line) in added {
        let at = at.key(name);
        if name.is_empty() {
            at.report_key("the name of a provider must not be empty");
        } else if provider::is_taken(name) {
            at.report_key(format!("{name:?} is a provider of its own; give this one another name"));
        }
        if let Some(text) = &line.endpoint
            && let Some(endpoint) = endpoint(text, at.key("endpoint"))
        {
            prefix_twice(&endpoint, &line.path_prefix, at);
        }
    }
}

pub(crate) fn cluster(
    name: Arc<str>,
    raw: raw::Cluster,
    (added, idle): (&Added, Duration),
    at: At<'_>,
) -> Cluster {
    if name.is_empty() {
        at.report_key("the name of a cluster must not be empty");
    }
    let provider = known(&raw.provider, added, at);
    foreign_keys(&provider, at);
    missing_keys(&provider, &raw, at);
    let endpoint = cluster_endpoint(&provider, &raw, at);
    let mock = (provider == Provider::Mock).then(|| mock(&raw, at));
    let (credentials, per_request) = credentials(raw.credentials, &provider, at.key("credentials"));
    Cluster {
        name,
        provider,
        site: Site {
            region: raw.region,
            project: raw.project,
            location: raw.location,
            api_version: raw.api_version,
        },
        drops_unsupported: raw.unsupported_fields == raw::Unsupported::Drop,
        tls: tls(&raw.tls, endpoint.as_ref(), at.key("tls")),
        endpoint,
        path_prefix: raw.path_prefix,
        credentials,
        per_request,
        models: raw.models,
        headers: headers::edits(raw.headers, at.key("headers")),
        timeout: raw.timeout.map(|timeout| positive(timeout, "timeout", at)),
        http2: raw.http2,
        pool: pool(&raw.pool, raw.circuit_breakers.max_pending_requests, idle),
        max_cooldown: raw.max_cooldown.0,
        outlier_detection: raw
            .outlier_detection
            .map(|outliers| outlier_detection(&outliers, at.key("outlier_detection"))),
        circuit_breakers: CircuitBreakers {
            max_requests: raw.circuit_breakers.max_requests,
            max_retries: raw.circuit_breakers.max_retries,
        },
        mock,
    }
}

fn known(name: &str, added: &Added, at: At<'_>) -> Provider {
    provider::by_name(name, added).unwrap_or_else(|| {
        let known = provider::names().into_iter().chain(added.keys().map(String::as_str));
        let place = at.key("provider");
        // What came from outside the file may be a secret that stands in the wrong place.
        let shown = place.quoted();
        let hint = if place.node().is_some_and(Node::is_interpolated) {
            hint("providers", "", known)
        } else {
            hint("providers", name, known)
        };
        place.report(format!("unknown provider {shown}; {hint}"));
        Provider::Mock
    })
}

/// Keys that would do nothing with this provider.
fn foreign_keys(provider: &Provider, at: At<'_>) {
    let (keys, says): (&[&str], _) = match provider {
        Provider::Mock => (&NETWORK_KEYS, "has no effect with provider \"mock\"; remove it"),
        _ => (&MOCK_KEYS, "belongs to provider \"mock\"; remove it, or change the provider"),
    };
    for key in keys {
        if at.key(key).is_set() {
            at.key(key).report_key(format!("{key:?} {says}"));
        }
    }
    for key in SITE_KEYS.iter().filter(|key| !provider.takes().contains(key)) {
        if at.key(key).is_set() {
            let name = provider.name();
            at.key(key).report_key(format!("{key:?} has no effect with provider {name:?}; remove it"));
        }
    }
    if *provider == Provider::Http && at.key("path_prefix").is_set() {
        at.key("path_prefix").report_key(
            "\"path_prefix\" has no effect with provider \"http\"; put it at the end of \"endpoint\"",
        );
    }
}

/// Keys without which nobody knows where the provider is.
fn missing_keys(provider: &Provider, raw: &raw::Cluster, at: At<'_>) {
    let is_there = |key: &str| match key {
        "endpoint" => raw.endpoint.is_some(),
        "region" => raw.region.is_some(),
        "project" => raw.project.is_some(),
        _ => raw.location.is_some(),
    };
    for key in provider.needs().iter().filter(|key| !is_there(key)) {
        if at.is_whole() {
            at.report(format!("{key:?} is required in cluster with provider {:?}", provider.name()));
        }
    }
}

fn cluster_endpoint(provider: &Provider, raw: &raw::Cluster, at: At<'_>) -> Option<Endpoint> {
    if *provider == Provider::Mock {
        return None;
    }
    let prefix = raw.path_prefix.as_deref().or(provider.prefix()).unwrap_or_default();
    let endpoint = endpoint(raw.endpoint.as_deref()?, at.key("endpoint"))?;
    prefix_twice(&endpoint, prefix, at);
    Some(endpoint)
}

pub(super) fn tls(raw: &raw::ClusterTls, endpoint: Option<&Endpoint>, at: At<'_>) -> ClusterTls {
    if at.is_set() && endpoint.is_some_and(|endpoint| !endpoint.tls) {
        at.report_key("\"tls\" has no effect with an \"http://\" endpoint; remove it, or use \"https://\"");
    }
    let is_pair = raw.certificate.is_some() == raw.key.is_some();
    if !is_pair && at.is_whole() {
        at.report("\"certificate\" and \"key\" go together; set both or none");
    }
    let file = |key: &str, path: &Option<String>| path.as_deref().map(|path| at.key(key).file(path));
    ClusterTls {
        ca: file("ca", &raw.ca),
        certificate: file("certificate", &raw.certificate),
        key: file("key", &raw.key),
    }
}

fn pool(raw: &raw::Pool, max_pending: Option<usize>, idle: Duration) -> Pool {
    Pool {
        connections: raw.connections,
        idle_connections: raw.idle_connections.min(raw.connections),
        streams: raw.streams,
        idle,
        max_pending,
    }
}

fn outlier_detection(raw: &raw::OutlierDetection, at: At<'_>) -> OutlierDetection {
    let base = positive(raw.base_ejection_time, "base_ejection_time", at);
    let max = raw.max_ejection_time.0;
    if max < base {
        let text =
            "\"max_ejection_time\" is shorter than \"base_ejection_time\"; raise it, or lower the other";
        let set = ["max_ejection_time", "base_ejection_time"].map(|key| at.key(key));
        set.into_iter().find(|key| key.is_set()).unwrap_or(at).report(text);
    }
    OutlierDetection {
        consecutive_5xx: raw.consecutive_5xx,
        base,
        max: max.max(base),
        max_percent: raw.max_ejection_percent,
    }
}

fn mock(raw: &raw::Cluster, at: At<'_>) -> Mock {
    let pace = raw::Stream::default();
    let stream = raw.stream.as_ref().unwrap_or(&pace);
    let script = raw.script.as_deref().unwrap_or_default();
    let answers = script.iter().enumerate();
    Mock {
        reply: raw.reply.clone().unwrap_or_else(|| MOCK_REPLY.to_owned()),
        echo: raw.echo.unwrap_or_default(),
        stream: MockStream { chunk: stream.chunk, every: stream.every.0 },
        latency: raw.latency.map(|latency| latency.0).unwrap_or_default(),
        status: raw.status,
        script: answers.map(|(index, answer)| scripted(answer, at.key("script").item(index))).collect(),
    }
}

fn scripted(raw: &raw::Answer, at: At<'_>) -> MockAnswer {
    let body = match (&raw.body, &raw.events) {
        (Some(_), Some(_)) => {
            at.key("events").report_key("\"body\" and \"events\" exclude each other; remove one of them");
            whole(&Value::from(""))
        }
        (None, Some(events)) => MockBody::Events(events.iter().map(text).collect()),
        (Some(body), None) => whole(body),
        (None, None) => whole(&Value::from("")),
    };
    let headers = headers::pairs(raw.headers.clone(), at.key("headers"));
    MockAnswer { status: raw.status, headers, body, cut_after: raw.cut_after }
}

fn whole(body: &Value) -> MockBody {
    let content_type = if body.is_string() { "text/plain" } else { "application/json" };
    MockBody::Whole { text: text(body), content_type }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
