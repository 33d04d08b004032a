//! Whether a signature is good.

use hmac::{Hmac, KeyInit, Mac};
use sfv::{BareItem, Item, ListEntry};
use sha2::Sha256;
use tidegate_plugin::Head;

use crate::base::signature_base;
use crate::config::{CONTENT_DIGEST, Config, Key};
use crate::signature::{Refused, Signature, dictionary};

/// The SHA-256 of nothing.
const OF_NOTHING: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// Signed with in place of a key that there is not, so that an unknown key takes as long as a wrong signature.
const NOBODYS: &[u8] = b"the key of nobody, whose signature is never accepted";

/// Who signed, where the signature is good at the time `now` (seconds since 1970) for the body with that digest.
///
/// What depends on no key is checked first; after that there is one answer for all that is wrong.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check<'a>(
    config: &'a Config,
    signature: &Signature,
    head: &Head,
    body: &[u8],
    now: i64,
) -> Result<&'a Key, Refused> {
    check_times(config, signature, now)?;
    if config.needs_nonce && signature.nonce.is_none() {
        return Err("the signature has no \"nonce\"".into());
    }
    check_coverage(config, signature, body)?;
    if signature.components.iter().any(|name| name == CONTENT_DIGEST) {
        check_digest(head, body)?;
    }
    let base = signature_base(signature, head)?;
    let key = config.keys.get(&signature.key_id);
    let is_good = is_mac(key.map_or(NOBODYS, |key| &key.secret), &base, &signature.mac);
    key.filter(|_| is_good).ok_or_else(|| "the signature is not one of a key that is known here".into())
}

/// Until when a signature is good, in seconds since 1970.
pub(crate) fn good_until(config: &Config, signature: &Signature) -> i64 {
    signature.created.saturating_add(config.max_age).saturating_add(config.clock_skew)
}

fn check_times(config: &Config, signature: &Signature, now: i64) -> Result<(), Refused> {
    if signature.created > now.saturating_add(config.clock_skew) {
        return Err("the signature was created in the future; check the clock".into());
    }
    let expired = signature.expires.is_some_and(|expires| expires.saturating_add(config.clock_skew) <= now);
    if expired || good_until(config, signature) < now {
        return Err("the signature has expired; sign the request anew".into());
    }
    Ok(())
}

fn check_coverage(config: &Config, signature: &Signature, body: &[u8]) -> Result<(), Refused> {
    let is_asked = |name: &&String| *name != CONTENT_DIGEST || body != OF_NOTHING;
    let mut asked = config.components.iter().filter(is_asked);
    match asked.find(|name| !signature.components.contains(name)) {
        Some(missing) => Err(format!("the signature must cover \"{missing}\"").into()),
        None => Ok(()),
    }
}

fn check_digest(head: &Head, body: &[u8]) -> Result<(), Refused> {
    let digests = dictionary(head, CONTENT_DIGEST)?.unwrap_or_default();
    match digests.get("sha-256") {
        Some(ListEntry::Item(Item { bare_item: BareItem::ByteSequence(digest), .. })) if digest == body => {
            Ok(())
        }
        Some(_) => Err("the field \"content-digest\" has another \"sha-256\" than the body".into()),
        None => Err("the field \"content-digest\" must have a \"sha-256\"".into()),
    }
}

/// In a time that does not tell how much of it is right.
fn is_mac(secret: &[u8], base: &[u8], mac: &[u8]) -> bool {
    // Keys of any length are good.
    let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
    hmac.update(base);
    hmac.verify_slice(mac).is_ok()
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
