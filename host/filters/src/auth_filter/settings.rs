//! The settings of `auth_filter`, and the way from a keys file to a table of keys.

use std::sync::Arc;

use http::HeaderName;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE};
use schemars::JsonSchema;
use serde::Deserialize;
use tidegate_pipeline::{KeyHolder, SettingsProblem, World};

use super::api_keys::ApiKeys;
use super::basic::{self, BasicSettings};
use super::claims::is_own;
use super::external::{self, ExternalSettings};
use super::hmac::{self, HmacSettings};
use super::introspection::{self, IntrospectionSettings};
use super::jwt::{self, ProviderSettings};
use super::keys::{Digest, KeyTable, parse_digest, sha256};
use super::listed::{Listed, Place, Who};
use super::method::Method;
use super::mtls::{self, MtlsSettings};
use crate::limits::OwnLimits;
use crate::settings::{problem, unless};

/// How clients prove who they are: one or several of these ways. The first of them, in this order, of whose kind a request
/// has a credential decides: `hmac`, `jwt`, `basic`, `api_keys`, `introspection`, `mtls`, `external`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// API keys, sent as `Authorization: Bearer`, `x-api-key`, `api-key`, `x-goog-api-key` or `?key=`.
    api_keys: Option<ApiKeysSettings>,
    /// Issuers of JSON web tokens, which come as `Authorization: Bearer`.
    #[schemars(length(min = 1))]
    jwt: Option<Vec<ProviderSettings>>,
    /// Names and passwords, sent as `Authorization: Basic`.
    basic: Option<BasicSettings>,
    /// A server that is asked about each bearer token (RFC 7662).
    introspection: Option<IntrospectionSettings>,
    /// Requests signed with a shared key (RFC 9421, `hmac-sha256`).
    hmac: Option<HmacSettings>,
    /// Certificates of clients; the listener asks for them by `tls.client_ca`.
    mtls: Option<MtlsSettings>,
    /// A server that is asked about each request.
    external: Option<ExternalSettings>,
}

impl Settings {
    /// Whether the digest of a request's body is needed.
    pub(super) fn needs_body_digest(&self) -> bool {
        self.hmac.is_some()
    }

    /// The methods in the order in which they are asked, or every problem.
    pub(super) fn methods(self, world: &World<'_>) -> Result<Vec<Box<dyn Method>>, Vec<SettingsProblem>> {
        let problems = &mut Vec::new();
        let shares_bearer = self.introspection.is_some();
        let methods: [Option<Box<dyn Method>>; 7] = [
            self.hmac.and_then(|settings| boxed(hmac::checked(settings, world, problems))),
            self.jwt.and_then(|settings| boxed(Some(jwt::checked(settings, world, problems)))),
            self.basic.and_then(|settings| boxed(basic::checked(settings, world, problems))),
            self.api_keys.and_then(|settings| boxed(settings.checked(shares_bearer, world, problems))),
            self.introspection.and_then(|settings| boxed(introspection::checked(settings, world, problems))),
            self.mtls.and_then(|settings| boxed(mtls::checked(settings, problems))),
            self.external.and_then(|settings| external::checked(settings, world, problems)),
        ];
        let methods: Vec<_> = methods.into_iter().flatten().collect();
        if methods.is_empty() && problems.is_empty() {
            let text =
                "\"auth_filter\" names no way to prove who is calling; add \"api_keys\", \"jwt\" or another";
            problems.push(problem("", text));
        }
        unless(std::mem::take(problems), methods)
    }
}

fn boxed<M: Method>(method: Option<M>) -> Option<Box<dyn Method>> {
    method.map(|method| Box::new(method) as Box<dyn Method>)
}

/// Where the API keys stand: here or in a file of their own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ApiKeys")]
struct ApiKeysSettings {
    /// The keys themselves.
    keys: Option<Vec<ApiKey>>,
    /// A file with a list `keys`, relative to this configuration; read again when it changes.
    file: Option<String>,
    /// Whether keys that the admin API makes count, too: `POST /v1/keys`.
    #[serde(default)]
    managed: bool,
    /// The one header field that keys are taken from, such as `x-team-key`, or `authorization` for bearers only. Unless set, it is
    /// whichever field a vendor's client sends.
    #[schemars(length(min = 1))]
    header: Option<String>,
}

/// A file of API keys.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KeysFile {
    /// The keys.
    keys: Vec<ApiKey>,
}

/// An API key and the principal it stands for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ApiKey {
    /// The key as clients send it; better kept out of files: give `sha256`, or `${VAR}`.
    #[schemars(extend("writeOnly" = true))]
    key: Option<String>,
    /// The SHA-256 of the key, 64 hexadecimal digits.
    #[schemars(extend("writeOnly" = true))]
    sha256: Option<String>,
    /// Who uses this key; the name in logs, limits and usage.
    #[schemars(length(min = 1))]
    principal: String,
    /// The tenant that the principal belongs to.
    tenant: Option<String>,
    /// Globs of the models that this key may use, such as `gpt-4o*`; every model unless set.
    models: Option<Vec<String>>,
    /// Limits of the principal's own, such as `requests_per_minute` or `cost_per_month`, besides those of `rate_limit`.
    limits: Option<OwnLimits>,
}

impl ApiKeysSettings {
    /// The table of keys, from whichever place holds them.
    fn checked(
        self,
        shares_bearer: bool,
        world: &World<'_>,
        problems: &mut Vec<SettingsProblem>,
    ) -> Option<ApiKeys> {
        let managed = self.managed.then(|| Arc::clone(&world.keys));
        let header = self.header.and_then(|name| header(&name, problems));
        if managed.is_some() && self.keys.is_none() && self.file.is_none() {
            return Some(ApiKeys { keys: KeyTable::default(), managed, header, shares_bearer });
        }
        let listed = Listed { method: "api_keys", list: "keys", inline: self.keys, file: self.file };
        let (keys, place) = listed.read(world, |file: KeysFile| file.keys, problems)?;
        Some(ApiKeys { keys: table(keys, &place, problems), managed, header, shares_bearer })
    }
}

/// Fields besides the gateway's own that say something else, and must reach whoever reads them.
const NO_KEYS: [HeaderName; 3] = [CONTENT_TYPE, CONTENT_ENCODING, COOKIE];

fn header(name: &str, problems: &mut Vec<SettingsProblem>) -> Option<HeaderName> {
    let parsed = name.parse().ok().filter(|parsed| !NO_KEYS.contains(parsed) && !is_own(name));
    if parsed.is_none() {
        let name = name.escape_debug();
        problems.push(problem(
            "/api_keys/header",
            &format!(
                "\"{name}\" is no header field that a key can come in; write one such as \"x-team-key\""
            ),
        ));
    }
    parsed
}

fn table(keys: Vec<ApiKey>, place: &Place, problems: &mut Vec<SettingsProblem>) -> KeyTable<Arc<KeyHolder>> {
    let mut table = KeyTable::default();
    for (index, key) in keys.into_iter().enumerate() {
        let entry = format!("/{index}");
        match key.digest() {
            Ok(digest) => {
                if !table.insert(digest, Arc::new(key.holder())) {
                    let text = "this key is listed twice; give each principal its own key";
                    problems.push(place.problem(&entry, text));
                }
            }
            Err((key, cause)) => problems.push(place.problem(&format!("{entry}{key}"), cause)),
        }
    }
    table
}

impl ApiKey {
    /// The digest; otherwise below which key, and what is wrong.
    fn digest(&self) -> Result<Digest, (&'static str, &'static str)> {
        match (&self.key, &self.sha256) {
            (Some(key), None) if key.trim().is_empty() => {
                Err(("/key", "\"key\" is empty; an empty key would let anyone in"))
            }
            (Some(key), None) => Ok(sha256(key.trim().as_bytes())),
            (None, Some(text)) => checked_digest(text).map_err(|cause| ("/sha256", cause)),
            (None, None) => Err(("", "this entry has no key; give \"key\" or \"sha256\"")),
            (Some(_), Some(_)) => Err(("", "\"key\" and \"sha256\" exclude each other; keep \"sha256\"")),
        }
    }

    fn holder(self) -> KeyHolder {
        let limits = self.limits.map(OwnLimits::limits).unwrap_or_default();
        let who = Who { principal: self.principal, tenant: self.tenant, models: self.models };
        KeyHolder { limits: limits.into(), ..KeyHolder::of(who.principal()) }
    }
}

fn checked_digest(text: &str) -> Result<Digest, &'static str> {
    let digest =
        parse_digest(text).ok_or("\"sha256\" must be 64 hexadecimal digits, as `sha256sum` prints them")?;
    if digest == sha256(b"") {
        return Err("\"sha256\" is the digest of an empty key, which would let anyone in");
    }
    Ok(digest)
}
