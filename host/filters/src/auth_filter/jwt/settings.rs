//! The settings of `jwt`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use tidegate_pipeline::{SettingsProblem, World};

use super::keys::KeySet;
use super::remote::Remote;
use super::{Jwt, KeySource, Provider};
use crate::auth_filter::cache::Cache;
use crate::auth_filter::claims::{ClaimsSettings, Required};
use crate::settings::{check_url, duration, problem};

/// Someone who issues tokens.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Issuer")]
pub(in crate::auth_filter) struct ProviderSettings {
    /// What the claim `iss` must be, to the letter.
    #[schemars(length(min = 1))]
    issuer: String,
    /// What the claim `aud` must be, or hold one of. An empty list takes tokens for anybody.
    audiences: Vec<String>,
    /// Where the public keys are.
    jwks: Jwks,
    /// The algorithms that tokens may be signed by; `RS256` and `ES256` unless set.
    #[schemars(length(min = 1))]
    algorithms: Option<Vec<String>>,
    /// By how much clocks may differ; `30s` unless set.
    leeway: Option<String>,
    /// Claims that a token must have, by name or JSON pointer: equal to this value, or a list with it in it.
    #[serde(default)]
    required_claims: Required,
    /// Which claims say who is calling.
    #[serde(default)]
    claims: ClaimsSettings,
}

/// Where the public keys of an issuer are: one of `url`, `file` and `inline`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Jwks {
    /// The address of the set of keys.
    url: Option<String>,
    /// A file with the set of keys, relative to this configuration; read again when it changes.
    file: Option<String>,
    /// The set of keys itself.
    inline: Option<serde_json::Map<String, Value>>,
    /// How long fetched keys are used before they are renewed; `10m` unless set.
    cache: Option<String>,
    /// Whether `url` may be plain `http` beyond this machine.
    #[serde(default)]
    allow_http: bool,
}

/// The method, or every problem.
pub(in crate::auth_filter) fn checked(
    providers: Vec<ProviderSettings>,
    world: &World<'_>,
    problems: &mut Vec<SettingsProblem>,
) -> Jwt {
    let mut issuers = HashSet::new();
    let mut made = Vec::new();
    for (index, provider) in providers.into_iter().enumerate() {
        let pointer = format!("/jwt/{index}");
        if !issuers.insert(provider.issuer.clone()) {
            let text = "this issuer is listed twice; give one entry all its \"audiences\"";
            problems.push(problem(&format!("{pointer}/issuer"), text));
        }
        made.extend(provider.checked(&pointer, world, problems));
    }
    Jwt { providers: made }
}

impl ProviderSettings {
    fn checked(
        self,
        pointer: &str,
        world: &World<'_>,
        problems: &mut Vec<SettingsProblem>,
    ) -> Option<Provider> {
        let algorithms = algorithms(self.algorithms, pointer, problems);
        let (usual, place) = (Duration::from_secs(30), format!("{pointer}/leeway"));
        let leeway = match self.leeway.as_deref() {
            Some("0s") => Duration::ZERO,
            other => duration(other, usual, &place, problems),
        };
        let claims = self.claims.checked(self.required_claims, &format!("{pointer}/claims"), problems);
        let keys = self.jwks.source(&format!("{pointer}/jwks"), world, problems)?;
        Some(Provider {
            issuer: self.issuer,
            audiences: self.audiences,
            algorithms,
            leeway: leeway.as_secs(),
            keys,
            claims,
            verified: Cache::new(),
        })
    }
}

fn algorithms(
    named: Option<Vec<String>>,
    pointer: &str,
    problems: &mut Vec<SettingsProblem>,
) -> Vec<Algorithm> {
    let Some(named) = named else { return vec![Algorithm::RS256, Algorithm::ES256] };
    let mut algorithms = Vec::new();
    for (index, name) in named.iter().enumerate() {
        match algorithm(name) {
            Ok(algorithm) => algorithms.push(algorithm),
            Err(cause) => problems.push(problem(&format!("{pointer}/algorithms/{index}"), &cause)),
        }
    }
    algorithms
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    if name.eq_ignore_ascii_case("none") {
        return Err("\"none\" is no signature, and would let anyone in; remove it".into());
    }
    match name.parse() {
        Ok(Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) => Err(format!(
            "\"{name}\" signs with a shared secret, and a set of public keys holds none; name an algorithm such as \"RS256\""
        )),
        Ok(algorithm) => Ok(algorithm),
        Err(_) => Err(format!(
            "\"{}\" is no algorithm; name some of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA",
            name.escape_debug()
        )),
    }
}

impl Jwks {
    fn source(
        self,
        pointer: &str,
        world: &World<'_>,
        problems: &mut Vec<SettingsProblem>,
    ) -> Option<KeySource> {
        if self.url.is_none() {
            let idle = [("cache", self.cache.is_some()), ("allow_http", self.allow_http)];
            problems.extend(idle.into_iter().filter(|(_, set)| *set).map(|(key, _)| {
                let text = format!("\"{key}\" is for keys at a \"url\", and there is none; remove it");
                problem(&format!("{pointer}/{key}"), &text)
            }));
        }
        match (self.url, self.file, self.inline) {
            (Some(url), None, None) => {
                let life = self.cache.as_deref();
                let life = duration(life, Duration::from_secs(600), &format!("{pointer}/cache"), problems);
                let wrong = check_url(&url, self.allow_http, &format!("{pointer}/url"));
                let fits = wrong.is_none();
                problems.extend(wrong);
                fits.then(|| KeySource::Remote(Remote::shared(&url, life, &world.http)))
            }
            (None, Some(file), None) => from_file(&file, &format!("{pointer}/file"), world, problems),
            (None, None, Some(inline)) => {
                fixed(&Value::Object(inline), &format!("{pointer}/inline"), "\"inline\"", problems)
            }
            _ => {
                let text = "\"jwks\" takes one of \"url\", \"file\" and \"inline\"; keep one of them";
                problems.push(problem(pointer, text));
                None
            }
        }
    }
}

fn from_file(
    file: &str,
    pointer: &str,
    world: &World<'_>,
    problems: &mut Vec<SettingsProblem>,
) -> Option<KeySource> {
    match world.documents.read(file, &serde_json::json!({"type": "object"})) {
        Ok(document) => fixed(&document, pointer, &format!("\"{file}\""), problems),
        Err(lines) => {
            problems.extend(lines.iter().map(|line| problem(pointer, line)));
            None
        }
    }
}

fn fixed(
    document: &Value,
    pointer: &str,
    name: &str,
    problems: &mut Vec<SettingsProblem>,
) -> Option<KeySource> {
    match public(document).and_then(KeySet::read) {
        Ok(keys) => Some(KeySource::Fixed(Arc::new(keys))),
        Err(cause) => {
            problems.push(problem(pointer, &format!("{name} is no set of keys: {cause}")));
            None
        }
    }
}

/// A set without private keys, which have no business in a configuration that is shown.
fn public(document: &Value) -> Result<&Value, &'static str> {
    let keys = document.get("keys").and_then(Value::as_array);
    let is_private = |key: &Value| key.get("d").is_some() || key.get("k").is_some();
    if keys.is_some_and(|keys| keys.iter().any(is_private)) {
        return Err("it has a private key or a shared secret in it; give the public keys only");
    }
    Ok(document)
}
