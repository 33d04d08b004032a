//! Tokens of Google, for a key file, a person's login, another issuer's token, or the account of the machine.

mod external;
mod file;
mod metadata;

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::chain::{Link, first};
use crate::token::Bearer;
use crate::{CredentialsError, Lease, Sources, token};

/// All of Google Cloud; what an account may do is bounded by its roles.
pub(crate) const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// A token for Google Cloud.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where the token comes from.
    pub source: Source,
}

/// Where tokens come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A token that was given.
    Token(SecretString),
    /// A file such as Google gives: `service_account`, `authorized_user` or `external_account`; read anew for each token.
    File(PathBuf),
    /// The text of such a file.
    Json(SecretString),
    /// The account of the machine.
    Metadata,
    /// The order of Google's own tools: the file that the environment names, the one of `gcloud`, the machine.
    Chain,
}

/// Gets a token, and the project that is charged for what is done with it.
pub(crate) async fn token(sources: &Sources, wanted: &Wanted) -> Result<Lease<Bearer>, CredentialsError> {
    match &wanted.source {
        Source::Token(token) => Ok(charged(sources, token::fixed(token), None)),
        Source::File(path) => named(sources, path).await,
        Source::Json(text) => of_text(sources, text, "the key").await,
        Source::Metadata => Ok(charged(sources, metadata::token(sources).await?, None)),
        Source::Chain => chain(sources).await,
    }
}

async fn chain(sources: &Sources) -> Result<Lease<Bearer>, CredentialsError> {
    let machine = async { Ok(charged(sources, metadata::token_if_any(sources).await?, None)) };
    let links = vec![
        Link::new("the named file", of_environment(sources)),
        Link::new("the file of gcloud", of_gcloud(sources)),
        Link::new("the metadata server", machine),
    ];
    let remedy = "set \"GOOGLE_APPLICATION_CREDENTIALS\" to a key file, or give this machine an account";
    first("Google Cloud", remedy, links).await
}

/// The environment goes before the file, as with Google's own tools.
fn charged(sources: &Sources, lease: Lease<SecretString>, project: Option<String>) -> Lease<Bearer> {
    let project = sources.var("GOOGLE_CLOUD_QUOTA_PROJECT").or(project);
    Lease { value: Bearer { token: lease.value, project }, life: lease.life }
}

async fn named(sources: &Sources, path: &Path) -> Result<Lease<Bearer>, CredentialsError> {
    let text = sources.file(path).await?;
    of_text(sources, &text, &format!("file \"{}\"", path.display())).await
}

async fn of_text(
    sources: &Sources,
    text: &SecretString,
    what: &str,
) -> Result<Lease<Bearer>, CredentialsError> {
    let project = file::project(text, what)?;
    Ok(charged(sources, file::token(sources, text, what).await?, project))
}

async fn of_environment(sources: &Sources) -> Result<Lease<Bearer>, CredentialsError> {
    const FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
    let absent = || CredentialsError::absent(format!("\"{FILE}\" is not set"));
    named(sources, Path::new(&sources.var(FILE).ok_or_else(absent)?)).await
}

async fn of_gcloud(sources: &Sources) -> Result<Lease<Bearer>, CredentialsError> {
    const NAME: &str = "application_default_credentials.json";
    let folder = sources.var("CLOUDSDK_CONFIG").map(PathBuf::from).or_else(|| sources.home(".config/gcloud"));
    let absent = || CredentialsError::absent("there is no such file");
    let path = folder.ok_or_else(absent)?.join(NAME);
    let text = sources.file_if_any(&path).await?.ok_or_else(absent)?;
    of_text(sources, &text, &format!("file \"{}\"", path.display())).await
}

#[cfg(test)]
#[path = "gcp_tests.rs"]
mod tests;
