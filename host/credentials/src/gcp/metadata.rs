//! The account that Google gave to the machine, asked of its metadata server.

use std::time::Duration;

use http::Uri;
use http::uri::Authority;
use secrecy::SecretString;

use super::SCOPE;
use crate::call::Call;
use crate::encoding::form;
use crate::{CredentialsError, Lease, Sources, Why, token};

const SERVER: &str = "Google's metadata server";

const FLAVOR: (&str, &str) = ("metadata-flavor", "Google");

/// That of GKE asks another server in its turn.
const TIME: Duration = Duration::from_secs(5);

/// A token of the machine's account.
pub(crate) async fn token(sources: &Sources) -> Result<Lease<SecretString>, CredentialsError> {
    let call = Call::get(SERVER, place(sources)?).field(FLAVOR.0, FLAVOR.1).within(TIME);
    let answer = call.send(sources).await?;
    // Whoever else answers at that address is no metadata server.
    if answer.header(FLAVOR.0) != Some(FLAVOR.1.as_bytes()) {
        return Err(CredentialsError::absent("who answers as Google's metadata server is none"));
    }
    match answer.status() {
        404 => Err(CredentialsError::absent("the machine has no account")),
        _ if answer.is_good() => token::issued(&answer, sources),
        _ => Err(answer.refusal()),
    }
}

/// The same in a chain: outside of Google there is nobody to answer.
pub(crate) async fn token_if_any(sources: &Sources) -> Result<Lease<SecretString>, CredentialsError> {
    token(sources).await.map_err(|error| match error.why() {
        Why::Unreachable => CredentialsError::absent(error.to_string()),
        _ => error,
    })
}

fn place(sources: &Sources) -> Result<String, CredentialsError> {
    const HOST: &str = "GCE_METADATA_HOST";
    let host = sources.var(HOST).unwrap_or_else(|| "metadata.google.internal".to_owned());
    let is_host = host.parse::<Authority>().is_ok_and(|authority| !authority.as_str().contains('@'));
    let url = format!(
        "http://{host}/computeMetadata/v1/instance/service-accounts/default/token?{}",
        form(&[("scopes", SCOPE)])
    );
    if is_host && url.parse::<Uri>().is_ok() {
        return Ok(url);
    }
    let remedy = "write a host, with a port where it needs one";
    Err(CredentialsError::unfit(format!("\"{HOST}\" is \"{}\"; {remedy}", host.escape_debug())))
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
