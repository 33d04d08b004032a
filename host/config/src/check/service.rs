//! Virtual services: unique names, and every host in one of them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::check::{filter, route};
use crate::checked::{AuthMode, VirtualService};
use crate::raw::service as raw;
use crate::scope::At;

pub(crate) fn services(raw: Vec<raw::VirtualService>, at: At<'_>) -> Vec<VirtualService> {
    let mut owners: HashMap<String, Arc<str>> = HashMap::new();
    let mut services: Vec<VirtualService> = Vec::with_capacity(raw.len());
    for (index, raw) in raw.into_iter().enumerate() {
        let at = at.item(index);
        if services.iter().any(|other| *other.name == raw.name) {
            let name = at.key("name").quoted();
            at.key("name").report(format!("another virtual service has the name {name} already"));
        }
        services.push(service(raw, &mut owners, at));
    }
    services
}

fn service(raw: raw::VirtualService, owners: &mut HashMap<String, Arc<str>>, at: At<'_>) -> VirtualService {
    let name: Arc<str> = raw.name.into();
    let auth = match raw.auth {
        raw::Auth::Any => AuthMode::Any,
        raw::Auth::All => AuthMode::All,
    };
    VirtualService {
        hosts: hosts(&raw.hosts, &name, owners, at),
        name,
        filters: filter::filters(raw.filters, at.key("filters")),
        auth,
        routes: route::routes(raw.routes, at.key("routes")),
    }
}

fn hosts(
    raw: &[String],
    service: &Arc<str>,
    owners: &mut HashMap<String, Arc<str>>,
    at: At<'_>,
) -> Vec<String> {
    let mut hosts = Vec::with_capacity(raw.len());
    for (index, text) in raw.iter().enumerate() {
        // Where the file sets no hosts, the problem of the default is reported at the service.
        let at = if at.key("hosts").is_set() { at.key("hosts").item(index) } else { at };
        let Some(host) = host(text, at) else { continue };
        if owners.insert(host.clone(), Arc::clone(service)).is_some() {
            let shown = if at.node().is_some_and(|node| node.text().is_some()) {
                at.quoted()
            } else {
                format!("{host:?}")
            };
            at.report(format!(
                "the host {shown} is listed already; a host belongs to one virtual service, once"
            ));
        }
        hosts.push(host);
    }
    hosts
}

/// A name, `*.` and a name, or `*`; in lower case.
fn host(text: &str, at: At<'_>) -> Option<String> {
    let host = text.to_ascii_lowercase();
    let name = if host == "*" { "a" } else { host.strip_prefix("*.").unwrap_or(&host) };
    if is_name(name) || (name.len() == host.len() && is_ipv6(name)) {
        return Some(host);
    }
    let hint = match text {
        _ if text.contains("://") => "leave the scheme out",
        _ if text.rsplit_once(':').is_some_and(|(name, _)| is_name(&name.to_ascii_lowercase())) => {
            "leave the port out; a host matches on every port"
        }
        _ if text.contains('*') => "\"*\" stands alone, or in front as in \"*.example.com\"",
        _ => "write a name, \"*.example.com\" or \"*\"",
    };
    at.report(format!("{} is not a host; {hint}", at.quoted()));
    None
}

fn is_name(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    text.split('.').all(|label| !label.is_empty() && label.len() <= 63 && label.bytes().all(legal))
}

fn is_ipv6(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
}
