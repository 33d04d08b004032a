//! Tokens of Microsoft Entra, for a client that shows a secret, a certificate or another issuer's token, or for the identity
//! that Azure gave to the machine.

mod client;
mod managed;

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use self::client::Proof;
use crate::chain::{Link, first};
use crate::{CredentialsError, Lease, Sources, token};

/// The scope of Azure's services for models.
pub const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

/// A token for one scope.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where the token comes from.
    pub source: Source,
    /// What it is for; [`SCOPE`] where nothing is said.
    pub scope: Option<String>,
}

/// Where tokens come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A token that was given.
    Token(SecretString),
    /// A client that shows a secret.
    Secret {
        /// Who it is.
        client: Client,
        /// What it shows.
        secret: SecretString,
    },
    /// A client that shows a certificate.
    Certificate {
        /// Who it is.
        client: Client,
        /// A PEM file with the certificate and its RSA key, read anew for each token.
        file: PathBuf,
    },
    /// A client that shows the token of another issuer, as pods do; the environment tells what is not given.
    Workload {
        /// Who it is.
        client: Option<Client>,
        /// The file of the token, read anew for each token.
        file: Option<PathBuf>,
    },
    /// The identity of the machine, or the one of that client id.
    Managed {
        /// Of an identity that was assigned besides the machine's own.
        client_id: Option<String>,
    },
    /// The order of Azure's own tools: secret, certificate and workload of the environment, then the machine.
    Chain,
}

/// A client of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The tenant: its id or one of its domains.
    pub tenant: String,
    /// Its id.
    pub id: String,
}

/// Gets a token.
pub(crate) async fn token(
    sources: &Sources,
    wanted: &Wanted,
) -> Result<Lease<SecretString>, CredentialsError> {
    let scope = wanted.scope.as_deref().unwrap_or(SCOPE);
    match &wanted.source {
        Source::Token(token) => Ok(token::fixed(token)),
        Source::Secret { client, secret } => {
            client::token(sources, client, scope, &Proof::Secret(secret.clone())).await
        }
        Source::Certificate { client, file } => certificate(sources, client, file, scope).await,
        Source::Workload { client, file } => workload(sources, client.clone(), file.clone(), scope).await,
        Source::Managed { client_id } => managed::token(sources, client_id.as_deref(), scope).await,
        Source::Chain => chain(sources, scope).await,
    }
}

async fn chain(sources: &Sources, scope: &str) -> Result<Lease<SecretString>, CredentialsError> {
    let assigned = sources.var(CLIENT);
    let links = vec![
        Link::new("a secret of the environment", secret_of_environment(sources, scope)),
        Link::new("a certificate of the environment", certificate_of_environment(sources, scope)),
        Link::new("a workload identity", workload(sources, None, None, scope)),
        Link::new("the managed identity", managed::token_if_any(sources, assigned.as_deref(), scope)),
    ];
    first("Azure", REMEDY, links).await
}

const CLIENT: &str = "AZURE_CLIENT_ID";

const REMEDY: &str = "set \"AZURE_TENANT_ID\", \"AZURE_CLIENT_ID\" and \"AZURE_CLIENT_SECRET\", or give this \
                      machine an identity";

/// Who the environment says the client is; `with` is the variable that says there is one.
fn client_of_environment(sources: &Sources, with: &str) -> Result<Client, CredentialsError> {
    Ok(Client { tenant: sources.needed("AZURE_TENANT_ID", with)?, id: sources.needed(CLIENT, with)? })
}

async fn secret_of_environment(
    sources: &Sources,
    scope: &str,
) -> Result<Lease<SecretString>, CredentialsError> {
    const SECRET: &str = "AZURE_CLIENT_SECRET";
    let secret = sources.secret(SECRET).ok_or_else(|| unset(SECRET))?;
    client::token(sources, &client_of_environment(sources, SECRET)?, scope, &Proof::Secret(secret)).await
}

async fn certificate_of_environment(
    sources: &Sources,
    scope: &str,
) -> Result<Lease<SecretString>, CredentialsError> {
    const FILE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
    let file = sources.var(FILE).ok_or_else(|| unset(FILE))?;
    certificate(sources, &client_of_environment(sources, FILE)?, Path::new(&file), scope).await
}

async fn certificate(
    sources: &Sources,
    client: &Client,
    file: &Path,
    scope: &str,
) -> Result<Lease<SecretString>, CredentialsError> {
    let proof = client::assertion(sources, client, file).await?;
    client::token(sources, client, scope, &proof).await
}

async fn workload(
    sources: &Sources,
    client: Option<Client>,
    file: Option<PathBuf>,
    scope: &str,
) -> Result<Lease<SecretString>, CredentialsError> {
    const FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
    let named = || sources.var(FILE).map(PathBuf::from);
    let file = file.or_else(named).ok_or_else(|| unset(FILE))?;
    let client = client.map_or_else(|| client_of_environment(sources, FILE), Ok)?;
    let proof = Proof::Assertion(sources.file(&file).await?);
    client::token(sources, &client, scope, &proof).await
}

fn unset(name: &str) -> CredentialsError {
    CredentialsError::absent(format!("\"{name}\" is not set"))
}

#[cfg(test)]
#[path = "azure_tests.rs"]
mod tests;
