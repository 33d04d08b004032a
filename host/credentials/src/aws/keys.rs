//! A set of keys.

use std::fmt;

use secrecy::SecretString;
use serde::Deserialize;

use crate::call::Answer;
use crate::{CredentialsError, Lease, Sources, token};

/// What requests to AWS are signed with.
#[derive(Clone)]
pub struct Keys {
    /// Names the keys; no secret, and yet nobody else's business.
    pub access_key_id: String,
    /// Signs.
    pub secret_access_key: SecretString,
    /// Goes along with keys that end.
    pub session_token: Option<SecretString>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys([REDACTED])")
    }
}

/// The answer of a container's or an instance's agent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fields {
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    token: Option<String>,
    expiration: Option<String>,
    /// That of an instance answers with status 200 where it failed, too.
    code: Option<String>,
}

/// Keys that an agent answered with.
pub(crate) fn of_agent(answer: &Answer, sources: &Sources) -> Result<Lease<Keys>, CredentialsError> {
    let fields: Fields = answer.json()?;
    if fields.code.is_some_and(|code| code != "Success") {
        return Err(answer.refusal());
    }
    let given =
        |value: Option<String>, name| value.filter(|text| !text.is_empty()).ok_or_else(|| answer.lacks(name));
    let keys = Keys {
        access_key_id: given(fields.access_key_id, "AccessKeyId")?,
        secret_access_key: given(fields.secret_access_key, "SecretAccessKey")?.into(),
        session_token: fields.token.filter(|text| !text.is_empty()).map(SecretString::from),
    };
    let life = fields.expiration.map(|text| token::left(&text, answer, sources)).transpose()?;
    Ok(Lease { value: keys, life })
}
