//! The admin token: made where none is configured, and compared without telling how much of a guess is right.

use std::fmt::Write;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("cannot make an admin token: {0}; set \"admin.token\"")]
pub struct TokenError(#[from] getrandom::Error);

/// A token of 256 random bits in hexadecimal, for an admin address that others can reach and that has none.
pub fn generated_token() -> Result<SecretString, TokenError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    let text = bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    Ok(text.into())
}

/// The SHA-256 of the configured token.
#[derive(Clone)]
pub(crate) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(crate) fn of(token: &SecretString) -> Self {
        Self(Sha256::digest(token.expose_secret()).into())
    }

    /// Both sides are hashed, so that the time tells neither the length nor the first difference.
    pub(crate) fn matches(&self, presented: &str) -> bool {
        let presented: [u8; 32] = Sha256::digest(presented).into();
        self.0.ct_eq(&presented).into()
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
