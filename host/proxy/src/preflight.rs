//! What an HTTP library lets through and a gateway must not: heads that two readers could read differently.

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, Method, Uri, Version};

use crate::fault::Fault;
use crate::path::{normalise, with_plain_model};

/// What a request names, read once; everything after this reads nothing else.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Host and port as sent, without user information.
    pub(crate) authority: String,
    /// The normalised path.
    pub(crate) path: String,
    /// Without its `?`; empty where there is none.
    pub(crate) query: String,
}

impl Target {
    /// The host in lower case, without port and without the final dot of a name that is fully written out: what
    /// virtual services match.
    pub(crate) fn host(&self) -> String {
        without_final_dot(host_of(&self.authority)).to_ascii_lowercase()
    }
}

/// Refuses an ambiguous head, and reads the target of the others.
pub(crate) fn check(parts: &Parts) -> Result<Target, Fault> {
    if parts.method == Method::CONNECT {
        return Err(Fault::Method(Method::CONNECT));
    }
    check_framing(&parts.headers)?;
    let authority = authority(&parts.uri, &parts.headers, parts.version)?;
    let path = normalise(&with_plain_model(&parts.method, parts.uri.path()))?.into_owned();
    let query = parts.uri.query().unwrap_or_default();
    if query.contains('#') || query.bytes().any(|byte| byte <= b' ' || byte >= 0x7f) {
        return Err(Fault::Malformed("the query has a character that must be percent-encoded"));
    }
    Ok(Target { authority: authority.to_owned(), path, query: query.to_owned() })
}

/// RFC 9112 §6: exactly `chunked`, once, and no length beside it.
fn check_framing(headers: &HeaderMap) -> Result<(), Fault> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(()) };
    if codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return Err(Fault::Malformed("\"transfer-encoding\" must be exactly \"chunked\""));
    }
    if headers.contains_key(CONTENT_LENGTH) {
        return Err(Fault::Malformed("\"content-length\" and \"transfer-encoding\" exclude each other"));
    }
    Ok(())
}

fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap, version: Version) -> Result<&'a str, Fault> {
    let in_uri = uri.authority().map(http::uri::Authority::as_str);
    let in_host = host_field(headers)?;
    let authority = match (in_uri, in_host) {
        (Some(uri), Some(host)) if !uri.eq_ignore_ascii_case(host) => {
            return Err(Fault::Malformed("the request target and \"host\" name different authorities"));
        }
        (Some(_), None) if version < Version::HTTP_2 => {
            return Err(Fault::Malformed("the request has no \"host\""));
        }
        (Some(authority), _) | (None, Some(authority)) => authority,
        (None, None) => return Err(Fault::Malformed("the request has no \"host\"")),
    };
    if is_authority(authority) {
        Ok(authority)
    } else {
        Err(Fault::Malformed("\"host\" is no legal authority"))
    }
}

fn host_field(headers: &HeaderMap) -> Result<Option<&str>, Fault> {
    let mut hosts = headers.get_all(HOST).iter();
    let first = hosts.next();
    if hosts.next().is_some() {
        return Err(Fault::Malformed("the request has more than one \"host\""));
    }
    first
        .map(http::HeaderValue::to_str)
        .transpose()
        .map_err(|_| Fault::Malformed("\"host\" is no legal authority"))
}

/// RFC 3986 §3.2 without user information: a name, an IPv4 or bracketed IPv6 address, and perhaps a port.
fn is_authority(authority: &str) -> bool {
    let host = host_of(authority);
    let port = authority[host.len()..].strip_prefix(':').unwrap_or_default();
    let well_split = host.len() == authority.len() || authority[host.len()..].starts_with(':');
    let legal_host = match host.strip_prefix('[') {
        Some(address) => {
            address.strip_suffix(']').is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok())
        }
        None => {
            !without_final_dot(host).is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        }
    };
    well_split && legal_host && (port.is_empty() || port.parse::<u16>().is_ok_and(|_| !port.starts_with('+')))
}

fn host_of(authority: &str) -> &str {
    let end = if authority.starts_with('[') {
        authority.find(']').map(|bracket| bracket + 1)
    } else {
        authority.find(':')
    };
    &authority[..end.unwrap_or(authority.len())]
}

/// RFC 1034 §3.1: `a.example.` is `a.example`, so it must not be another host to the rules.
fn without_final_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
#[path = "preflight_tests.rs"]
mod tests;
