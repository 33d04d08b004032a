//! The files that Google gives, by their `type`.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{SCOPE, external};
use crate::call::Call;
use crate::jwt::SigningKey;
use crate::{CredentialsError, Lease, Sources, token, url};

const SERVER: &str = "Google's token server";

const TOKENS: &str = "https://oauth2.googleapis.com/token";

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The longest life that Google takes for a token that a key signed.
const LIFE: u64 = 3600;

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: Option<String>,
    quota_project_id: Option<String>,
}

/// The key of an account.
#[derive(Deserialize)]
struct ServiceAccount {
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: Option<String>,
}

/// What remains of a person's login.
#[derive(Deserialize)]
struct AuthorizedUser {
    client_id: String,
    client_secret: String,
    refresh_token: String,
    token_uri: Option<String>,
}

/// A token for what a file holds; `what` names it in errors.
pub(crate) async fn token(
    sources: &Sources,
    text: &SecretString,
    what: &str,
) -> Result<Lease<SecretString>, CredentialsError> {
    let Kind { kind, .. } = read(text, what)?;
    match kind.as_deref() {
        Some("service_account") => service_account(sources, read(text, what)?, what).await,
        Some("authorized_user") => authorized_user(sources, read(text, what)?, what).await,
        Some("external_account") => external::token(sources, read(text, what)?, what).await,
        other => {
            let kind = other.unwrap_or("nothing").escape_debug();
            let remedy = "use one of \"service_account\", \"authorized_user\" or \"external_account\"";
            Err(CredentialsError::unfit(format!(
                "{what} has the type \"{kind}\", which is not supported; {remedy}"
            )))
        }
    }
}

/// The project that a file wants to be charged.
pub(crate) fn project(text: &SecretString, what: &str) -> Result<Option<String>, CredentialsError> {
    let Kind { quota_project_id, .. } = read(text, what)?;
    Ok(quota_project_id.filter(|project| !project.is_empty()))
}

/// The reader's own words are not told, since they quote what they read.
fn read<T: DeserializeOwned>(text: &SecretString, what: &str) -> Result<T, CredentialsError> {
    serde_json::from_str(text.expose_secret()).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let remedy = "download it anew";
        CredentialsError::unfit(format!("{what} cannot be read or lacks a field ({place}); {remedy}"))
    })
}

async fn service_account(
    sources: &Sources,
    account: ServiceAccount,
    what: &str,
) -> Result<Lease<SecretString>, CredentialsError> {
    let tokens = endpoint(account.token_uri, what)?;
    let key = SigningKey::from_pem(&account.private_key.into(), what)?;
    let now = sources.epoch();
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let Some(id) = account.private_key_id {
        header["kid"] = id.into();
    }
    let claims = json!({
        "iss": account.client_email,
        "scope": SCOPE,
        "aud": tokens,
        "iat": now,
        "exp": now + LIFE,
    });
    let assertion = key.sign(&header, &claims)?;
    let pairs = [("grant_type", GRANT), ("assertion", assertion.expose_secret())];
    token::asked(Call::form(SERVER, tokens, &pairs).hiding(&assertion), sources).await
}

async fn authorized_user(
    sources: &Sources,
    user: AuthorizedUser,
    what: &str,
) -> Result<Lease<SecretString>, CredentialsError> {
    let tokens = endpoint(user.token_uri, what)?;
    let (secret, refresh) = (SecretString::from(user.client_secret), SecretString::from(user.refresh_token));
    let pairs = [
        ("grant_type", "refresh_token"),
        ("client_id", &user.client_id),
        ("client_secret", secret.expose_secret()),
        ("refresh_token", refresh.expose_secret()),
    ];
    token::asked(Call::form(SERVER, tokens, &pairs).hiding(&secret).hiding(&refresh), sources).await
}

fn endpoint(given: Option<String>, what: &str) -> Result<String, CredentialsError> {
    match given {
        Some(given) => url::safe(&format!("\"token_uri\" of {what}"), &given),
        None => Ok(TOKENS.to_owned()),
    }
}
