//! Signs requests to AWS (Signature Version 4): who asks is known by a key, and nobody can change what is asked.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{self, SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4::SigningParams;
use http::{HeaderName, HeaderValue};

/// A request as it is sent. Not shown by `Debug`: it is somebody's conversation.
#[derive(Clone, Copy)]
pub(crate) struct Signable<'a> {
    pub(crate) method: &'a str,
    /// The path and the query, percent-encoded.
    pub(crate) target: &'a str,
    /// The field `host`.
    pub(crate) host: &'a str,
    /// Other fields to sign; what proxies in between may change does not belong here.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

/// Whose key signs. Not shown by `Debug`: it is a secret.
#[derive(Clone, Copy)]
pub(crate) struct Signer<'a> {
    pub(crate) access_key: &'a str,
    pub(crate) secret: &'a str,
    /// Of keys that are only lent.
    pub(crate) session_token: Option<&'a str>,
}

/// Where the signature holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) region: &'a str,
    /// `bedrock`, also for the runtime.
    pub(crate) service: &'a str,
    pub(crate) time: SystemTime,
}

/// A request that cannot be signed, such as one with a field that no HTTP knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the request cannot be signed: {0}")]
pub(crate) struct Unsignable(String);

fn unsignable(error: impl std::error::Error) -> Unsignable {
    // The cause behind it names the field.
    let cause = error.source().map(ToString::to_string);
    Unsignable(cause.unwrap_or_else(|| error.to_string()))
}

/// The fields to add to the head of the request.
///
/// # Errors
/// Where a part of it is none of HTTP.
pub(crate) fn sign(
    request: Signable<'_>,
    signer: Signer<'_>,
    scope: Scope<'_>,
) -> Result<Vec<(HeaderName, HeaderValue)>, Unsignable> {
    let token = signer.session_token.map(str::to_owned);
    let identity = Credentials::new(signer.access_key, signer.secret, token, None, "tidegate").into();
    // As every service but S3 has it: the path is encoded once more, and brought to its shortest form.
    let params = SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(scope.time)
        .settings(SigningSettings::default())
        .build()
        .map_err(unsignable)?
        .into();
    let Signable { method, target, host, headers, body } = request;
    // The host as it is sent: one derived from an address would lose its port.
    let headers = std::iter::once(("host", host)).chain(headers.iter().copied());
    let address = format!("https://{host}{target}");
    let signable = SignableRequest::new(method, address, headers, SignableBody::Bytes(body));
    let signed = http_request::sign(signable.map_err(unsignable)?, &params).map_err(unsignable)?;
    let (instructions, _) = signed.into_parts();
    instructions.headers().map(|(name, value)| field(name, value)).collect()
}

/// Neither the signature nor the token of a key is for a log.
fn field(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Unsignable> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(unsignable)?;
    let mut value = HeaderValue::from_str(value).map_err(unsignable)?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
#[path = "sign_tests.rs"]
mod tests;
