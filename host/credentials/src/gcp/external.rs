//! Workload identity federation: the token of another issuer, exchanged at Google's security token service (RFC 8693), and then
//! for one of a service account where the file says so.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::SCOPE;
use crate::call::{Answer, Call};
use crate::encoding::basic;
use crate::{CredentialsError, Lease, Sources, token, url};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The life of a service account's token where the file does not say.
const LIFE: u64 = 3600;

/// A file of the type `external_account`.
#[derive(Deserialize)]
pub(crate) struct ExternalAccount {
    audience: String,
    subject_token_type: String,
    token_url: String,
    credential_source: CredentialSource,
    service_account_impersonation_url: Option<String>,
    service_account_impersonation: Option<Impersonation>,
    client_id: Option<String>,
    client_secret: Option<String>,
    workforce_pool_user_project: Option<String>,
}

/// Where the other issuer's token is.
#[derive(Deserialize)]
struct CredentialSource {
    file: Option<PathBuf>,
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    format: Format,
    environment_id: Option<String>,
}

#[derive(Deserialize, Default)]
struct Format {
    #[serde(rename = "type")]
    kind: Option<String>,
    subject_token_field_name: Option<String>,
}

#[derive(Deserialize)]
struct Impersonation {
    token_lifetime_seconds: Option<u64>,
}

/// A token for what a file holds; `what` names it in errors.
pub(crate) async fn token(
    sources: &Sources,
    account: ExternalAccount,
    what: &str,
) -> Result<Lease<SecretString>, CredentialsError> {
    // Both before anything is sent.
    let tokens = url::safe(&format!("\"token_url\" of {what}"), &account.token_url)?;
    let name = format!("\"service_account_impersonation_url\" of {what}");
    let impersonated =
        account.service_account_impersonation_url.as_deref().map(|text| url::safe(&name, text));
    let impersonated = impersonated.transpose()?;
    let subject = subject_token(sources, &account.credential_source, what).await?;
    let federated = token::asked(exchange(&account, tokens, &subject), sources).await?;
    match impersonated {
        Some(url) => {
            let given = account.service_account_impersonation.and_then(|given| given.token_lifetime_seconds);
            impersonate(sources, url, &federated.value, given.unwrap_or(LIFE)).await
        }
        None => Ok(federated),
    }
}

fn exchange(account: &ExternalAccount, tokens: String, subject: &SecretString) -> Call {
    let project = account.workforce_pool_user_project.as_ref().filter(|_| account.client_id.is_none());
    let options = project.map(|project| json!({"userProject": project}).to_string());
    let mut pairs = vec![
        ("grant_type", GRANT),
        ("audience", account.audience.as_str()),
        ("scope", SCOPE),
        ("requested_token_type", ACCESS_TOKEN),
        ("subject_token_type", &account.subject_token_type),
        ("subject_token", subject.expose_secret()),
    ];
    pairs.extend(options.as_deref().map(|options| ("options", options)));
    let call = Call::form("Google's security token service", tokens, &pairs).hiding(subject);
    match (&account.client_id, &account.client_secret) {
        (Some(id), Some(secret)) => {
            call.secret_field("authorization", &basic(id, secret).into()).hiding(&secret.clone().into())
        }
        _ => call,
    }
}

async fn subject_token(
    sources: &Sources,
    source: &CredentialSource,
    what: &str,
) -> Result<SecretString, CredentialsError> {
    match (&source.file, &source.url) {
        _ if source.environment_id.is_some() => {
            let remedy = "use one of \"file\" or \"url\", or a key";
            Err(CredentialsError::unfit(format!(
                "{what} takes its token from AWS, which is not supported; {remedy}"
            )))
        }
        (Some(file), None) => {
            let text = sources.file(file).await?;
            let name = format!("file \"{}\"", file.display());
            pick(text.expose_secret(), &source.format)
                .map_err(|why| CredentialsError::unfit(format!("{name} {why}")))
        }
        (None, Some(url)) => {
            let answer = from_url(sources, source, url, what).await?;
            pick(answer.text()?, &source.format).map_err(|why| answer.unread(&why))
        }
        _ => {
            let remedy =
                "its \"credential_source\" must have one of \"file\" or \"url\"; programs are not started";
            Err(CredentialsError::unfit(format!(
                "{what} names no place of a token that is supported; {remedy}"
            )))
        }
    }
}

/// The place is often the metadata service of another cloud, so plain HTTP may lead to the link, too.
async fn from_url(
    sources: &Sources,
    source: &CredentialSource,
    url: &str,
    what: &str,
) -> Result<Answer, CredentialsError> {
    let url = url::of_platform(&format!("\"credential_source.url\" of {what}"), url)?;
    let call = Call::get("the issuer of the subject token", url);
    let fields = source.headers.iter();
    let call = fields.fold(call, |call, (name, value)| call.secret_field(name, &value.clone().into()));
    call.ask(sources).await
}

/// The token in a text, or why there is none.
fn pick(text: &str, format: &Format) -> Result<SecretString, String> {
    let found = match format.kind.as_deref() {
        None | Some("text") => Some(text.trim().to_owned()),
        Some("json") => {
            let name = format.subject_token_field_name.as_deref().unwrap_or("access_token");
            let value: Option<Value> = serde_json::from_str(text).ok();
            value.as_ref().and_then(|value| value.get(name)?.as_str()).map(str::to_owned)
        }
        Some(other) => return Err(format!("has the format \"{}\", which is unknown", other.escape_debug())),
    };
    found.filter(|token| !token.is_empty()).map(SecretString::from).ok_or_else(|| "holds no token".to_owned())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Impersonated {
    access_token: Option<String>,
    expire_time: Option<String>,
}

async fn impersonate(
    sources: &Sources,
    url: String,
    token: &SecretString,
    seconds: u64,
) -> Result<Lease<SecretString>, CredentialsError> {
    let body = json!({"scope": [SCOPE], "lifetime": format!("{seconds}s")});
    let bearer = format!("Bearer {}", token.expose_secret()).into();
    let call = Call::json("Google's IAM", url, &body).secret_field("authorization", &bearer).hiding(token);
    let answer = call.ask(sources).await?;
    let Impersonated { access_token, expire_time } = answer.json()?;
    let value = access_token.filter(|token| !token.is_empty()).ok_or_else(|| answer.lacks("accessToken"))?;
    let until = expire_time.ok_or_else(|| answer.lacks("expireTime"))?;
    Ok(Lease { value: value.into(), life: Some(token::left(&until, &answer, sources)?) })
}

#[cfg(test)]
#[path = "external_tests.rs"]
mod tests;
