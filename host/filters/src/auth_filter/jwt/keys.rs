//! The public keys of an issuer (RFC 7517).

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::super::keys::{Digest, sha256};

/// Keys that are read of one set, and keys that one token is tried with where it names none.
const MOST_KEYS: usize = 100;
const MOST_TRIED: usize = 8;

/// The keys of an issuer that can sign tokens.
pub(crate) struct KeySet {
    keys: Vec<Key>,
    /// Of the document: whatever was found out by other keys does not hold.
    digest: Digest,
}

struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl KeySet {
    /// The keys of a document. Those of other kinds, such as shared secrets and keys to encrypt with, are passed over.
    ///
    /// # Errors
    /// Where no key is left.
    pub(crate) fn read(document: &Value) -> Result<Self, &'static str> {
        let list = document.get("keys").and_then(Value::as_array).ok_or("it has no list \"keys\"")?;
        let keys: Vec<Key> = list.iter().take(MOST_KEYS).filter_map(Key::read).collect();
        if keys.is_empty() {
            return Err("it has no public key that tokens can be checked with");
        }
        Ok(Self { keys, digest: sha256(document.to_string().as_bytes()) })
    }

    pub(super) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The keys that may have signed a token: of its name, and made for its algorithm.
    pub(super) fn candidates<'k>(
        &'k self,
        id: Option<&'k str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'k DecodingKey> {
        let is_named = self.keys.iter().any(|key| key.id.as_deref() == id);
        // A set without names has one key, or leaves it to trying.
        let name = if is_named { id } else { None };
        let fits = move |key: &&Key| {
            key.algorithms.contains(&algorithm) && (id.is_none() || key.id.as_deref() == name)
        };
        self.keys.iter().filter(fits).map(|key| &key.key).take(MOST_TRIED)
    }
}

impl Key {
    fn read(value: &Value) -> Option<Self> {
        let jwk = Jwk::deserialize(value).ok()?;
        let usable = jwk.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
        let verifies =
            jwk.common.key_operations.as_ref().is_none_or(|may| may.contains(&KeyOperations::Verify));
        let mut algorithms = algorithms(&jwk.algorithm);
        if let Some(only) = &jwk.common.key_algorithm {
            let only = only.to_string().parse::<Algorithm>().ok();
            algorithms.retain(|algorithm| Some(*algorithm) == only);
        }
        if !usable || !verifies || algorithms.is_empty() {
            return None;
        }
        Some(Self { id: jwk.common.key_id.clone(), algorithms, key: DecodingKey::from_jwk(&jwk).ok()? })
    }
}

/// By the kind of key alone: what the token says of its algorithm never makes a key into something else.
fn algorithms(parameters: &AlgorithmParameters) -> Vec<Algorithm> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match parameters {
        AlgorithmParameters::RSA(_) => vec![RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => vec![ES256],
            EllipticCurve::P384 => vec![ES384],
            _ => Vec::new(),
        },
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => vec![EdDSA],
        _ => Vec::new(),
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
