//! Keys that the metadata service of an instance gives, by its second version: a token first, which no forwarded request gets.

use std::time::Duration;

use secrecy::SecretString;

use super::Keys;
use super::keys::of_agent;
use crate::call::{Answer, Call};
use crate::{CredentialsError, Lease, Sources, Why, url};

const SERVER: &str = "the instance's metadata service";

/// It is on the same machine, or it is not there at all.
const TIME: Duration = Duration::from_secs(1);

const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// Asks the metadata service for the keys of the instance's role.
pub(crate) async fn keys(sources: &Sources) -> Result<Lease<Keys>, CredentialsError> {
    const OFF: &str = "AWS_EC2_METADATA_DISABLED";
    if sources.is_on(OFF) {
        return Err(CredentialsError::absent(format!("\"{OFF}\" is \"true\"")));
    }
    let base = endpoint(sources)?;
    let token = session(sources, &base).await?;
    let role = role(sources, &base, &token).await?;
    let answer = ask(sources, format!("{base}{ROLES}{role}"), &token).await?;
    if answer.is_good() { of_agent(&answer, sources) } else { Err(answer.refusal()) }
}

fn endpoint(sources: &Sources) -> Result<String, CredentialsError> {
    const OTHER: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
    let is_v6 = |mode: String| mode.eq_ignore_ascii_case("ipv6");
    if let Some(other) = sources.var(OTHER) {
        // Nothing of value is sent there, and the operator named it.
        let url = url::check(&format!("\"{OTHER}\""), &other, |_| true, "an \"http\" or \"https\" URL")?;
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let v6 = sources.var("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").is_some_and(is_v6);
    Ok(if v6 { "http://[fd00:ec2::254]" } else { "http://169.254.169.254" }.to_owned())
}

async fn session(sources: &Sources, base: &str) -> Result<SecretString, CredentialsError> {
    let call = Call::new(SERVER, "PUT", format!("{base}/latest/api/token")).within(TIME);
    let call = call.field("x-aws-ec2-metadata-token-ttl-seconds", "21600");
    let answer = call.send(sources).await.map_err(|error| elsewhere(&error))?;
    match answer.status() {
        403..=405 => Err(CredentialsError::absent(format!("{}; it is turned off here", answer.refusal()))),
        _ if answer.is_good() => Ok(answer.text()?.trim().into()),
        _ => Err(answer.refusal()),
    }
}

/// Outside of AWS there is nobody to answer.
fn elsewhere(error: &CredentialsError) -> CredentialsError {
    let hint = "within a container, the instance's hop limit for it must be 2";
    match error.why() {
        Why::Unreachable => CredentialsError::absent(format!("{error}; {hint}")),
        _ => error.clone(),
    }
}

async fn role(sources: &Sources, base: &str, token: &SecretString) -> Result<String, CredentialsError> {
    let answer = ask(sources, format!("{base}{ROLES}"), token).await?;
    if answer.status() == 404 {
        return Err(CredentialsError::absent("the instance has no role"));
    }
    if !answer.is_good() {
        return Err(answer.refusal());
    }
    let name = answer.text()?.lines().next().unwrap_or_default().trim();
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    match name {
        "" => Err(CredentialsError::absent("the instance has no role")),
        _ if name.bytes().all(legal) => Ok(name.to_owned()),
        _ => Err(answer.unread("is no name of a role")),
    }
}

async fn ask(sources: &Sources, url: String, token: &SecretString) -> Result<Answer, CredentialsError> {
    Call::get(SERVER, url).secret_field("x-aws-ec2-metadata-token", token).within(TIME).send(sources).await
}

#[cfg(test)]
#[path = "imds_tests.rs"]
mod tests;
