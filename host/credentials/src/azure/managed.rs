//! The identity that Azure gave to the machine: the agent of App Service and its kin, or the metadata service.

use std::time::Duration;

use secrecy::SecretString;

use crate::call::Call;
use crate::encoding::form;
use crate::{CredentialsError, Lease, Sources, Why, token, url};

const ENDPOINT: &str = "IDENTITY_ENDPOINT";
const HEADER: &str = "IDENTITY_HEADER";

/// The agent asks Microsoft Entra in its turn.
const TIME: Duration = Duration::from_secs(10);

/// Where nobody may be there at all.
const PROBE: Duration = Duration::from_secs(2);

/// A token of the machine's identity.
pub(crate) async fn token(
    sources: &Sources,
    client_id: Option<&str>,
    scope: &str,
) -> Result<Lease<SecretString>, CredentialsError> {
    token::asked(call(sources, client_id, scope)?.within(TIME), sources).await
}

/// The same in a chain: outside of Azure there is nobody to answer.
pub(crate) async fn token_if_any(
    sources: &Sources,
    client_id: Option<&str>,
    scope: &str,
) -> Result<Lease<SecretString>, CredentialsError> {
    if sources.var(ENDPOINT).is_some() {
        return token(sources, client_id, scope).await;
    }
    let answer = call(sources, client_id, scope)?.within(PROBE).send(sources).await;
    let answer = answer.map_err(|error| match error.why() {
        Why::Unreachable => CredentialsError::absent(error.to_string()),
        _ => error,
    })?;
    match answer.status() {
        _ if answer.is_good() => token::issued(&answer, sources),
        // So the service says that the machine has no such identity; other clouds have another service there.
        400 | 403 | 404 | 405 => Err(CredentialsError::absent(answer.refusal().to_string())),
        _ => Err(answer.refusal()),
    }
}

fn call(sources: &Sources, client_id: Option<&str>, scope: &str) -> Result<Call, CredentialsError> {
    let resource = scope.strip_suffix("/.default").unwrap_or(scope);
    let query = |version| {
        let mut pairs = vec![("api-version", version), ("resource", resource)];
        pairs.extend(client_id.map(|id| ("client_id", id)));
        form(&pairs)
    };
    let Some(endpoint) = sources.var(ENDPOINT) else {
        let url = format!("{}/metadata/identity/oauth2/token?{}", metadata(sources)?, query("2018-02-01"));
        return Ok(Call::get("Azure's metadata service", url).field("metadata", "true"));
    };
    let endpoint = url::of_platform(&format!("\"{ENDPOINT}\""), &endpoint)?;
    let header = sources.needed(HEADER, ENDPOINT)?.into();
    let call = Call::get("the platform's agent", format!("{endpoint}?{}", query("2019-08-01")));
    Ok(call.secret_field("x-identity-header", &header))
}

/// Where the metadata service is; the variable is the one by which Azure's own tools are sent elsewhere.
fn metadata(sources: &Sources) -> Result<String, CredentialsError> {
    const OTHER: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
    let Some(other) = sources.var(OTHER) else { return Ok("http://169.254.169.254".to_owned()) };
    // Nothing of value is sent there, and the operator named it.
    let url = url::check(&format!("\"{OTHER}\""), &other, |_| true, "an \"http\" or \"https\" URL")?;
    Ok(url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
#[path = "managed_tests.rs"]
mod tests;
