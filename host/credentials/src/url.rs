//! Where credentials may be sent.

use std::net::{IpAddr, Ipv4Addr};

use http::Uri;

use crate::CredentialsError;

/// A place that credentials may be sent to: over TLS, or within this machine.
pub(crate) fn safe(what: &str, url: &str) -> Result<String, CredentialsError> {
    check(what, url, is_loopback, "an \"https\" URL, or one of this machine")
}

/// A place that a platform named in the environment: also on the link to its own agent.
pub(crate) fn of_platform(what: &str, url: &str) -> Result<String, CredentialsError> {
    let near = |host: &str| is_loopback(host) || is_link_local(host);
    check(what, url, near, "an \"https\" URL, or one of this machine or its link")
}

/// A place of plain HTTP where `near` knows the host, of https anywhere.
pub(crate) fn check(
    what: &str,
    url: &str,
    near: impl Fn(&str) -> bool,
    must: &str,
) -> Result<String, CredentialsError> {
    let uri = url.parse::<Uri>().ok();
    let fits = uri.as_ref().is_some_and(|uri| match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(host)) => !host.is_empty(),
        (Some("http"), Some(host)) => near(host),
        _ => false,
    });
    let plain = uri.as_ref().and_then(Uri::authority).is_some_and(|part| !part.as_str().contains('@'));
    if fits && plain {
        return Ok(url.to_owned());
    }
    // The URL may carry anything, so only its host is told.
    let host = uri.as_ref().and_then(Uri::host).unwrap_or("without a host").escape_debug().to_string();
    Err(CredentialsError::unfit(format!(
        "{what} leads to \"{host}\", where no credentials are sent; it must be {must}"
    )))
}

/// The address of a host, where it is one.
pub(crate) fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || address(host).is_some_and(|address| address.is_loopback())
}

fn is_link_local(host: &str) -> bool {
    matches!(address(host), Some(IpAddr::V4(v4)) if Ipv4Addr::is_link_local(&v4))
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
