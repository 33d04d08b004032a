//! The settings of `external`.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{HeaderName, Method};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use tidegate_pipeline::{AuthzServer, SettingsProblem, World};

use super::External;
use super::grpc::GrpcExternal;
use super::words::Words;
use crate::auth_filter::claims::unfit;
use crate::auth_filter::method::Method as WayIn;
use crate::settings::{Secret, below, check_url, problem};

/// A server that is asked about each request, and what it is told and may say.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "External")]
pub(in crate::auth_filter) struct ExternalSettings {
    /// The address that is asked over HTTP. The request's own method and path are told in `x-forwarded-method` and
    /// `x-forwarded-uri`.
    #[schemars(length(min = 1))]
    url: Option<String>,
    /// A server that is asked over gRPC, in the place of `url`.
    grpc: Option<GrpcSettings>,
    /// The method by which `url` is asked; `GET` unless set.
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
    /// Whether `url`, be it the one of `grpc`, may be plain `http` beyond this machine.
    #[serde(default)]
    allow_http: bool,
}

/// A server of Envoy's external authorization (`envoy.service.auth.v3.Authorization`).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ExternalGrpc")]
struct GrpcSettings {
    /// Scheme, host and port: `https://authz.example:9001`.
    #[schemars(length(min = 1))]
    url: String,
    /// What it is told with each question, as `context_extensions`.
    #[serde(default)]
    context: BTreeMap<String, String>,
}

/// What both ways of asking have.
struct Common {
    shown: Vec<String>,
    set: Vec<(String, SecretString)>,
    words: Words,
    allow_http: bool,
}

/// The method, or every problem.
pub(in crate::auth_filter) fn checked(
    settings: ExternalSettings,
    world: &World<'_>,
    problems: &mut Vec<SettingsProblem>,
) -> Option<Box<dyn WayIn>> {
    let shown = settings.headers.unwrap_or_else(|| vec!["authorization".into()]);
    check_sent("headers", shown.iter(), problems);
    check_sent("set_headers", settings.set_headers.keys(), problems);
    for (index, name) in settings.allowed_headers.iter().enumerate() {
        let cause = unfit(name);
        problems.extend(cause.map(|cause| problem(&format!("/external/allowed_headers/{index}"), &cause)));
    }
    let set =
        settings.set_headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value.0.into()));
    let words = Words {
        principal: settings.principal_header.to_ascii_lowercase(),
        tenant: settings.tenant_header.map(|name| name.to_ascii_lowercase()),
        allowed: lower(settings.allowed_headers),
    };
    let common = Common { shown: lower(shown), set: set.collect(), words, allow_http: settings.allow_http };
    match (settings.url, settings.grpc, settings.method) {
        (Some(url), None, method) => Some(Box::new(over_http((url, method), common, world, problems))),
        (None, Some(grpc), None) => Some(Box::new(over_grpc(grpc, common, world, problems)?)),
        (None, Some(_), Some(_)) => {
            let text = "\"method\" is for \"url\", and \"grpc\" has none; remove it";
            problems.push(problem("/external/method", text));
            None
        }
        (None, None, _) => {
            let text = "\"external\" names no server; give \"url\" or \"grpc\"";
            problems.push(problem("/external", text));
            None
        }
        (Some(_), Some(_), _) => {
            let text = "\"url\" and \"grpc\" exclude each other; keep one of them";
            problems.push(problem("/external/grpc", text));
            None
        }
    }
}

fn over_http(
    (url, method): (String, Option<String>),
    common: Common,
    world: &World<'_>,
    problems: &mut Vec<SettingsProblem>,
) -> External {
    let Common { shown, set, words, allow_http } = common;
    problems.extend(check_url(&url, allow_http, "/external/url"));
    let method = method.unwrap_or_else(|| "GET".into());
    check_method(&method, problems);
    External { url, method, shown, set, words, http: Arc::clone(&world.http) }
}

fn over_grpc(
    settings: GrpcSettings,
    common: Common,
    world: &World<'_>,
    problems: &mut Vec<SettingsProblem>,
) -> Option<GrpcExternal> {
    let GrpcSettings { url, context } = settings;
    let Common { shown, set, words, allow_http } = common;
    if let Some(wrong) = check_url(&url, allow_http, "/external/grpc/url") {
        problems.push(wrong);
        return None;
    }
    let server = world.authorizers.way_to(AuthzServer { url, fields: set, context });
    match server {
        Ok(server) => Some(GrpcExternal { shown, words, server }),
        Err(cause) => {
            problems.push(problem("/external/grpc", &format!("the server of \"grpc\" {cause}")));
            None
        }
    }
}

fn lower(names: Vec<String>) -> Vec<String> {
    names.into_iter().map(|name| name.to_ascii_lowercase()).collect()
}

fn check_method(method: &str, problems: &mut Vec<SettingsProblem>) {
    let is_known =
        [Method::GET, Method::POST, Method::HEAD, Method::PUT].iter().any(|known| *known == *method);
    if !is_known {
        problems.push(problem("/external/method", "\"method\" must be one of GET, HEAD, POST and PUT"));
    }
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
