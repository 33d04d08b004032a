//! Clusters: which keys go with which provider, and the script of the embedded model.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;

use crate::check::edge::positive;
use crate::check::endpoint::{endpoint, prefix_twice};
use crate::check::headers;
use crate::checked::{Cluster, ClusterTls, Endpoint, Mock, MockAnswer, MockBody, MockStream, Pool, Provider};
use crate::raw::cluster as raw;
use crate::scope::At;

/// What OpenAI's API begins with, unless `path_prefix` says otherwise.
const VERSION_PREFIX: &str = "/v1";
const MOCK_REPLY: &str = "This is the embedded model of Tidegate.";

const MOCK_KEYS: [&str; 6] = ["reply", "echo", "stream", "latency", "status", "script"];
const NETWORK_KEYS: [&str; 5] = ["endpoint", "path_prefix", "credentials", "tls", "http2"];

pub(crate) fn cluster(name: Arc<str>, raw: raw::Cluster, idle: Duration, at: At<'_>) -> Cluster {
    if name.is_empty() {
        at.report_key("the name of a cluster must not be empty");
    }
    let provider = provider(raw.provider);
    foreign_keys(provider, at);
    let endpoint = cluster_endpoint(provider, &raw, at);
    let mock = (provider == Provider::Mock).then(|| mock(&raw, at));
    Cluster {
        name,
        provider,
        tls: tls(&raw.tls, endpoint.as_ref(), at.key("tls")),
        endpoint,
        path_prefix: raw.path_prefix,
        api_key: raw.credentials.and_then(|credentials| api_key(credentials.api_key.0, at)),
        models: raw.models,
        headers: headers::edits(raw.headers, at.key("headers")),
        timeout: raw.timeout.map(|timeout| positive(timeout, "timeout", at)),
        http2: raw.http2,
        pool: pool(&raw.pool, idle),
        mock,
    }
}

fn provider(raw: raw::Provider) -> Provider {
    match raw {
        raw::Provider::OpenAi => Provider::OpenAi,
        raw::Provider::Anthropic => Provider::Anthropic,
        raw::Provider::Mock => Provider::Mock,
        raw::Provider::Http => Provider::Http,
    }
}

/// Keys that would do nothing with this provider.
fn foreign_keys(provider: Provider, at: At<'_>) {
    let (keys, says): (&[&str], _) = match provider {
        Provider::Mock => (&NETWORK_KEYS, "has no effect with provider \"mock\"; remove it"),
        _ => (&MOCK_KEYS, "belongs to provider \"mock\"; remove it, or change the provider"),
    };
    for key in keys {
        if at.key(key).is_set() {
            at.key(key).report_key(format!("{key:?} {says}"));
        }
    }
    if provider == Provider::Http && at.key("path_prefix").is_set() {
        at.key("path_prefix").report_key(
            "\"path_prefix\" has no effect with provider \"http\"; put it at the end of \"endpoint\"",
        );
    }
}

fn cluster_endpoint(provider: Provider, raw: &raw::Cluster, at: At<'_>) -> Option<Endpoint> {
    let prefix = match provider {
        Provider::OpenAi | Provider::Anthropic => raw.path_prefix.as_deref().unwrap_or(VERSION_PREFIX),
        Provider::Http => "",
        Provider::Mock => return None,
    };
    match &raw.endpoint {
        Some(text) => {
            let endpoint = endpoint(text, at.key("endpoint"))?;
            prefix_twice(&endpoint, prefix, at);
            Some(endpoint)
        }
        None => {
            if provider == Provider::Http && at.is_whole() {
                at.report("\"endpoint\" is required in cluster with provider \"http\"");
            }
            None
        }
    }
}

/// A key that no header can carry would fail every request.
fn api_key(key: SecretString, at: At<'_>) -> Option<SecretString> {
    let place = at.key("credentials").key("api_key");
    if !headers::is_value(&key) {
        place.report("\"api_key\" holds a character that no header can carry, such as a line break");
        return None;
    }
    Some(key)
}

fn tls(raw: &raw::ClusterTls, endpoint: Option<&Endpoint>, at: At<'_>) -> ClusterTls {
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

fn pool(raw: &raw::Pool, idle: Duration) -> Pool {
    Pool {
        connections: raw.connections,
        idle_connections: raw.idle_connections.min(raw.connections),
        streams: raw.streams,
        idle,
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
