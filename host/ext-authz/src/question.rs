//! From a request to Envoy's `CheckRequest`.

use std::collections::HashMap;
use std::net::IpAddr;

use envoy_types::pb::envoy::config::core::v3::address::Address as Kind;
use envoy_types::pb::envoy::config::core::v3::socket_address::PortSpecifier;
use envoy_types::pb::envoy::config::core::v3::{Address, SocketAddress};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer, Request};
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest};
use tidegate_pipeline::AuthzRequest;

/// The question about a request.
pub(crate) fn of(request: &AuthzRequest<'_>, context: HashMap<String, String>) -> CheckRequest {
    let client = &request.head.client;
    let source = Peer {
        address: Some(address(client.address)),
        principal: principal(client.names).unwrap_or_default().to_owned(),
        ..Peer::default()
    };
    let attributes = AttributeContext {
        source: Some(source),
        request: Some(Request { time: None, http: Some(http(request)) }),
        context_extensions: context,
        ..AttributeContext::default()
    };
    CheckRequest { attributes: Some(attributes) }
}

fn http(request: &AuthzRequest<'_>) -> HttpRequest {
    let head = &request.head;
    let path =
        if head.query.is_empty() { head.path.to_owned() } else { format!("{}?{}", head.path, head.query) };
    HttpRequest {
        id: request.id.to_owned(),
        method: head.method.to_owned(),
        headers: joined(head.headers),
        path,
        host: head.authority.to_owned(),
        scheme: head.scheme.to_owned(),
        size: request.size.and_then(|size| i64::try_from(size).ok()).unwrap_or(-1),
        ..HttpRequest::default()
    }
}

/// One text for each name; what is no UTF-8 cannot be told.
fn joined(fields: &[(&str, &[u8])]) -> HashMap<String, String> {
    let mut joined = HashMap::<String, String>::new();
    for (name, value) in fields {
        let value = String::from_utf8_lossy(value);
        joined
            .entry((*name).to_owned())
            .and_modify(|before| {
                before.push(',');
                before.push_str(&value);
            })
            .or_insert_with(|| value.clone().into_owned());
    }
    joined
}

/// The port is not known here, and 0 where a number must stand.
fn address(address: IpAddr) -> Address {
    let port_specifier = Some(PortSpecifier::PortValue(0));
    let socket = SocketAddress { address: address.to_string(), port_specifier, ..SocketAddress::default() };
    Address { address: Some(Kind::SocketAddress(socket)) }
}

/// Of the names in a certificate the one that Envoy takes: a URI, else a host, else the subject.
fn principal(names: &[String]) -> Option<&str> {
    ["URI:", "DNS:", "subject:"].iter().find_map(|kind| names.iter().find_map(|name| name.strip_prefix(kind)))
}

#[cfg(test)]
#[path = "question_tests.rs"]
mod tests;
