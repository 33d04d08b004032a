//! The settings of `external`.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{HeaderName, Method};
use schemars::JsonSchema;
use serde::Deserialize;
use tidegate_pipeline::{SettingsProblem, World};

use super::External;
use crate::auth_filter::claims::unfit;
use crate::settings::{Secret, below, check_url, problem};

/// A server that is asked about each request, and what it is told and may say.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "External")]
pub(in crate::auth_filter) struct ExternalSettings {
    /// The address that is asked. The request's own method and path are told in `x-forwarded-method` and `x-forwarded-uri`.
    #[schemars(length(min = 1))]
    url: String,
    /// The method by which it is asked; `GET` unless set.
    method: Option<String>,
    /// Fields of the request that it is shown; `authorization` unless set.
    headers: Option<Vec<String>>,
    /// Fields that it is sent besides, such as a key of the gateway's.
    #[serde(default)]
    set_headers: BTreeMap<String, Secret>,
    /// The field of its answer that says who is calling.
    #[schemars(length(min = 1))]
    principal_header: String,
    /// The field of its answer that says which tenant that is of.
    tenant_header: Option<String>,
    /// Fields of its answer that the request is given on its way; of those that the answer lacks, the client's are removed.
    #[serde(default)]
    allowed_headers: Vec<String>,
    /// Whether `url` may be plain `http` beyond this machine.
    #[serde(default)]
    allow_http: bool,
}

/// The method, or every problem.
pub(in crate::auth_filter) fn checked(
    settings: ExternalSettings,
    world: &World<'_>,
    problems: &mut Vec<SettingsProblem>,
) -> Option<External> {
    problems.extend(check_url(&settings.url, settings.allow_http, "/external/url"));
    let method = settings.method.unwrap_or_else(|| "GET".into());
    let is_known =
        [Method::GET, Method::POST, Method::HEAD, Method::PUT].iter().any(|known| *known == *method);
    if !is_known {
        problems.push(problem("/external/method", "\"method\" must be one of GET, HEAD, POST and PUT"));
    }
    let shown = settings.headers.unwrap_or_else(|| vec!["authorization".into()]);
    let sent = settings.set_headers.keys();
    check_sent("headers", shown.iter(), problems);
    check_sent("set_headers", sent, problems);
    for (index, name) in settings.allowed_headers.iter().enumerate() {
        let cause = unfit(name);
        problems.extend(cause.map(|cause| problem(&format!("/external/allowed_headers/{index}"), &cause)));
    }
    let lower = |names: Vec<String>| names.into_iter().map(|name| name.to_ascii_lowercase()).collect();
    let set =
        settings.set_headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value.0.into()));
    Some(External {
        url: settings.url,
        method,
        shown: lower(shown),
        set: set.collect(),
        principal: settings.principal_header.to_ascii_lowercase(),
        tenant: settings.tenant_header.map(|name| name.to_ascii_lowercase()),
        allowed: lower(settings.allowed_headers),
        http: Arc::clone(&world.http),
    })
}

/// What the gateway itself says of a request must not come from the client.
fn check_sent<'n>(key: &str, names: impl Iterator<Item = &'n String>, problems: &mut Vec<SettingsProblem>) {
    for (index, name) in names.enumerate() {
        let lower = name.to_ascii_lowercase();
        let own = lower.starts_with("x-forwarded-")
            || ["host", "content-length", "transfer-encoding", "connection", "expect"].contains(&&*lower);
        if own || HeaderName::from_bytes(name.as_bytes()).is_err() {
            let place = if key == "headers" {
                format!("/external/{key}/{index}")
            } else {
                below(&format!("/external/{key}"), name)
            };
            let text = format!(
                "\"{}\" is written by the gateway, or is no name of a field; remove it",
                name.escape_debug()
            );
            problems.push(problem(&place, &text));
        }
    }
}
