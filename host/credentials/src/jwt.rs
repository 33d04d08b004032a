//! Tokens that the gateway signs itself, to be exchanged for one of a cloud: RS256 with a key from a file.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::CredentialsError;
use crate::encoding::base64url;

/// A key that signs tokens.
pub(crate) struct SigningKey(RsaKeyPair);

impl SigningKey {
    /// The first private key of a PEM text; `what` names where it stands.
    pub(crate) fn from_pem(pem: &SecretString, what: &str) -> Result<Self, CredentialsError> {
        let remedy = "it must hold an RSA key of at least 2048 bits, unencrypted, as PEM";
        let unfit = || CredentialsError::unfit(format!("{what} has no private key that can sign; {remedy}"));
        let key = PrivateKeyDer::from_pem_slice(pem.expose_secret().as_bytes()).map_err(|_| unfit())?;
        let pair = match &key {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => return Err(unfit()),
        };
        pair.map(Self).map_err(|_| unfit())
    }

    /// A signed token (RFC 7515).
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> Result<SecretString, CredentialsError> {
        let part = |value: &Value| base64url(value.to_string().as_bytes());
        let text = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.0.public_modulus_len()];
        let done = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
        done.map_err(|_| CredentialsError::unfit("the private key refuses to sign; replace it"))?;
        Ok(format!("{text}.{}", base64url(&signature)).into())
    }
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
