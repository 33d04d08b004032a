//! Tokens that only their issuer can tell: it is asked about each (RFC 7662), and its answer kept for a while.

mod settings;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tidegate_contract::{AuthVerdict, Head, Header};
use tidegate_pipeline::{Call, HookError, HttpClient, HttpRequest};

pub(super) use settings::{IntrospectionSettings, checked};

use super::cache::{Cache, now};
use super::claims::{Claims, Refused};
use super::credential::Presented;
use super::flights::Flights;
use super::jwt::{ends, refusal};
use super::keys::{Digest, sha256};
use super::method::{Asked, Identity, Method, PASS, ambiguous};

/// No honest token is longer.
const LONGEST: usize = 8 * 1024;

/// How long a no is kept, in seconds: a token may be made known a moment after it was tried.
const LONGEST_NO: u64 = 10;

/// The way in by a token that its issuer is asked about.
pub(super) struct Introspection {
    url: String,
    /// What the gateway identifies itself with, as a field's value.
    credentials: SecretString,
    /// Seconds for which an answer is kept.
    life: u64,
    expected: Expected,
    claims: Claims,
    http: Arc<dyn HttpClient>,
    answers: Cache<Result<Identity, Refused>>,
    flights: Flights,
}

/// Whose tokens are taken, and for whom they must be.
struct Expected {
    issuer: Option<String>,
    audiences: Option<Vec<String>>,
}

impl Method for Introspection {
    fn ask<'a>(&'a self, call: Call<'a>, head: Head<'a>) -> Asked<'a> {
        let token = match Presented::of_scheme(&head, "bearer") {
            Presented::Nothing => return PASS,
            Presented::Ambiguous(field) => return Asked::Now(ambiguous("invalid_token", field)),
            Presented::Key(token) => token.into_owned(),
        };
        if token.is_empty() {
            return Asked::Now(refusal("the token is empty"));
        }
        if token.len() > LONGEST {
            return Asked::Now(refusal("the token is longer than 8 KiB"));
        }
        let digest = self.digest(&token);
        match self.answers.get(&digest, now()) {
            Some(known) => Asked::Now(verdict(known)),
            None => Asked::Later(Box::pin(self.look_up(token, digest, call.context.deadline))),
        }
    }
}

impl Introspection {
    async fn look_up(
        &self,
        token: Vec<u8>,
        digest: Digest,
        deadline: Duration,
    ) -> Result<AuthVerdict, HookError> {
        let _turn = self.flights.turn(digest).await;
        if let Some(known) = self.answers.get(&digest, now()) {
            return Ok(verdict(known));
        }
        let said = self.send(&token, deadline).await?;
        let now = now();
        let judged = self.judge(&said, now);
        let until = match &judged {
            Ok(_) => said.get("exp").map_or(u64::MAX, |_| ends(&said)).min(now + self.life),
            Err(_) => now + self.life.min(LONGEST_NO),
        };
        self.answers.put(digest, judged.clone(), until);
        Ok(verdict(judged))
    }

    async fn send(&self, token: &[u8], deadline: Duration) -> Result<Value, HookError> {
        let field = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
        let request = HttpRequest {
            method: "POST".into(),
            url: self.url.clone(),
            headers: vec![
                field("authorization", self.credentials.expose_secret()),
                field("content-type", "application/x-www-form-urlencoded"),
                field("accept", "application/json"),
            ],
            body: format!("token={}&token_type_hint=access_token", percent_encode(token, NON_ALPHANUMERIC))
                .into(),
            timeout: Some(deadline),
        };
        let failed = |cause: String| HookError::Failed(format!("the introspection server {cause}"));
        let reply = self.http.send(&request).await;
        let reply = reply.map_err(|error| failed(format!("gives no answer: {error}")))?;
        if reply.status != 200 {
            return Err(failed(format!("answers with status {}", reply.status)));
        }
        let said: Option<Value> = serde_json::from_slice(&reply.body).ok();
        let is_answer = |said: &Value| said.get("active").is_some_and(Value::is_boolean);
        said.filter(is_answer).ok_or_else(|| failed("gives an answer without \"active\"".into()))
    }

    fn judge(&self, said: &Value, now: u64) -> Result<Identity, Refused> {
        if said["active"] != Value::Bool(true) {
            return Err("the token is not known to its issuer, or has ended");
        }
        if said.get("exp").is_some() && ends(said) <= now {
            return Err("the token has expired; get a new one");
        }
        self.expected.check(said)?;
        self.claims.identity(said)
    }

    /// Of the whole token and whom it is shown to.
    fn digest(&self, token: &[u8]) -> Digest {
        sha256(&[&self.url.len().to_le_bytes(), self.url.as_bytes(), token].concat())
    }
}

impl Expected {
    fn check(&self, said: &Value) -> Result<(), Refused> {
        let text = |key: &str| said.get(key).and_then(Value::as_str);
        if self.issuer.as_deref().is_some_and(|issuer| text("iss") != Some(issuer)) {
            return Err("the token is of an issuer that is not accepted here");
        }
        let Some(audiences) = &self.audiences else { return Ok(()) };
        let is_ours = |aud: &Value| aud.as_str().is_some_and(|aud| audiences.iter().any(|own| own == aud));
        let fits = match said.get("aud") {
            Some(Value::Array(list)) => list.iter().any(is_ours),
            Some(one) => is_ours(one),
            None => false,
        };
        if fits { Ok(()) } else { Err("the token is for another audience") }
    }
}

fn verdict(judged: Result<Identity, Refused>) -> AuthVerdict {
    judged.map_or_else(refusal, |identity| identity.allow())
}

/// The credentials of a client (RFC 6749 section 2.3.1): both are encoded as in forms before they are joined.
fn credentials(id: &str, secret: &str) -> String {
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}

#[cfg(test)]
#[path = "introspection/introspection_tests.rs"]
mod tests;
