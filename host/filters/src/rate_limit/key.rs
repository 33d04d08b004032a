//! Whose use is counted together.

use std::borrow::Cow;
use std::fmt::Write;
use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use http::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;
use tidegate_contract::Principal;
use tidegate_pipeline::{Call, SettingsProblem};

use crate::hex::hex;
use crate::settings::problem;

/// Who it is where nobody is known.
const ANONYMOUS: &str = "anonymous";

/// Bytes of a value that are kept as they are; of a longer one its digest.
const SHORT: usize = 64;

/// Header fields that end at the gateway before limits are asked, besides those that say for whom a request was forwarded.
const ENDING: [&str; 10] = [
    "authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "proxy-authorization",
    "cookie",
    "host",
    "content-length",
    "forwarded",
    "x-real-ip",
];

/// Whose use is counted together: one thing, or several that must all be the same.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "LimitKey")]
pub(super) enum KeySettings {
    /// One of the words.
    Word(Word),
    /// The value of a header field.
    Header(HeaderKey),
    /// Several, combined.
    All(#[schemars(length(min = 1, max = 8))] Vec<Named>),
}

/// One of several.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "LimitKeyPart")]
pub(super) enum Named {
    /// One of the words.
    Word(Word),
    /// The value of a header field.
    Header(HeaderKey),
}

/// What is known of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "LimitKeyWord")]
pub(super) enum Word {
    /// Who calls; all whom nobody knows are one.
    Principal,
    /// Whom the caller belongs to; all who belong to nobody are one.
    Tenant,
    /// Where the client connects from; of IPv6 the network of 64 bits.
    Address,
    /// The model, as the client calls it.
    Model,
}

/// A header field.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LimitKeyHeader")]
pub(super) struct HeaderKey {
    /// Its name; all requests without it are one.
    header: String,
}

impl Default for KeySettings {
    fn default() -> Self {
        Self::Word(Word::Principal)
    }
}

impl KeySettings {
    pub(super) fn checked(self, problems: &mut Vec<SettingsProblem>) -> Key {
        let named = match self {
            Self::Word(word) => return Key(vec![Part::Known(word)]),
            Self::Header(header) => vec![("/key/header".to_owned(), Named::Header(header))],
            Self::All(all) => {
                let place = |(index, named): (usize, Named)| match named {
                    Named::Word(_) => (format!("/key/{index}"), named),
                    Named::Header(_) => (format!("/key/{index}/header"), named),
                };
                all.into_iter().enumerate().map(place).collect()
            }
        };
        let mut parts = Vec::new();
        for (place, named) in named {
            match part(named) {
                Ok(part) if parts.contains(&part) => {
                    problems.push(problem(&place, "this is part of the key twice; take one of them away"));
                }
                Ok(part) => parts.push(part),
                Err(message) => problems.push(problem(&place, &message)),
            }
        }
        Key(parts)
    }
}

fn part(named: Named) -> Result<Part, String> {
    let HeaderKey { header } = match named {
        Named::Word(word) => return Ok(Part::Known(word)),
        Named::Header(header) => header,
    };
    let name: HeaderName = header.parse().map_err(|_| {
        format!("\"{}\" is no name of a header field; write one such as \"x-team\"", header.escape_debug())
    })?;
    let text = name.as_str();
    if ENDING.contains(&text) || text.starts_with("x-forwarded-") || text.starts_with("x-tidegate-") {
        return Err(format!(
            "header \"{text}\" ends at the gateway before limits are asked; use \"principal\" or \"address\", or another header"
        ));
    }
    Ok(Part::Field(name))
}

/// A checked key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Known(Word),
    Field(HeaderName),
}

impl Key {
    /// The header fields that it takes.
    pub(super) fn headers(&self) -> Vec<String> {
        let field = |part: &Part| match part {
            Part::Known(_) => None,
            Part::Field(name) => Some(name.as_str().to_owned()),
        };
        self.0.iter().filter_map(field).collect()
    }

    /// Whether it is one thing.
    pub(super) fn is_single(&self) -> bool {
        self.0.len() == 1
    }

    /// Its value, where it is one thing.
    pub(super) fn value(&self, call: Call<'_>) -> Option<String> {
        let [part] = &self.0[..] else { return None };
        part.of(call).and_then(|value| String::from_utf8(value.into_owned()).ok())
    }

    /// Whose request this is: each part with its length before it, so that no two keys read the same.
    pub(super) fn of(&self, call: Call<'_>) -> String {
        let mut whose = String::new();
        for part in &self.0 {
            let value = part.of(call);
            let value = value.as_deref().unwrap_or(ANONYMOUS.as_bytes());
            match std::str::from_utf8(value).ok().filter(|text| text.len() <= SHORT) {
                Some(text) => write!(whose, "{}:{text}", text.len()),
                None => write!(whose, "sha256:{}", hex(digest(&SHA256, value).as_ref())),
            }
            // A text takes whatever is written.
            .unwrap_or_default();
        }
        whose
    }
}

impl Part {
    fn of<'c>(&self, call: Call<'c>) -> Option<Cow<'c, [u8]>> {
        let principal: Option<&Principal> = call.context.principal;
        let text = match self {
            Self::Known(Word::Principal) => principal.map(|principal| &*principal.id),
            Self::Known(Word::Tenant) => principal.and_then(|principal| principal.tenant.as_deref()),
            Self::Known(Word::Model) => call.context.model,
            Self::Known(Word::Address) => return Some(network(call.scope.client()?).into_bytes().into()),
            Self::Field(name) => return field(name, call).map(Cow::Owned),
        };
        text.map(|text| text.as_bytes().into())
    }
}

/// All values of a field, as RFC 9110 section 5.3 lets any recipient join them.
fn field(name: &HeaderName, call: Call<'_>) -> Option<Vec<u8>> {
    let values: Vec<_> = call.scope.fields()?.get_all(name).iter().map(http::HeaderValue::as_bytes).collect();
    (!values.is_empty()).then(|| values.join(&b", "[..]))
}

/// Whoever has an address of IPv6 has 2^64 of them.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}
