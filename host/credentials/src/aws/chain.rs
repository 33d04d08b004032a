//! The order in which AWS's own tools look for keys.

use std::path::Path;

use super::{Keys, Region, Role, container, imds, profile, sts};
use crate::chain::{Link, first};
use crate::{CredentialsError, Lease, Sources};

/// Keys of the first place that has any.
pub(crate) async fn keys(sources: &Sources, region: Region<'_>) -> Result<Lease<Keys>, CredentialsError> {
    let links = vec![
        Link::new("the environment", async { environment(sources) }),
        Link::new("a web identity", web_identity(sources, region)),
        Link::new("the shared files", profile::keys(sources, region)),
        Link::new("the container", container::keys(sources)),
        Link::new("the instance", imds::keys(sources)),
    ];
    let remedy = "set \"AWS_ACCESS_KEY_ID\" and \"AWS_SECRET_ACCESS_KEY\", or give this machine a role";
    first("AWS", remedy, links).await
}

/// Keys that stand in variables.
pub(crate) fn environment(sources: &Sources) -> Result<Lease<Keys>, CredentialsError> {
    const ID: &str = "AWS_ACCESS_KEY_ID";
    let Some(access_key_id) = sources.var(ID) else {
        return Err(CredentialsError::absent(format!("\"{ID}\" is not set")));
    };
    let secret_access_key = sources.needed("AWS_SECRET_ACCESS_KEY", ID)?.into();
    let session_token = sources.secret("AWS_SESSION_TOKEN");
    Ok(Lease { value: Keys { access_key_id, secret_access_key, session_token }, life: None })
}

/// A role whose holder shows a token of another issuer, as pods of EKS do.
async fn web_identity(sources: &Sources, region: Region<'_>) -> Result<Lease<Keys>, CredentialsError> {
    const FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
    let Some(file) = sources.var(FILE) else {
        return Err(CredentialsError::absent(format!("\"{FILE}\" is not set")));
    };
    let arn = sources.needed("AWS_ROLE_ARN", FILE)?;
    let role = Role { arn, session_name: sources.var("AWS_ROLE_SESSION_NAME"), ..Role::default() };
    sts::assume_with_token(sources, region, Path::new(&file), &role).await
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
