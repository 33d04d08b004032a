//! The hook.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tidegate_plugin::{Auth, Context, Head, Plugin, Result, Subscription, Value, deny, grant, kv, pass};

use crate::check::{check, good_until};
use crate::config::{CONTENT_DIGEST, Config, Key};
use crate::signature::{Refused, Signature, signatures};

/// The plugin, configured.
#[derive(Debug)]
pub struct HmacAuth {
    config: Config,
}

#[tidegate_plugin::plugin]
impl Plugin for HmacAuth {
    fn configure(config: Value) -> Result<Self> {
        Ok(Self { config: Config::read(&config)? })
    }

    fn subscribe(&self, wants: Subscription) -> Subscription {
        wants.body_digest()
    }

    fn authenticate(&self, _ctx: &Context, head: &Head) -> Result<Auth> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let now = i64::try_from(now)?;
        let body = head.body_sha256.as_deref().ok_or("the gateway gave no digest of the body")?;
        match self.find(head, body, now) {
            Ok(None) => Ok(pass()),
            Ok(Some((signature, key))) => self.accept(&signature, key, now),
            Err(refused) => Ok(refuse(refused)),
        }
    }
}

impl HmacAuth {
    /// The first good signature, and whose it is; none where the request has no signature at all.
    fn find(
        &self,
        head: &Head,
        body: &[u8],
        now: i64,
    ) -> std::result::Result<Option<(Signature, &Key)>, Refused> {
        let Some(signatures) = signatures(head)? else { return Ok(None) };
        let mut refused = None;
        for signature in signatures {
            match check(&self.config, &signature, head, body, now) {
                Ok(key) => return Ok(Some((signature, key))),
                Err(problem) => refused = refused.or(Some(problem)),
            }
        }
        refused.map_or(Ok(None), Err)
    }

    /// Lets the signer in, where the nonce was not used before. The fields of the signature end here: what is sent on may
    /// be changed on its way.
    fn accept(&self, signature: &Signature, key: &Key, now: i64) -> Result<Auth> {
        if !self.is_fresh(signature, now)? {
            return Ok(refuse("the nonce of the signature was used before; sign the request anew".into()));
        }
        let granted = grant(&key.principal);
        let granted = key.tenant.iter().fold(granted, |granted, tenant| granted.tenant(tenant));
        let fields = ["signature", "signature-input", CONTENT_DIGEST];
        Ok(fields.into_iter().fold(granted, Auth::remove_header))
    }

    /// Whether the nonce comes for the first time. It is kept for as long as the signature is good; of two requests at once
    /// one is the first.
    fn is_fresh(&self, signature: &Signature, now: i64) -> Result<bool> {
        let Some(nonce) = &signature.nonce else { return Ok(true) };
        let left = good_until(&self.config, signature).saturating_sub(now).saturating_add(1);
        let ttl = u64::try_from(left)?.saturating_mul(1000);
        match kv::set(&name_of(&signature.key_id, nonce), b"", Some(ttl), Some(0)) {
            Ok(version) => Ok(version.is_some()),
            Err(error) => Err(format!("the nonce cannot be kept: {error:?}").into()),
        }
    }
}

/// Of one length, whatever the client sends, and another one for each pair.
fn name_of(key_id: &str, nonce: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(key_id.len().to_le_bytes());
    hash.update(key_id);
    hash.update(nonce);
    format!("nonce-{}", URL_SAFE_NO_PAD.encode(hash.finalize()))
}

fn refuse(reason: Refused) -> Auth {
    deny(401, "invalid_signature", reason)
}

#[cfg(test)]
#[path = "plugin_tests.rs"]
mod tests;
