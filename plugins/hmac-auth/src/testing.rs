//! Requests to test with, and who signs them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use tidegate_plugin::{Head, Header, Peer};

use crate::base::signature_base;
use crate::signature::signatures;

pub(crate) const SECRET: &str = "a secret of some length";
pub(crate) const BODY: &[u8] = br#"{"hello": "world"}"#;
/// What most tests cover.
pub(crate) const ALL: &str = r#""@method" "@path" "@query" "content-digest""#;

/// The request of RFC 9421 appendix B.2, with these further fields.
pub(crate) fn request(fields: &[(&str, &str)]) -> Head {
    let own = [
        ("host", "example.com"),
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("content-type", "application/json"),
        ("content-length", "18"),
    ];
    let fields = own.iter().chain(fields);
    Head {
        method: "POST".into(),
        scheme: "http".into(),
        authority: "example.com".into(),
        path: "/foo".into(),
        query: "param=Value&Pet=dog".into(),
        headers: fields
            .map(|(name, value)| Header { name: (*name).into(), value: (*value).into() })
            .collect(),
        client: Peer { address: "127.0.0.1".into(), certificate_sha256: None, names: Vec::new() },
        body_sha256: Some(digest(BODY)),
    }
}

pub(crate) fn digest(body: &[u8]) -> Vec<u8> {
    Sha256::digest(body).to_vec()
}

/// The request with the digest of its body, signed with [`SECRET`]; `params` is what stands behind the components.
pub(crate) fn signed(covered: &str, params: &str) -> Head {
    let content_digest = format!("sha-256=:{}:", STANDARD.encode(digest(BODY)));
    sign(request(&[("content-digest", &content_digest)]), covered, params)
}

pub(crate) fn sign(mut head: Head, covered: &str, params: &str) -> Head {
    let mut add =
        |name: &str, value: String| head.headers.push(Header { name: name.into(), value: value.into() });
    add("signature-input", format!("a=({covered}){params}"));
    add("signature", "a=:AAAA:".into());
    let base = signature_base(&signatures(&head).unwrap().unwrap()[0], &head).unwrap();
    let mut hmac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    hmac.update(&base);
    let mac = format!("a=:{}:", STANDARD.encode(hmac.finalize().into_bytes()));
    head.headers.pop();
    head.headers.push(Header { name: "signature".into(), value: mac.into() });
    head
}

/// Replaces the value of a field.
pub(crate) fn with(mut head: Head, name: &str, value: &str) -> Head {
    for field in head.headers.iter_mut().filter(|field| field.name == name) {
        field.value = value.into();
    }
    head
}
