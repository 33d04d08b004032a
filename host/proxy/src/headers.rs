//! Which fields cross the gateway, and which end here.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{self, HeaderName, HeaderValue};
use tidegate_contract::Header;

/// Edits of a cluster or backend, parsed once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edits {
    set: Vec<(HeaderName, HeaderValue)>,
    add: Vec<(HeaderName, HeaderValue)>,
    remove: Vec<HeaderName>,
}

impl Edits {
    /// Takes what the configuration checked; a name or value that is no legal field is left out there already.
    pub(crate) fn new(edits: &tidegate_config::checked::HeaderEdits) -> Self {
        Self {
            set: edits.set.iter().filter_map(field).collect(),
            add: edits.add.iter().filter_map(field).collect(),
            remove: edits.remove.iter().filter_map(|name| name.parse().ok()).collect(),
        }
    }

    /// Applies them in the order remove, set, add.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        for name in &self.remove {
            headers.remove(name);
        }
        for (name, value) in &self.set {
            headers.insert(name.clone(), value.clone());
        }
        for (name, value) in &self.add {
            headers.append(name.clone(), value.clone());
        }
    }
}

fn field((name, value): &(String, String)) -> Option<(HeaderName, HeaderValue)> {
    Some((name.parse().ok()?, HeaderValue::from_str(value).ok()?))
}

/// The media type of a body, without its parameters and in lower case; empty where the head names none.
pub(crate) fn media_type(headers: &HeaderMap) -> Cow<'_, str> {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = named.split(';').next().unwrap_or_default().trim();
    if essence.bytes().any(|byte| byte.is_ascii_uppercase()) {
        essence.to_ascii_lowercase().into()
    } else {
        essence.into()
    }
}

/// The media type of a stream of events.
pub(crate) const EVENT_STREAM: &str = "text/event-stream";

/// Whether a body is compressed, so that nothing can be read of it as it is.
pub(crate) fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity")
}

/// Adds fields that a filter gave; what is no legal field is left out.
pub(crate) fn add_fields(fields: &[Header], headers: &mut HeaderMap) {
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&field.value)) {
            headers.append(name, value);
        }
    }
}

/// Removes what a client's request must not carry to a provider: hop-by-hop fields (RFC 9110 §7.6.1), the
/// client's credentials and cookies, and claims about where it comes from that nobody vouched for.
pub(crate) fn strip_request(headers: &mut HeaderMap) {
    strip(headers, ends_here);
}

/// Removes from an answer what is between the upstream and this gateway only.
pub(crate) fn strip_answer(headers: &mut HeaderMap) {
    // RFC 9112 §6.3: the length is the framing's; with both present a client could read it either way.
    if headers.contains_key(header::TRANSFER_ENCODING) {
        headers.remove(header::CONTENT_LENGTH);
    }
    strip(headers, |name| {
        // `alt-svc` would send the next request round the gateway.
        is_hop_by_hop(name) || name == header::ALT_SVC || name.as_str().starts_with("x-tidegate-")
    });
}

fn strip(headers: &mut HeaderMap, ends_here: impl Fn(&HeaderName) -> bool) {
    let mut doomed: Vec<HeaderName> = headers.keys().filter(|name| ends_here(name)).cloned().collect();
    doomed.extend(named_by_connection(headers));
    for name in doomed {
        headers.remove(name);
    }
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(header::CONNECTION).iter();
    let options = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    options.filter_map(|option| option.trim().parse().ok()).collect()
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-authentication-info"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

fn ends_here(name: &HeaderName) -> bool {
    let text = name.as_str();
    is_hop_by_hop(name)
        || matches!(
            text,
            "host"
                | "authorization"
                | "x-api-key"
                | "api-key"
                | "x-goog-api-key"
                | "x-amz-date"
                | "x-amz-security-token"
                | "x-amz-content-sha256"
                | "cookie"
                | "content-length"
                | "expect"
                | "forwarded"
                | "x-real-ip"
        )
        || text.starts_with("x-forwarded-")
        || text.starts_with("x-tidegate-")
}

/// The query without the parameters that carry a credential (`key=`).
pub(crate) fn strip_query(query: &str) -> String {
    let kept = query.split('&').filter(|pair| !pair.starts_with("key=") && *pair != "key");
    kept.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod tests;
