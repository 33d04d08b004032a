//! Keys that a container's agent gives: of ECS, of EKS's pod identities, of Greengrass.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::Keys;
use super::keys::of_agent;
use crate::call::Call;
use crate::{CredentialsError, Lease, Sources, url};

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

/// The agent is on the same machine.
const TIME: Duration = Duration::from_secs(5);

/// Where agents of ECS and EKS are.
const AGENTS: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
];

/// Asks the agent that the environment names.
pub(crate) async fn keys(sources: &Sources) -> Result<Lease<Keys>, CredentialsError> {
    let call =
        Call::get("the container's agent", place(sources)?).field("accept", "application/json").within(TIME);
    let call = match authorization(sources).await? {
        Some(token) => call.secret_field("authorization", &token),
        None => call,
    };
    of_agent(&call.ask(sources).await?, sources)
}

fn place(sources: &Sources) -> Result<String, CredentialsError> {
    if let Some(path) = sources.var(RELATIVE) {
        if path.starts_with('/') {
            return Ok(format!("http://169.254.170.2{path}"));
        }
        return Err(CredentialsError::unfit(format!("\"{RELATIVE}\" must begin with \"/\"")));
    }
    let absent = || CredentialsError::absent(format!("neither \"{RELATIVE}\" nor \"{FULL}\" is set"));
    let full = sources.var(FULL).ok_or_else(absent)?;
    url::check(
        &format!("\"{FULL}\""),
        &full,
        is_agent,
        "an \"https\" URL, or one of this machine or of an agent of AWS",
    )
}

fn is_agent(host: &str) -> bool {
    let known = |address: IpAddr| address.is_loopback() || AGENTS.contains(&address);
    host.eq_ignore_ascii_case("localhost") || url::address(host).is_some_and(known)
}

/// The file comes first: its token is replaced while the variable's stays.
async fn authorization(sources: &Sources) -> Result<Option<SecretString>, CredentialsError> {
    const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    const FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
    let (name, token) = match sources.var(FILE) {
        Some(file) => (FILE, Some(sources.file(Path::new(&file)).await?)),
        None => (TOKEN, sources.secret(TOKEN)),
    };
    let Some(token) = token else { return Ok(None) };
    let token = token.expose_secret().trim();
    if token.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(CredentialsError::unfit(format!(
            "the token of \"{name}\" has line ends within; write it on one line"
        )));
    }
    Ok(Some(token.into()))
}

#[cfg(test)]
#[path = "container_tests.rs"]
mod tests;
