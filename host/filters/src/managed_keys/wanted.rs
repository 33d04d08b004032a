//! What the admin API may be asked for, checked.

use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::KeyError;
use super::key::{Key, Previous, Secret, milliseconds};
use crate::auth_filter::is_name;
use crate::limits::OwnLimits;

/// How long the secret before stays good where a rotation does not say.
const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest time that may be asked for.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

/// Keys of a page, and the most of one.
const PAGE: usize = 100;
const MOST: usize = 1000;

/// Globs of a key.
const MOST_MODELS: usize = 1000;

fn read<T: DeserializeOwned>(wanted: &Value) -> Result<T, KeyError> {
    if !wanted.is_object() {
        return Err(KeyError::Invalid(
            "the body must be an object, such as {\"principal\": \"NAME\"}".into(),
        ));
    }
    serde_path_to_error::deserialize(wanted).map_err(|error| {
        let (place, cause) = (error.path().to_string(), error.into_inner());
        let text = if place == "." { cause.to_string() } else { format!("\"{place}\": {cause}") };
        KeyError::Invalid(format!("the body is not as it should be: {text}"))
    })
}

/// A new key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    principal: String,
    tenant: Option<String>,
    models: Option<Vec<String>>,
    limits: Option<Map<String, Value>>,
    expires_at: Option<String>,
    expires_in: Option<String>,
}

impl New {
    pub(super) fn read(wanted: &Value) -> Result<Self, KeyError> {
        read(wanted)
    }

    pub(super) fn key(self, secret: &Secret) -> Result<Key, KeyError> {
        check_name("principal", &self.principal)?;
        check(self.tenant.as_deref(), self.models.as_deref(), self.limits.as_ref())?;
        Ok(Key {
            id: format!("key_{}", uuid::Uuid::new_v4().simple()),
            version: 0,
            prefix: secret.prefix(),
            sha256: secret.sha256(),
            principal: self.principal,
            tenant: self.tenant,
            models: self.models,
            limits: self.limits,
            created: milliseconds(SystemTime::now()),
            expires: end(self.expires_at.as_deref(), self.expires_in.as_deref())?,
            previous: None,
        })
    }
}

fn check(
    tenant: Option<&str>,
    models: Option<&[String]>,
    limits: Option<&Map<String, Value>>,
) -> Result<(), KeyError> {
    if let Some(tenant) = tenant {
        check_name("tenant", tenant)?;
    }
    if models.is_some_and(|models| {
        models.len() > MOST_MODELS || models.iter().any(|glob| glob.is_empty() || glob.len() > 256)
    }) {
        let text = format!(
            "\"models\" takes at most {MOST_MODELS} globs, none of them empty or longer than 256 bytes"
        );
        return Err(KeyError::Invalid(text));
    }
    if let Some(limits) = limits {
        let checked = OwnLimits::of(limits.clone());
        checked.map_err(|error| KeyError::Invalid(format!("\"limits\": {error}")))?;
    }
    Ok(())
}

fn check_name(field: &str, name: &str) -> Result<(), KeyError> {
    if is_name(name) {
        return Ok(());
    }
    Err(KeyError::Invalid(format!(
        "\"{field}\" is no name; write who that is, in at most 256 bytes of one line"
    )))
}

/// When a key ends, in milliseconds since 1970.
fn end(at: Option<&str>, within: Option<&str>) -> Result<Option<u64>, KeyError> {
    let at = match (at, within) {
        (Some(_), Some(_)) => {
            return Err(KeyError::Invalid("\"expires_at\" and \"expires_in\" exclude each other".into()));
        }
        (Some(at), None) => humantime::parse_rfc3339(at).map_err(|_| {
            KeyError::Invalid("\"expires_at\" must be a time such as \"2027-01-31T12:00:00Z\"".into())
        })?,
        (None, Some(within)) => SystemTime::now() + span("expires_in", within)?,
        (None, None) => return Ok(None),
    };
    if at <= SystemTime::now() {
        return Err(KeyError::Invalid(
            "the key would be expired from the start; revoke it with DELETE instead".into(),
        ));
    }
    Ok(Some(milliseconds(at)))
}

fn span(field: &str, text: &str) -> Result<Duration, KeyError> {
    let span = humantime::parse_duration(text).ok().filter(|span| *span <= LONGEST);
    span.ok_or_else(|| {
        KeyError::Invalid(format!("\"{field}\" must be a duration such as \"24h\" or \"90d\""))
    })
}

/// Another secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRotation {
    overlap: Option<String>,
}

pub(super) struct Rotation {
    overlap: Duration,
}

impl Rotation {
    pub(super) fn read(wanted: &Value) -> Result<Self, KeyError> {
        let RawRotation { overlap } = read(wanted)?;
        let overlap = overlap.map(|text| span("overlap", &text)).transpose()?.unwrap_or(OVERLAP);
        Ok(Self { overlap })
    }

    #[expect(clippy::unnecessary_wraps, reason = "as other changes, which may fail")]
    pub(super) fn apply(&self, key: &mut Key, secret: &Secret) -> Result<(), KeyError> {
        key.previous = Some(Previous {
            prefix: std::mem::replace(&mut key.prefix, secret.prefix()),
            sha256: std::mem::replace(&mut key.sha256, secret.sha256()),
            until: milliseconds(SystemTime::now() + self.overlap),
        });
        Ok(())
    }
}

/// What a change leaves out stays; `null` takes it away.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[serde(default, deserialize_with = "given")]
    tenant: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    models: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "given")]
    limits: Option<Option<Map<String, Value>>>,
    #[serde(default, deserialize_with = "given")]
    expires_at: Option<Option<String>>,
    expires_in: Option<String>,
}

fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Change {
    pub(super) fn read(wanted: &Value) -> Result<Self, KeyError> {
        let change: Self = read(wanted)?;
        let [tenant, models, limits] =
            [change.tenant.is_some(), change.models.is_some(), change.limits.is_some()];
        if !(tenant || models || limits || change.expires_at.is_some() || change.expires_in.is_some()) {
            let text = "the body changes nothing; give \"tenant\", \"models\", \"limits\", \"expires_at\" or \"expires_in\"";
            return Err(KeyError::Invalid(text.into()));
        }
        let models = change.models.as_ref().and_then(Option::as_deref);
        let tenant = change.tenant.as_ref().and_then(Option::as_deref);
        check(tenant, models, change.limits.as_ref().and_then(Option::as_ref))?;
        Ok(change)
    }

    pub(super) fn apply(&self, key: &mut Key) -> Result<(), KeyError> {
        let at = self.expires_at.as_ref().and_then(Option::as_deref);
        if self.expires_at.is_some() || self.expires_in.is_some() {
            key.expires = end(at, self.expires_in.as_deref())?;
        }
        if let Some(tenant) = &self.tenant {
            key.tenant.clone_from(tenant);
        }
        if let Some(models) = &self.models {
            key.models.clone_from(models);
        }
        if let Some(limits) = &self.limits {
            key.limits.clone_from(limits);
        }
        Ok(())
    }
}

/// Which keys are asked for.
#[derive(Debug)]
pub(super) struct Listing {
    prefix: Option<String>,
    principal: Option<String>,
    tenant: Option<String>,
    /// Keys up to this id are left out.
    pub(super) after: Option<String>,
    pub(super) limit: usize,
}

impl Listing {
    pub(super) fn read(query: &[(String, String)]) -> Result<Self, KeyError> {
        let mut listing = Self { prefix: None, principal: None, tenant: None, after: None, limit: PAGE };
        for (name, value) in query {
            let place = match name.as_str() {
                "prefix" => &mut listing.prefix,
                "principal" => &mut listing.principal,
                "tenant" => &mut listing.tenant,
                "after" => &mut listing.after,
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                    listing.limit = limit.ok_or_else(|| {
                        KeyError::Invalid(format!("\"limit\" must be a whole number from 1 to {MOST}"))
                    })?;
                    continue;
                }
                _ => {
                    let text = format!(
                        "unknown parameter \"{name}\"; known are prefix, principal, tenant, after, limit"
                    );
                    return Err(KeyError::Invalid(text));
                }
            };
            *place = Some(value.clone());
        }
        Ok(listing)
    }

    /// Whether a key has what is asked for, wherever it stands. By comparison only: no character of a query stands for others.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.prefix.as_ref().is_none_or(|prefix| key.prefix.starts_with(prefix))
            && self.principal.as_ref().is_none_or(|principal| key.principal == *principal)
            && self.tenant.as_ref().is_none_or(|tenant| key.tenant.as_ref() == Some(tenant))
    }
}
