//! The head of a request, as an auth hook sees it.

use std::net::{IpAddr, Ipv4Addr};

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use tidegate_contract::{Head, Peer};

use super::data::{Fields, unhex};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HeadShape {
    method: String,
    scheme: String,
    authority: String,
    path: String,
    query: String,
    pub(crate) headers: Fields,
    client: PeerShape,
    #[serde(deserialize_with = "digest")]
    body_sha256: Option<Vec<u8>>,
}

impl Default for HeadShape {
    fn default() -> Self {
        Self {
            method: "POST".into(),
            scheme: "http".into(),
            authority: "gateway.test".into(),
            path: "/v1/chat/completions".into(),
            query: String::new(),
            headers: Fields::default(),
            client: PeerShape::default(),
            body_sha256: None,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PeerShape {
    address: IpAddr,
    #[serde(deserialize_with = "digest")]
    certificate_sha256: Option<Vec<u8>>,
    names: Vec<String>,
}

impl Default for PeerShape {
    fn default() -> Self {
        Self { address: Ipv4Addr::LOCALHOST.into(), certificate_sha256: None, names: Vec::new() }
    }
}

fn digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let bytes = unhex(&text).map_err(D::Error::custom)?;
    if bytes.len() == 32 {
        Ok(Some(bytes))
    } else {
        Err(D::Error::custom("a SHA-256 has 64 hexadecimal digits"))
    }
}

impl HeadShape {
    /// Values that a [`Head`] can borrow.
    pub(crate) fn values(&self) -> Vec<(&str, Vec<u8>)> {
        self.headers.pairs().map(|(name, value)| (name, value.bytes())).collect()
    }

    /// The digest is handed over only where the plugin asked for it.
    pub(crate) fn head<'a>(&'a self, headers: &'a [(&'a str, &'a [u8])], digest: bool) -> Head<'a> {
        Head {
            method: &self.method,
            scheme: &self.scheme,
            authority: &self.authority,
            path: &self.path,
            query: &self.query,
            headers,
            client: Peer {
                address: self.client.address,
                certificate_sha256: self.client.certificate_sha256.as_deref(),
                names: &self.client.names,
            },
            body_sha256: self.body_sha256.as_deref().filter(|_| digest),
        }
    }
}
