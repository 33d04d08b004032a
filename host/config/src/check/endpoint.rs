//! The endpoint of a cluster: scheme, authority and base path, nothing else.

use http::Uri;

use crate::checked::Endpoint;
use crate::node::Node;
use crate::scope::At;

/// Reads an endpoint.
pub(crate) fn endpoint(text: &str, at: At<'_>) -> Option<Endpoint> {
    parse(text).map_err(|message| at.report(format!("\"endpoint\" {message}"))).ok()
}

/// An endpoint that ends in the prefix would send `/v1/v1/…`.
pub(crate) fn prefix_twice(endpoint: &Endpoint, prefix: &str, at: At<'_>) {
    let Some(shorter) = endpoint.base_path.strip_suffix(prefix).filter(|_| !prefix.is_empty()) else {
        return;
    };
    let interpolated = [at.key("endpoint"), at.key("path_prefix")].into_iter().filter_map(At::node);
    let hint = match shorter {
        _ if interpolated.into_iter().any(Node::is_interpolated) => "shorten it".to_owned(),
        "" => format!("leave {prefix:?} out"),
        _ => format!("end it with {shorter:?}"),
    };
    at.key("endpoint")
        .report(format!("\"endpoint\" ends in the path prefix, which follows by itself; {hint}"));
}

pub(super) fn parse(text: &str) -> Result<Endpoint, String> {
    let tls = match text.split_once("://") {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => true,
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => false,
        Some(_) => return Err("must begin with \"https://\" or \"http://\"".to_owned()),
        None => return Err("has no scheme; begin it with \"https://\" or \"http://\"".to_owned()),
    };
    if text.contains(['?', '#']) {
        return Err("must not have a query or a fragment; end it before \"?\" or \"#\"".to_owned());
    }
    let uri: Uri =
        text.parse().map_err(|_| "is not a URL; write it as \"https://api.example.com\"".to_owned())?;
    let authority = uri.authority().ok_or("has no host")?;
    if authority.as_str().contains('@') {
        return Err("must not hold a user or a password; use \"credentials\"".to_owned());
    }
    Ok(Endpoint {
        tls,
        host: host(authority.host()).ok_or("has no valid host")?,
        port: port(authority, tls)?,
        base_path: base_path(uri.path())?,
    })
}

fn host(text: &str) -> Option<String> {
    if let Some(inner) = text.strip_prefix('[') {
        let address: std::net::Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
        return Some(address.to_string());
    }
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (!text.is_empty() && text.bytes().all(legal)).then(|| text.to_ascii_lowercase())
}

fn port(authority: &http::uri::Authority, tls: bool) -> Result<u16, String> {
    let after_host = authority.as_str().get(authority.host().len()..).unwrap_or_default();
    match (after_host, authority.port_u16()) {
        ("", _) => Ok(if tls { 443 } else { 80 }),
        (_, Some(port)) if port > 0 => Ok(port),
        _ => Err("has no valid port; use a number from 1 to 65535".to_owned()),
    }
}

fn base_path(path: &str) -> Result<String, String> {
    let path = path.trim_end_matches('/');
    let plain = path.split('/').skip(1).all(|part| !matches!(part, "" | "." | ".."));
    if plain {
        Ok(path.to_owned())
    } else {
        Err("has a path with \"//\", \".\" or \"..\"; write it out".to_owned())
    }
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
