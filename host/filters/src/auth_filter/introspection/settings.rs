//! The settings of `introspection`.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use tidegate_pipeline::{SettingsProblem, World};

use super::{Expected, Introspection, credentials};
use crate::auth_filter::cache::Cache;
use crate::auth_filter::claims::{ClaimsSettings, Required};
use crate::auth_filter::flights::Flights;
use crate::settings::{Secret, check_url, duration, problem};

/// A server that knows tokens, and what is asked of them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Introspection")]
pub(in crate::auth_filter) struct IntrospectionSettings {
    /// The address that tokens are posted to.
    #[schemars(length(min = 1))]
    url: String,
    /// The name by which the gateway identifies itself there.
    #[schemars(length(min = 1))]
    client_id: String,
    /// The secret that goes with it.
    client_secret: Secret,
    /// How long an answer is used, at most until the token ends; `60s` unless set.
    cache: Option<String>,
    /// Whether `url` may be plain `http` beyond this machine.
    #[serde(default)]
    allow_http: bool,
    /// What `iss` must be, where it is set here.
    issuer: Option<String>,
    /// What `aud` must be, or hold one of; whatever it is unless set.
    #[schemars(length(min = 1))]
    audiences: Option<Vec<String>>,
    /// What an answer must have besides, by name or JSON pointer: equal to this value, or a list with it in it.
    #[serde(default)]
    required_claims: Required,
    /// What of an answer says who is calling.
    #[serde(default)]
    claims: ClaimsSettings,
}

/// The method, or every problem.
pub(in crate::auth_filter) fn checked(
    settings: IntrospectionSettings,
    world: &World<'_>,
    problems: &mut Vec<SettingsProblem>,
) -> Option<Introspection> {
    problems.extend(check_url(&settings.url, settings.allow_http, "/introspection/url"));
    let usual = Duration::from_secs(60);
    let life = duration(settings.cache.as_deref(), usual, "/introspection/cache", problems);
    if settings.client_secret.0.trim().is_empty() {
        let text = "\"client_secret\" is empty; the server would not know who asks";
        problems.push(problem("/introspection/client_secret", text));
    }
    let claims = settings.claims.checked(settings.required_claims, "/introspection/claims", problems);
    Some(Introspection {
        credentials: SecretString::from(credentials(&settings.client_id, &settings.client_secret.0)),
        url: settings.url,
        life: life.as_secs(),
        expected: Expected { issuer: settings.issuer, audiences: settings.audiences },
        claims,
        http: Arc::clone(&world.http),
        answers: Cache::new(),
        flights: Flights::default(),
    })
}
