//! Keys at rest: only their SHA-256 is kept, and it is compared in constant time.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use subtle::ConstantTimeEq;

/// The SHA-256 of an API key.
pub(crate) type Digest = [u8; 32];

/// Whom keys stand for, by the digest of the key.
///
/// The first eight bytes pick a bucket: what that reveals is a part of the digest of what the client itself
/// sent. The whole digest is then compared in constant time.
pub(crate) struct KeyTable<T> {
    buckets: HashMap<[u8; 8], Vec<(Digest, T)>>,
}

impl<T> Default for KeyTable<T> {
    fn default() -> Self {
        Self { buckets: HashMap::new() }
    }
}

impl<T> KeyTable<T> {
    /// Adds a key; `false` where this key is there already.
    pub(crate) fn insert(&mut self, digest: Digest, holder: T) -> bool {
        let bucket = self.buckets.entry(prefix(&digest)).or_default();
        let new = bucket.iter().all(|(known, _)| known != &digest);
        if new {
            bucket.push((digest, holder));
        }
        new
    }

    /// Takes a key away that stands for whom `is_meant` says.
    pub(crate) fn remove(&mut self, digest: &Digest, is_meant: impl Fn(&T) -> bool) {
        let Some(bucket) = self.buckets.get_mut(&prefix(digest)) else { return };
        bucket.retain(|(known, holder)| known != digest || !is_meant(holder));
        if bucket.is_empty() {
            self.buckets.remove(&prefix(digest));
        }
    }

    /// All of them, in no order.
    pub(crate) fn holders(&self) -> impl Iterator<Item = &T> {
        self.buckets.values().flatten().map(|(_, holder)| holder)
    }

    /// Whose key this is.
    pub(crate) fn holder(&self, presented: &Digest) -> Option<&T> {
        let bucket = self.buckets.get(&prefix(presented))?;
        let known = bucket.iter().find(|(digest, _)| bool::from(digest.ct_eq(presented)))?;
        Some(&known.1)
    }
}

fn prefix(digest: &Digest) -> [u8; 8] {
    let mut prefix = [0; 8];
    prefix.copy_from_slice(&digest[..8]);
    prefix
}

/// The digest of a key.
pub(crate) fn sha256(key: &[u8]) -> Digest {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, key).as_ref());
    out
}

/// Reads 64 hexadecimal digits.
pub(crate) fn parse_digest(text: &str) -> Option<Digest> {
    let bytes = text.as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(bytes.chunks_exact(2)) {
        *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
    }
    Some(out)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
