//! Signature version 4: the fields that make a request one of its sender.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{self as sigv4, SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;

use super::Keys;
use crate::{CredentialsError, Signable};

/// Fields that change or end on the way, so that a signature over them would break.
const UNSIGNED: [&str; 15] = [
    "authorization",
    "baggage",
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
];

/// What a signature makes fresh, so that one of before must not be signed.
const OWN: [&str; 3] = ["authorization", "x-amz-date", "x-amz-security-token"];

/// What a signature holds for.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Such as `us-east-1`.
    pub region: &'a str,
    /// Such as `bedrock`.
    pub service: &'a str,
    /// Within five minutes of it.
    pub time: SystemTime,
}

/// The fields to add, in place of those of the same names; every field of the request is signed that no proxy changes. The path
/// is taken as it stands and encoded once more, as all services but S3 want it.
pub fn sign(
    request: &Signable<'_>,
    keys: &Keys,
    scope: &Scope<'_>,
) -> Result<Vec<(HeaderName, HeaderValue)>, CredentialsError> {
    let identity = credentials(keys).into();
    let mut settings = SigningSettings::default();
    settings.excluded_headers = Some(UNSIGNED.into_iter().map(Into::into).collect());
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(scope.time)
        .settings(settings)
        .build()
        .map_err(|_| unfit())?
        .into();
    let signable = signable(request)?;
    let signed = sigv4::sign(signable, &parameters).map_err(|_| unfit())?;
    let (instructions, _) = signed.into_parts();
    instructions.headers().map(|(name, value)| field(name, value)).collect()
}

/// The fields of a request that a signature should cover: what AWS demands, and nothing that somebody may touch.
pub(crate) fn covered(headers: &HeaderMap) -> HeaderMap {
    let is_covered = |name: &HeaderName| *name == header::CONTENT_TYPE || name.as_str().starts_with("x-amz-");
    let fields = headers.iter().filter(|(name, _)| is_covered(name));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn credentials(keys: &Keys) -> Credentials {
    Credentials::new(
        keys.access_key_id.clone(),
        keys.secret_access_key.expose_secret().to_owned(),
        keys.session_token.as_ref().map(|token| token.expose_secret().to_owned()),
        None,
        "tidegate",
    )
}

fn signable<'a>(request: &Signable<'a>) -> Result<SignableRequest<'a>, CredentialsError> {
    let mut headers = Vec::with_capacity(request.headers.len());
    for (name, value) in request.headers {
        if !OWN.contains(&name.as_str()) {
            let text = str::from_utf8(value.as_bytes()).map_err(|_| unsignable(name))?;
            headers.push((name.as_str(), text));
        }
    }
    let body = SignableBody::Bytes(request.body);
    let url = request.url.to_string();
    SignableRequest::new(request.method.as_str(), url, headers.into_iter(), body).map_err(|_| unfit())
}

fn field(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), CredentialsError> {
    let name = HeaderName::try_from(name).map_err(|_| unfit())?;
    let mut value = HeaderValue::try_from(value).map_err(|_| unfit())?;
    value.set_sensitive(name != "x-amz-date");
    Ok((name, value))
}

fn unsignable(name: &HeaderName) -> CredentialsError {
    CredentialsError::unfit(format!(
        "header \"{name}\" cannot be signed: its value is no UTF-8; leave it out"
    ))
}

fn unfit() -> CredentialsError {
    let remedy = "keys and region must be such as AWS gives, without spaces and line ends";
    CredentialsError::unfit(format!("the request cannot be signed with the keys of AWS; {remedy}"))
}
