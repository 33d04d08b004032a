//! What a token says of itself before anything of it is believed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::claims::Refused;

/// No honest token is longer; header fields have little room beside it.
const LONGEST: usize = 8 * 1024;

/// Whether a bearer credential is meant as a JSON web token: three parts, of which the first is an object.
pub(crate) fn looks_like_one(credential: &[u8]) -> bool {
    credential.starts_with(b"eyJ") && credential.iter().filter(|byte| **byte == b'.').count() == 2
}

/// A token whose signature nobody has looked at.
pub(super) struct Unread<'t> {
    pub(super) text: &'t str,
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    pub(super) issuer: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Issued {
    iss: String,
}

impl<'t> Unread<'t> {
    /// # Errors
    /// Where it is too long, or cannot be a token.
    pub(super) fn of(credential: &'t [u8]) -> Result<Self, Refused> {
        const MALFORMED: Refused = "the token cannot be read";
        if credential.len() > LONGEST {
            return Err("the token is longer than 8 KiB");
        }
        let text = std::str::from_utf8(credential).map_err(|_| MALFORMED)?;
        let mut parts = text.split('.');
        let (header, claims) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let header: Header = decoded(header).ok_or(MALFORMED)?;
        if header.crit.is_some() {
            return Err("the token has extensions that are not known here");
        }
        let algorithm =
            header.alg.parse().map_err(|_| "the token is signed by an algorithm that is not accepted")?;
        let issued: Issued = decoded(claims).ok_or(MALFORMED)?;
        Ok(Self { text, algorithm, key_id: header.kid, issuer: issued.iss })
    }
}

fn decoded<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
