use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use envoy_types::pb::envoy::config::core::v3::address::Address as Kind;
use tidegate_contract::{Head, Peer};
use tidegate_pipeline::AuthzRequest;

use super::of;

fn head<'a>(headers: &'a [(&'a str, &'a [u8])], names: &'a [String]) -> Head<'a> {
    let address = IpAddr::from([203, 0, 113, 9]);
    Head {
        method: "POST",
        scheme: "https",
        authority: "api.example:8443",
        path: "/v1/chat/completions",
        query: "a=%20b",
        headers,
        client: Peer { names, ..Peer::at(address) },
        body_sha256: None,
    }
}

#[test]
fn the_question_says_what_is_known_of_the_request() {
    let headers: [(&str, &[u8]); 3] = [("x-a", b"1"), ("authorization", b"Bearer t"), ("x-a", b"2\xff")];
    let names = ["subject:CN=alice", "DNS:alice.example", "URI:spiffe://example/alice"].map(String::from);
    let context = HashMap::from([("gateway".to_owned(), "eu".to_owned())]);
    let deadline = Duration::from_secs(1);
    let request = AuthzRequest { id: "r-1", head: head(&headers, &names), size: Some(12), deadline };
    let said = of(&request, context.clone()).attributes.unwrap();
    let source = said.source.unwrap();
    let Some(Kind::SocketAddress(address)) = source.address.unwrap().address else { panic!("no address") };
    assert_eq!((&*address.address, &*source.principal), ("203.0.113.9", "spiffe://example/alice"));
    assert_eq!(said.context_extensions, context);
    let http = said.request.unwrap().http.unwrap();
    assert_eq!((&*http.id, &*http.method, &*http.scheme), ("r-1", "POST", "https"));
    assert_eq!((&*http.host, &*http.path), ("api.example:8443", "/v1/chat/completions?a=%20b"));
    assert_eq!((http.size, &*http.body, http.raw_body.len()), (12, "", 0));
    let shown = [("x-a", "1,2\u{fffd}"), ("authorization", "Bearer t")];
    assert_eq!(http.headers, shown.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
}

#[test]
fn a_body_of_unknown_size_and_a_client_without_a_certificate_are_told_as_such() {
    let request = AuthzRequest { id: "r", head: head(&[], &[]), size: None, deadline: Duration::ZERO };
    let said = of(&request, HashMap::new()).attributes.unwrap();
    assert_eq!(said.source.unwrap().principal, "");
    assert_eq!(said.request.unwrap().http.unwrap().size, -1);
}
