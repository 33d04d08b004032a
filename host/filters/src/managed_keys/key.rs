//! A key as its record has it, and as it is shown.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tidegate_pipeline::{KeyHolder, Record};

use super::KeyError;
use crate::auth_filter::{Digest, Who, parse_digest, sha256};
use crate::hex::hex;
use crate::limits::OwnLimits;

/// What every secret begins with, so that scanners of secrets and people know one when they see it.
const MARK: &str = "tg_";

/// Random bytes of a secret.
const RANDOM: usize = 32;

/// Characters of a secret that are shown.
const SHOWN: usize = 9;

/// What a client sends.
pub(super) struct Secret(String);

impl Secret {
    pub(super) fn new() -> Result<Self, KeyError> {
        let mut random = [0; RANDOM];
        getrandom::fill(&mut random)
            .map_err(|error| KeyError::Unavailable(format!("the system has no random bytes: {error}")))?;
        Ok(Self(format!("{MARK}{}", URL_SAFE_NO_PAD.encode(random))))
    }

    pub(super) fn text(self) -> String {
        self.0
    }

    pub(super) fn prefix(&self) -> String {
        self.0.chars().take(SHOWN).collect()
    }

    pub(super) fn sha256(&self) -> String {
        hex(&sha256(self.0.as_bytes()))
    }
}

/// A key. Times are milliseconds since 1970.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Key {
    #[serde(skip)]
    pub(super) id: String,
    #[serde(skip)]
    pub(super) version: u64,
    pub(super) prefix: String,
    pub(super) sha256: String,
    pub(super) principal: String,
    pub(super) tenant: Option<String>,
    pub(super) models: Option<Vec<String>>,
    /// As they were written; they passed a check.
    pub(super) limits: Option<Map<String, Value>>,
    pub(super) created: u64,
    pub(super) expires: Option<u64>,
    /// The secret before the last rotation.
    pub(super) previous: Option<Previous>,
}

/// A secret that a rotation replaced.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Previous {
    pub(super) prefix: String,
    pub(super) sha256: String,
    pub(super) until: u64,
}

impl Key {
    /// It, and whom it stands for; `None` where it is no key of ours, or one whose limits nobody here knows: without them it
    /// would hold for more than it was made for.
    pub(super) fn read(record: &Record) -> Option<(Self, KeyHolder)> {
        let read = serde_json::from_slice::<Self>(&record.value).map_err(|error| error.to_string());
        let read = read.and_then(|key| {
            let key = Self { id: record.id.clone(), version: record.version, ..key };
            Ok((key.holder()?, key))
        });
        match read {
            Ok((holder, key)) => Some((key, holder)),
            Err(error) => {
                tracing::error!(id = record.id, %error, "the record of an API key cannot be read, so that the key does not hold");
                None
            }
        }
    }

    pub(super) fn bytes(&self) -> Bytes {
        // Maps have texts as their keys, and there are no other values that JSON has no words for.
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    fn holder(&self) -> Result<KeyHolder, String> {
        let limits = self.limits.clone().map(OwnLimits::of).transpose()?;
        let limits = limits.map(OwnLimits::limits).unwrap_or_default();
        let (principal, tenant, models) = (self.principal.clone(), self.tenant.clone(), self.models.clone());
        let principal = Who { principal, tenant, models }.principal();
        let counted_as = format!("key\u{1f}{}", self.id).into();
        Ok(KeyHolder { limits: limits.into(), counted_as, ..KeyHolder::of(principal) })
    }

    /// Its secrets, and until when each holds.
    pub(super) fn digests(&self) -> impl Iterator<Item = (Digest, Option<SystemTime>)> {
        let own = parse_digest(&self.sha256).map(|digest| (digest, self.expires));
        let previous = self.previous.as_ref().and_then(|previous| {
            let until = self.expires.map_or(previous.until, |expires| expires.min(previous.until));
            Some((parse_digest(&previous.sha256)?, Some(until)))
        });
        own.into_iter().chain(previous).map(|(digest, until)| (digest, until.map(moment)))
    }

    /// For whoever runs the gateway: everything but its secrets and their digests.
    pub(super) fn shown(&self) -> Value {
        let now = milliseconds(SystemTime::now());
        let previous = self.previous.as_ref().filter(|previous| previous.until > now);
        let previous =
            previous.map(|Previous { prefix, until, .. }| json!({"prefix": prefix, "until": told(*until)}));
        json!({
            "id": self.id,
            "prefix": self.prefix,
            "principal": self.principal,
            "tenant": self.tenant,
            "models": self.models,
            "limits": self.limits,
            "created_at": told(self.created),
            "expires_at": self.expires.map(told),
            "state": if self.expires.is_some_and(|expires| expires <= now) { "expired" } else { "active" },
            "previous": previous,
        })
    }
}

/// RFC 3339; a whole second as one.
fn told(milliseconds: u64) -> String {
    let moment = moment(milliseconds);
    if milliseconds.is_multiple_of(1000) {
        humantime::format_rfc3339_seconds(moment).to_string()
    } else {
        humantime::format_rfc3339_millis(moment).to_string()
    }
}

fn moment(milliseconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(milliseconds)
}

pub(super) fn milliseconds(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
