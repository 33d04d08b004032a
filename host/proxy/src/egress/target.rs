//! Where a request of a plugin goes, and the request itself: read from what the plugin gave, refused where two readers could
//! take it differently.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::Full;
use tidegate_contract::Header;
use tidegate_pipeline::{HttpRequest, NoAnswer};

/// Fields of a head, either way.
pub(crate) const MAX_FIELDS: usize = 100;

/// The longest name of DNS, in its text form.
const MAX_NAME: usize = 253;

/// The longest part of a name.
const MAX_LABEL: usize = 63;

/// A host as it is named in a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    /// An address, in the one notation that everybody reads alike.
    Literal(IpAddr),
    /// A name, in lower case.
    Name(String),
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) https: bool,
    pub(crate) host: Host,
    pub(crate) port: u16,
}

impl Target {
    /// Reads a URL.
    pub(crate) fn of(uri: &Uri) -> Result<Self, NoAnswer> {
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(denied("the URL must be http or https")),
        };
        let authority = uri.authority().ok_or_else(|| denied("the URL names no host"))?;
        let text = authority.as_str();
        if text.contains('@') {
            return Err(denied("the URL must be without user information"));
        }
        let host = Host::parse(&authority.host().to_ascii_lowercase())?;
        let port = match text.strip_prefix(authority.host()) {
            Some("") => Some(if https { 443 } else { 80 }),
            Some(rest) => rest.strip_prefix(':').and_then(port),
            None => None,
        };
        let port = port.ok_or_else(|| denied("the URL has a port that is no number from 1 to 65535"))?;
        Ok(Self { https, host, port })
    }

    /// The value of `host`: without the port where it is that of the scheme.
    fn authority(&self) -> Result<HeaderValue, NoAnswer> {
        let usual = if self.https { 443 } else { 80 };
        let text =
            if self.port == usual { self.host.to_string() } else { format!("{}:{}", self.host, self.port) };
        HeaderValue::try_from(text).map_err(|_| denied("the URL names a host that no field can carry"))
    }
}

fn port(text: &str) -> Option<u16> {
    // `parse` would take a sign.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
}

impl Host {
    fn parse(text: &str) -> Result<Self, NoAnswer> {
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let address = inner.parse::<Ipv6Addr>();
            return match address {
                Ok(address) => Ok(Self::Literal(address.into())),
                Err(_) => {
                    Err(denied(&format!("host \"{text}\" is no IPv6 address; zones are not supported")))
                }
            };
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Literal(address.into()));
        }
        let labels = || text.split('.');
        if labels().next_back().is_some_and(is_number) {
            let remedy = "write an IPv4 address as four decimal numbers without leading zeros";
            return Err(denied(&format!("host \"{text}\" ends in a number and is no address; {remedy}")));
        }
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_label = |label: &str| (1..=MAX_LABEL).contains(&label.len()) && label.bytes().all(legal);
        if text.len() > MAX_NAME || !labels().all(is_label) {
            return Err(denied(&format!(
                "host \"{text}\" is no name of letters, digits, \"-\", \"_\" and \".\""
            )));
        }
        Ok(Self::Name(text.to_owned()))
    }
}

/// What resolvers take for the last part of an IPv4 address: decimal, octal or hexadecimal (the URL standard, section 3.5).
fn is_number(label: &str) -> bool {
    match label.strip_prefix("0x") {
        Some(rest) => rest.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Literal(IpAddr::V4(address)) => address.fmt(f),
            Self::Literal(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// The request as it goes on the wire, and where to.
pub(crate) fn outgoing(request: &HttpRequest) -> Result<(Target, Request<Full<Bytes>>), NoAnswer> {
    let uri: Uri = request.url.parse().map_err(|_| denied("the URL cannot be read"))?;
    let target = Target::of(&uri)?;
    let mut made = Request::new(Full::new(Bytes::copy_from_slice(&request.body)));
    *made.method_mut() = method(&request.method)?;
    *made.uri_mut() = path(&uri)?;
    *made.headers_mut() = fields(&request.headers)?;
    made.headers_mut().insert(header::HOST, target.authority()?);
    Ok((target, made))
}

/// Origin form (RFC 9112 section 3.2.1).
fn path(uri: &Uri) -> Result<Uri, NoAnswer> {
    let text = uri.query().map_or_else(|| uri.path().to_owned(), |query| format!("{}?{query}", uri.path()));
    Uri::builder().path_and_query(text).build().map_err(|_| denied("the URL has a path that cannot be read"))
}

fn method(text: &str) -> Result<Method, NoAnswer> {
    let method = Method::from_bytes(text.as_bytes()).ok();
    let method = method.filter(|_| !text.bytes().any(|byte| byte.is_ascii_lowercase()));
    match method {
        Some(Method::CONNECT | Method::TRACE) => {
            Err(denied(&format!("method \"{text}\" is not for plugins")))
        }
        Some(method) => Ok(method),
        None => Err(denied(&format!("method \"{}\" is no method in upper case", text.escape_debug()))),
    }
}

fn fields(given: &[Header]) -> Result<HeaderMap, NoAnswer> {
    if given.len() > MAX_FIELDS {
        return Err(denied(&format!("a request has at most {MAX_FIELDS} header fields")));
    }
    let mut fields = HeaderMap::with_capacity(given.len() + 1);
    for Header { name, value } in given {
        let shown = name.escape_debug();
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(denied(&format!("header \"{shown}\" has a name that HTTP does not allow")));
        };
        if is_ours(&name) {
            return Err(denied(&format!("header \"{shown}\" is written by the gateway; leave it out")));
        }
        let value = HeaderValue::from_bytes(value);
        let value =
            value.map_err(|_| denied(&format!("header \"{shown}\" has a value that HTTP does not allow")))?;
        fields.append(name, value);
    }
    Ok(fields)
}

/// What belongs to the connection or frames the message.
fn is_ours(name: &HeaderName) -> bool {
    is_hop_by_hop(name) || [header::HOST, header::CONTENT_LENGTH, header::EXPECT].contains(name)
}

/// What ends with the connection (RFC 9110 section 7.6.1).
pub(crate) fn is_hop_by_hop(name: &HeaderName) -> bool {
    let known = [header::CONNECTION, header::TE, header::TRAILER, header::TRANSFER_ENCODING, header::UPGRADE]
        .contains(name);
    known || name == "keep-alive" || name.as_str().starts_with("proxy-")
}

pub(crate) fn denied(text: &str) -> NoAnswer {
    NoAnswer::Denied(text.to_owned())
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
