//! Requests signed with a shared key: HTTP Message Signatures (RFC 9421) with `hmac-sha256`, as the plugin hmac-auth takes
//! them.

mod base;
mod check;
mod settings;
mod signature;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tidegate_contract::{AuthVerdict, Grant, Head, HeaderEdit};
use tidegate_pipeline::{Call, HookError, KeyValue};

pub(super) use settings::{HmacSettings, checked};

use check::{check, good_until};
use signature::{Refused, Signature, signatures};

use super::cache::now;
use super::keys::sha256;
use super::method::{Asked, Identity, Method, PASS, deny};

/// The field that carries the digest of the body (RFC 9530).
const CONTENT_DIGEST: &str = "content-digest";

/// The way in by signature. Times are seconds.
pub(super) struct Hmac {
    keys: HashMap<String, Key>,
    components: Vec<String>,
    max_age: i64,
    clock_skew: i64,
    needs_nonce: bool,
    nonces: Arc<dyn KeyValue>,
}

/// Who signs with a key.
struct Key {
    secret: hmac::Key,
    identity: Identity,
}

impl Method for Hmac {
    fn ask<'a>(&'a self, _call: Call<'a>, head: Head<'a>) -> Asked<'a> {
        let now = i64::try_from(now()).unwrap_or(i64::MAX);
        match self.find(&head, now) {
            Ok(None) => PASS,
            Ok(Some((signature, key))) => Asked::Later(Box::pin(self.accept(signature, key, now))),
            Err(refused) => Asked::Now(refuse(&refused)),
        }
    }
}

impl Hmac {
    /// The first good signature, and whose it is; none where the request has no signature at all.
    fn find(&self, head: &Head<'_>, now: i64) -> Result<Option<(Signature, &Key)>, Refused> {
        let Some(signatures) = signatures(head)? else { return Ok(None) };
        let body = head.body_sha256.unwrap_or_default();
        let mut refused = None;
        for signature in signatures {
            match check(self, &signature, head, body, now) {
                Ok(key) => return Ok(Some((signature, key))),
                Err(problem) => refused = refused.or(Some(problem)),
            }
        }
        refused.map_or(Ok(None), Err)
    }

    /// Lets the signer in, where the nonce was not used before. The fields of the signature end here: what is sent on may
    /// be changed on its way.
    async fn accept(&self, signature: Signature, key: &Key, now: i64) -> Result<AuthVerdict, HookError> {
        if !self.is_fresh(&signature, now).await? {
            return Ok(refuse("the nonce of the signature was used before; sign the request anew"));
        }
        let ended = ["signature", "signature-input", CONTENT_DIGEST];
        Ok(AuthVerdict::Allow(Grant {
            principal: Arc::clone(&key.identity.principal),
            headers: ended.map(|name| HeaderEdit::Remove(name.into())).into(),
        }))
    }

    /// Whether the nonce comes for the first time. It is kept for as long as the signature is good; of two requests at once
    /// one is the first.
    async fn is_fresh(&self, signature: &Signature, now: i64) -> Result<bool, HookError> {
        let Some(nonce) = &signature.nonce else { return Ok(true) };
        let left = good_until(self, signature).saturating_sub(now).saturating_add(1);
        let ttl = Duration::from_secs(u64::try_from(left).unwrap_or(1));
        let name = name_of(&signature.key_id, nonce);
        let first = self.nonces.set(&name, bytes::Bytes::new(), Some(ttl), Some(0)).await;
        let kept = first.map_err(|error| HookError::Failed(format!("the nonce cannot be kept: {error}")))?;
        Ok(kept.is_some())
    }
}

/// Of one length, whatever the client sends, and another one for each pair.
fn name_of(key_id: &str, nonce: &str) -> String {
    let pair = [&key_id.len().to_le_bytes(), key_id.as_bytes(), nonce.as_bytes()].concat();
    format!("auth_filter\u{1f}nonce\u{1f}{}", URL_SAFE_NO_PAD.encode(sha256(&pair)))
}

fn refuse(reason: &str) -> AuthVerdict {
    deny("invalid_signature", reason)
}

#[cfg(test)]
#[path = "hmac/hmac_tests.rs"]
mod tests;
