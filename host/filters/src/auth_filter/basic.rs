//! Names and passwords (RFC 7617), kept as argon2id hashes.

mod settings;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tidegate_contract::{AuthVerdict, Head, Header, Refusal};
use tidegate_pipeline::{Call, HookError};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

pub(super) use settings::{BasicSettings, checked};

use super::cache::{Cache, now};
use super::credential::Presented;
use super::keys::Digest;
use super::method::{Asked, Identity, Method, PASS, ambiguous, challenge};

const CODE: &str = "invalid_password";
const CHALLENGE: &str = "Basic realm=\"tidegate\", charset=\"UTF-8\"";

/// A name and a password are no longer than that together, as they are sent.
const LONGEST: usize = 1024;

/// How long a pair that was good is good without another look, in seconds.
const REMEMBERED: u64 = 60;

/// Passwords that are checked at once: each costs megabytes and milliseconds, which is what they are for.
const AT_ONCE: usize = 2;

/// The way in by name and password.
pub(super) struct Basic {
    users: HashMap<String, User>,
    /// Their names in a fixed order, to take one's hash for whom there is not.
    names: Vec<String>,
    /// Of this process, so that nothing outside of it can look up what was good.
    key: hmac::Key,
    good: Arc<Cache<Identity>>,
    checks: Arc<Semaphore>,
}

/// Someone with a password.
struct User {
    hash: Arc<PasswordHash>,
    identity: Identity,
}

impl Method for Basic {
    fn ask<'a>(&'a self, call: Call<'a>, head: Head<'a>) -> Asked<'a> {
        let sent = match Presented::of_scheme(&head, "basic") {
            Presented::Nothing => return PASS,
            Presented::Ambiguous(field) => return Asked::Now(ambiguous(CODE, field)),
            Presented::Key(sent) => sent,
        };
        let Some((name, password)) = pair(&sent) else {
            return Asked::Now(refusal("the name and the password cannot be read"));
        };
        let digest = self.digest(&name, &password);
        if let Some(identity) = self.good.get(&digest, now()) {
            return Asked::Now(identity.allow());
        }
        Asked::Later(Box::pin(self.check(name, password, digest, call.context.deadline * 3 / 4)))
    }
}

impl Basic {
    async fn check(
        &self,
        name: String,
        password: Vec<u8>,
        digest: Digest,
        patience: Duration,
    ) -> Result<AuthVerdict, HookError> {
        let user = self.users.get(&name);
        let Some(hash) = user.or_else(|| self.stand_in(&name)).map(|user| Arc::clone(&user.hash)) else {
            return Ok(wrong());
        };
        let (checks, good) = (Arc::clone(&self.checks), Arc::clone(&self.good));
        let identity = user.map(|user| user.identity.clone());
        let check = async move {
            let turn = checks.acquire_owned().await.map_err(|_| HookError::Panicked)?;
            // It goes on when nobody waits any more, so that who comes again finds what it found.
            let checked = spawn_blocking(move || {
                let is_right = is_password(&password, &hash);
                let identity = identity.filter(|_| is_right);
                if let Some(identity) = &identity {
                    good.put(digest, identity.clone(), now() + REMEMBERED);
                }
                drop(turn);
                identity
            });
            checked.await.map_err(|_| HookError::Panicked)
        };
        // Waiting in vain is nobody's failure: who floods a gateway with passwords must not shut out all others.
        let Ok(checked) = timeout(patience, check).await else { return Ok(busy()) };
        Ok(checked?.map_or_else(wrong, |identity| identity.allow()))
    }

    /// A user whose hash is checked for a name that there is not, always the same one for a name: so neither what a check
    /// costs nor whether that changes tells which names there are.
    fn stand_in(&self, name: &str) -> Option<&User> {
        let tag = hmac::sign(&self.key, name.as_bytes());
        let number =
            tag.as_ref().iter().take(4).fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
        let at = number.checked_rem(self.names.len())?;
        self.users.get(&self.names[at])
    }

    fn digest(&self, name: &str, password: &[u8]) -> Digest {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&name.len().to_le_bytes());
        context.update(name.as_bytes());
        context.update(password);
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }
}

/// A name, which has no colon, and a password.
fn pair(sent: &[u8]) -> Option<(String, Vec<u8>)> {
    let decoded = (sent.len() <= LONGEST).then(|| STANDARD.decode(sent).ok()).flatten()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let (name, password) = decoded.split_at(colon);
    let name = std::str::from_utf8(name).ok()?.to_owned();
    // An empty password is nobody's, whatever was hashed.
    password.get(1..).filter(|password| !password.is_empty()).map(|password| (name, password.to_vec()))
}

/// In a time that does not tell how much of it is right.
fn is_password(password: &[u8], hash: &PasswordHash) -> bool {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default());
    argon2.verify_password(password, hash).is_ok()
}

fn wrong() -> AuthVerdict {
    refusal("the name or the password is wrong")
}

fn refusal(message: &str) -> AuthVerdict {
    challenge(CODE, message, CHALLENGE)
}

fn busy() -> AuthVerdict {
    let message = "too many passwords are being checked; try again in a moment";
    let later = Header { name: "retry-after".into(), value: b"1".to_vec() };
    AuthVerdict::Deny(Refusal { headers: vec![later], ..Refusal::new(503, "busy", message) })
}

#[cfg(test)]
#[path = "basic/basic_tests.rs"]
mod tests;
