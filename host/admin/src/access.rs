//! Who may use `/v1`: whoever has the token, or, where there is none, a local program that is no web page.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Uri};
use secrecy::SecretString;

use crate::token::TokenHash;

/// What opens `/v1` of an admin listener.
#[derive(Debug, Clone)]
pub struct Access {
    /// Whether the listener is bound to a loopback address, so that only this machine reaches it.
    pub loopback: bool,
    /// The bearer token. With one, every caller needs it; with none, only a loopback listener is open.
    pub token: Option<SecretString>,
}

/// Why a request to `/v1` is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the admin token is missing or wrong; send \"authorization: Bearer TOKEN\"")]
    Token,
    #[error("this address can be reached from other machines and has no admin token; set \"admin.token\"")]
    Unprotected,
    #[error("the host is not this machine; use localhost, 127.0.0.1 or [::1], or set \"admin.token\"")]
    Host,
    #[error("the origin is not this machine; web pages of others may not use the admin API")]
    Origin,
}

/// The [`Access`] of this moment: a reload may change it while the listener serves.
pub struct LiveAccess(RwLock<Gate>);

impl LiveAccess {
    /// Begins with `access`.
    pub fn new(access: Access) -> Arc<Self> {
        Arc::new(Self(RwLock::new(access.into())))
    }

    /// Requests from now on are held against `access`.
    pub fn change(&self, access: Access) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = access.into();
    }

    pub(crate) fn admit(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refused> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).admit(uri, headers)
    }
}

/// [`Access`], ready to be asked.
pub(crate) struct Gate {
    loopback: bool,
    token: Option<TokenHash>,
}

impl From<Access> for Gate {
    fn from(access: Access) -> Self {
        Self { loopback: access.loopback, token: access.token.as_ref().map(TokenHash::of) }
    }
}

impl Gate {
    /// Without a token, Host and Origin must be local too: a web page can make a browser on this machine send
    /// requests, also to its own name once that resolves to 127.0.0.1 (DNS rebinding).
    pub(crate) fn admit(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refused> {
        if let Some(token) = &self.token {
            let presented = bearer(headers).ok_or(Refused::Token)?;
            return if token.matches(presented) { Ok(()) } else { Err(Refused::Token) };
        }
        if !self.loopback {
            return Err(Refused::Unprotected);
        }
        if !uri.authority().is_none_or(is_local) || !only(headers, HOST).is_some_and(is_local_host) {
            return Err(Refused::Host);
        }
        if headers.contains_key(ORIGIN) && !only(headers, ORIGIN).is_some_and(is_local_origin) {
            return Err(Refused::Origin);
        }
        Ok(())
    }
}

/// The token of the one `authorization` field; an empty one is none.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = only(headers, AUTHORIZATION)?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The value of a field that occurs once and is text.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn is_local_host(host: &str) -> bool {
    host.parse().is_ok_and(|authority| is_local(&authority))
}

fn is_local_origin(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some_and(is_local)
}

fn is_local(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
