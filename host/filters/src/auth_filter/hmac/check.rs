//! Whether a signature is good.

use aws_lc_rs::hmac;
use sfv::{BareItem, Item, ListEntry};
use tidegate_contract::Head;

use super::base::signature_base;
use super::signature::{Refused, Signature, dictionary};
use super::{CONTENT_DIGEST, Hmac, Key};
use crate::auth_filter::keys::sha256;

/// Signed with in place of a key that there is not, so that an unknown key takes as long as a wrong signature.
const NOBODYS: &[u8] = b"the key of nobody, whose signature is never accepted";

/// Who signed, where the signature is good at the time `now` (seconds since 1970) for the body with that digest.
///
/// What depends on no key is checked first; after that there is one answer for all that is wrong.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check<'a>(
    config: &'a Hmac,
    signature: &Signature,
    head: &Head<'_>,
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
    let nobodys = hmac::Key::new(hmac::HMAC_SHA256, NOBODYS);
    // In a time that does not tell how much of it is right.
    let is_good = hmac::verify(key.map_or(&nobodys, |key| &key.secret), &base, &signature.mac).is_ok();
    key.filter(|_| is_good).ok_or_else(|| "the signature is not one of a key that is known here".into())
}

/// Until when a signature is good, in seconds since 1970.
pub(super) fn good_until(config: &Hmac, signature: &Signature) -> i64 {
    signature.created.saturating_add(config.max_age).saturating_add(config.clock_skew)
}

fn check_times(config: &Hmac, signature: &Signature, now: i64) -> Result<(), Refused> {
    if signature.created > now.saturating_add(config.clock_skew) {
        return Err("the signature was created in the future; check the clock".into());
    }
    let expired = signature.expires.is_some_and(|expires| expires.saturating_add(config.clock_skew) <= now);
    if expired || good_until(config, signature) < now {
        return Err("the signature has expired; sign the request anew".into());
    }
    Ok(())
}

fn check_coverage(config: &Hmac, signature: &Signature, body: &[u8]) -> Result<(), Refused> {
    let is_asked = |name: &&String| *name != CONTENT_DIGEST || body != sha256(b"");
    let mut asked = config.components.iter().filter(is_asked);
    match asked.find(|name| !signature.components.contains(name)) {
        Some(missing) => Err(format!("the signature must cover \"{missing}\"").into()),
        None => Ok(()),
    }
}

fn check_digest(head: &Head<'_>, body: &[u8]) -> Result<(), Refused> {
    let digests = dictionary(head, CONTENT_DIGEST)?.unwrap_or_default();
    match digests.get("sha-256") {
        Some(ListEntry::Item(Item { bare_item: BareItem::ByteSequence(digest), .. })) if digest == body => {
            Ok(())
        }
        Some(_) => Err("the field \"content-digest\" has another \"sha-256\" than the body".into()),
        None => Err("the field \"content-digest\" must have a \"sha-256\"".into()),
    }
}
