//! JSON web tokens (RFC 7519), checked with the public keys of whoever issues them.

mod keys;
mod remote;
mod settings;
mod token;

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::Value;
use tidegate_contract::{AuthVerdict, Head};
use tidegate_pipeline::{Call, HookError};

use keys::KeySet;
use remote::Remote;
use token::Unread;

pub(super) use settings::{ProviderSettings, checked};
pub(super) use token::looks_like_one;

use super::cache::{Cache, now};
use super::claims::{Claims, Refused};
use super::credential::Presented;
use super::keys::{Digest, sha256};
use super::method::{Asked, Identity, Method, PASS, ambiguous, challenge};

const CODE: &str = "invalid_token";

/// RFC 6750 section 3.
pub(super) const CHALLENGE: &str = "Bearer error=\"invalid_token\"";

/// The ways in by token, one an issuer.
pub(super) struct Jwt {
    providers: Vec<Provider>,
}

/// Someone who issues tokens, and what is asked of them.
struct Provider {
    issuer: String,
    audiences: Vec<String>,
    algorithms: Vec<Algorithm>,
    /// Seconds by which clocks may differ.
    leeway: u64,
    keys: KeySource,
    claims: Claims,
    verified: Cache<Verified>,
}

enum KeySource {
    Fixed(Arc<KeySet>),
    Remote(Arc<Remote>),
}

/// What a good token came to, and the keys by which it was good.
#[derive(Clone)]
struct Verified {
    identity: Identity,
    keys: Digest,
}

impl Method for Jwt {
    fn ask<'a>(&'a self, call: Call<'a>, head: Head<'a>) -> Asked<'a> {
        match Presented::of_scheme(&head, "bearer") {
            Presented::Ambiguous(field) => Asked::Now(ambiguous(CODE, field)),
            Presented::Key(token) if looks_like_one(&token) => Asked::Later(Box::pin(async move {
                // Half of the time, so that who waits in vain is still told why.
                let judged = self.judge(&token, call.context.deadline / 2).await?;
                Ok(judged.map_or_else(refusal, |identity| identity.allow()))
            })),
            Presented::Nothing | Presented::Key(_) => PASS,
        }
    }
}

/// A 401 that says why a token is not accepted.
pub(super) fn refusal(refused: Refused) -> AuthVerdict {
    challenge(CODE, refused, CHALLENGE)
}

impl Jwt {
    async fn judge(&self, token: &[u8], patience: Duration) -> Result<Result<Identity, Refused>, HookError> {
        let unread = match Unread::of(token) {
            Ok(unread) => unread,
            Err(refused) => return Ok(Err(refused)),
        };
        match self.providers.iter().find(|provider| provider.issuer == unread.issuer) {
            Some(provider) => provider.judge(&unread, patience).await,
            None => Ok(Err("the token is of an issuer that is not accepted here")),
        }
    }
}

impl Provider {
    async fn judge(
        &self,
        token: &Unread<'_>,
        patience: Duration,
    ) -> Result<Result<Identity, Refused>, HookError> {
        if !self.algorithms.contains(&token.algorithm) {
            return Ok(Err("the token is signed by an algorithm that is not accepted"));
        }
        let keys = self.keys(token, patience).await?;
        let digest = self.digest(token);
        let known = self.verified.get(&digest, now()).filter(|verified| verified.keys == *keys.digest());
        if let Some(verified) = known {
            return Ok(Ok(verified.identity));
        }
        let judged =
            self.claims(token, &keys).and_then(|claims| Ok((self.claims.identity(&claims)?, claims)));
        Ok(judged.map(|(identity, claims)| {
            let verified = Verified { identity: identity.clone(), keys: *keys.digest() };
            self.verified.put(digest, verified, ends(&claims).saturating_add(self.leeway));
            identity
        }))
    }

    async fn keys(&self, token: &Unread<'_>, patience: Duration) -> Result<Arc<KeySet>, HookError> {
        match &self.keys {
            KeySource::Fixed(keys) => Ok(Arc::clone(keys)),
            KeySource::Remote(remote) => {
                let fits = |keys: &KeySet| candidates(keys, token).next().is_some();
                remote.search(fits, patience).await
            }
        }
    }

    /// Of the whole token and its issuer, so that no other has it.
    fn digest(&self, token: &Unread<'_>) -> Digest {
        let issuer = self.issuer.as_bytes();
        sha256(&[&issuer.len().to_le_bytes(), issuer, token.text.as_bytes()].concat())
    }

    /// The claims of a token that is good.
    fn claims(&self, token: &Unread<'_>, keys: &KeySet) -> Result<Value, Refused> {
        let validation = self.validation(token.algorithm);
        let mut refused = "the token is signed by a key that its issuer does not have";
        for key in candidates(keys, token) {
            match decode::<Value>(token.text, key, &validation) {
                Ok(decoded) => return Ok(decoded.claims),
                Err(error) => refused = told(&error),
            }
        }
        Err(refused)
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.leeway = self.leeway;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.issuer]);
        let mut required = vec!["exp", "iss"];
        if self.audiences.is_empty() {
            validation.validate_aud = false;
        } else {
            validation.set_audience(&self.audiences);
            required.push("aud");
        }
        validation.set_required_spec_claims(&required);
        validation
    }
}

fn candidates<'k>(keys: &'k KeySet, token: &'k Unread<'_>) -> impl Iterator<Item = &'k DecodingKey> {
    keys.candidates(token.key_id.as_deref(), token.algorithm)
}

/// The second at which claims end; at once where they do not say.
pub(super) fn ends(claims: &Value) -> u64 {
    let ends = claims.get("exp");
    let fraction = |ends: &Value| ends.as_f64().filter(|ends| *ends >= 0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "beyond the ends it saturates"
    )]
    let whole = |ends: f64| ends as u64;
    ends.and_then(|ends| ends.as_u64().or_else(|| fraction(ends).map(whole))).unwrap_or(0)
}

fn told(error: &Error) -> Refused {
    match error.kind() {
        ErrorKind::ExpiredSignature => "the token has expired; get a new one",
        ErrorKind::ImmatureSignature => "the token is not good yet; check the clock",
        ErrorKind::InvalidAudience => "the token is for another audience",
        ErrorKind::MissingRequiredClaim(_) => {
            "the token lacks one of the claims \"exp\", \"iss\" and \"aud\""
        }
        ErrorKind::InvalidSignature => "the signature of the token is not good",
        _ => "the token cannot be accepted",
    }
}

#[cfg(test)]
#[path = "jwt/jwt_tests.rs"]
mod tests;
