//! Bearer tokens, as the servers of OAuth give them.

use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use crate::call::{Answer, Call};
use crate::{CredentialsError, Lease, Sources};

/// The life of a token whose server does not tell it (RFC 6749 section 5.1 lets it): short, so that an end is met soon.
const UNTOLD: Duration = Duration::from_secs(5 * 60);

/// The answer of a token endpoint; `expires_on` is that of Azure's agents.
#[derive(Deserialize)]
struct Fields {
    access_token: Option<String>,
    expires_in: Option<Value>,
    expires_on: Option<Value>,
}

/// Sends a request for a token, and reads it.
pub(crate) async fn asked(call: Call, sources: &Sources) -> Result<Lease<SecretString>, CredentialsError> {
    issued(&call.ask(sources).await?, sources)
}

/// The token of a good answer.
pub(crate) fn issued(answer: &Answer, sources: &Sources) -> Result<Lease<SecretString>, CredentialsError> {
    let Fields { access_token, expires_in, expires_on } = answer.json()?;
    let token = access_token.filter(|token| !token.is_empty()).ok_or_else(|| answer.lacks("access_token"))?;
    let token = SecretString::from(token);
    let rest = |until: u64| until.saturating_sub(sources.epoch());
    let life = seconds(expires_in.as_ref()).or_else(|| seconds(expires_on.as_ref()).map(rest));
    let life = life.map_or(UNTOLD, Duration::from_secs);
    if life.is_zero() {
        return Err(ended(answer));
    }
    Ok(Lease { value: token, life: Some(life) })
}

/// What is left until a time that an answer names.
pub(crate) fn left(until: &str, answer: &Answer, sources: &Sources) -> Result<Duration, CredentialsError> {
    let end = humantime::parse_rfc3339_weak(until.trim());
    let end = end.map_err(|_| answer.unread("has an expiration that is no time"))?;
    let life = end.duration_since(sources.clock.now()).unwrap_or_default();
    if life.is_zero() { Err(ended(answer)) } else { Ok(life) }
}

/// What was given has already ended.
fn ended(answer: &Answer) -> CredentialsError {
    answer.unread("holds what has already expired by the clock of this machine (check the clock)")
}

/// A number, or a text that holds one, as some servers write it.
fn seconds(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    let number = match value {
        Value::String(text) => text.trim().parse::<f64>().ok(),
        _ => value.as_f64(),
    };
    // Saturates: a negative one is over, an endless one is far.
    number.filter(|number| !number.is_nan()).map(|number| number.min(f64::from(u32::MAX)) as u64)
}

/// What a request carries of a cloud with tokens.
pub(crate) struct Bearer {
    pub(crate) token: SecretString,
    /// The project of Google that is charged, where it is not that of the account.
    pub(crate) project: Option<String>,
}

impl Bearer {
    pub(crate) fn fields(&self) -> Result<Vec<(HeaderName, HeaderValue)>, CredentialsError> {
        let mut fields = vec![(AUTHORIZATION, bearer(&self.token)?)];
        if let Some(project) = &self.project {
            let unfit = |_| {
                CredentialsError::unfit("the quota project has characters that no header field can carry")
            };
            let value = HeaderValue::try_from(project).map_err(unfit)?;
            fields.push((HeaderName::from_static("x-goog-user-project"), value));
        }
        Ok(fields)
    }
}

/// The value of `authorization`.
fn bearer(token: &SecretString) -> Result<HeaderValue, CredentialsError> {
    let unfit =
        |_| CredentialsError::unfit("the token has characters that no header field can carry; replace it");
    let mut value =
        HeaderValue::try_from(format!("Bearer {}", token.expose_secret().trim())).map_err(unfit)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A token that was given, which nothing renews.
pub(crate) fn fixed(token: &SecretString) -> Lease<SecretString> {
    Lease { value: token.clone(), life: None }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
