//! Certificates of clients, which the listener has checked against its authorities.

mod settings;

use tidegate_contract::{Head, ModelNames, Peer};
use tidegate_pipeline::Call;

pub(super) use settings::{MtlsSettings, checked};

use super::keys::Digest;
use super::method::{Asked, Identity, Method, PASS, deny, is_name};

/// The way in by certificate.
pub(super) struct Mtls {
    entries: Vec<Entry>,
}

/// Whose certificates, and who that is.
struct Entry {
    shape: Shape,
    /// Its principal is replaced where `is_named` says so.
    identity: Identity,
    /// Whether the principal is the name that matched.
    is_named: bool,
}

enum Shape {
    /// One certificate, by its SHA-256.
    One(Digest),
    /// A glob of one of its names, with the kind before it: `DNS:*.example.com`.
    Name(ModelNames),
    /// Its whole subject.
    Subject(String),
}

impl Method for Mtls {
    fn ask<'a>(&'a self, _call: Call<'a>, head: Head<'a>) -> Asked<'a> {
        let Some(digest) = head.client.certificate_sha256 else { return PASS };
        let found = self.entries.iter().find_map(|entry| entry.identity(digest, &head.client));
        Asked::Now(match found {
            Some(identity) => identity.allow(),
            None => {
                deny("invalid_certificate", "the certificate of the client is not one that is known here")
            }
        })
    }
}

impl Entry {
    /// Who shows this certificate, where the entry is about it.
    fn identity(&self, digest: &[u8], client: &Peer<'_>) -> Option<Identity> {
        let name = match &self.shape {
            Shape::One(known) => return (known.as_slice() == digest).then(|| self.identity.clone()),
            Shape::Subject(subject) => {
                let shown = client.names.iter().find_map(|name| name.strip_prefix("subject:"));
                return (shown == Some(subject)).then(|| self.identity.clone());
            }
            Shape::Name(glob) => client.names.iter().find(|name| glob.allow(name))?,
        };
        if !self.is_named {
            return Some(self.identity.clone());
        }
        let (_, name) = name.split_once(':')?;
        let mut principal = (*self.identity.principal).clone();
        principal.id = is_name(name).then(|| name.to_owned())?;
        Some(Identity::of(principal))
    }
}

#[cfg(test)]
#[path = "mtls/mtls_tests.rs"]
mod tests;
