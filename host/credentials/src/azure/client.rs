//! A client of Microsoft Entra and what it shows for a token (RFC 6749 section 4.4, RFC 7523).

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::Client;
use crate::call::Call;
use crate::encoding::base64url;
use crate::jwt::SigningKey;
use crate::{CredentialsError, Lease, Sources, token, url};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long the client's own token holds: it is used at once.
const LIFE: Duration = Duration::from_secs(10 * 60);

/// What a client shows.
pub(crate) enum Proof {
    Secret(SecretString),
    /// A token that it signed, or that another issuer gave it.
    Assertion(SecretString),
}

/// A token for what the client shows.
pub(crate) async fn token(
    sources: &Sources,
    client: &Client,
    scope: &str,
    proof: &Proof,
) -> Result<Lease<SecretString>, CredentialsError> {
    let mut pairs =
        vec![("grant_type", "client_credentials"), ("client_id", client.id.as_str()), ("scope", scope)];
    let shown = match proof {
        Proof::Secret(secret) => {
            pairs.push(("client_secret", secret.expose_secret()));
            secret
        }
        Proof::Assertion(assertion) => {
            pairs.push(("client_assertion_type", ASSERTION));
            pairs.push(("client_assertion", assertion.expose_secret().trim()));
            assertion
        }
    };
    let call = Call::form("Microsoft Entra", endpoint(sources, client)?, &pairs).hiding(shown);
    token::asked(call, sources).await
}

fn endpoint(sources: &Sources, client: &Client) -> Result<String, CredentialsError> {
    const AUTHORITY: &str = "AZURE_AUTHORITY_HOST";
    let authority = match sources.var(AUTHORITY) {
        Some(other) => url::safe(&format!("\"{AUTHORITY}\""), &other)?,
        None => "https://login.microsoftonline.com".to_owned(),
    };
    let tenant = &client.tenant;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    if tenant.is_empty() || !tenant.bytes().all(legal) {
        let remedy = "write its id or its domain";
        return Err(CredentialsError::unfit(format!(
            "tenant \"{}\" is none; {remedy}",
            tenant.escape_debug()
        )));
    }
    Ok(format!("{}/{tenant}/oauth2/v2.0/token", authority.trim_end_matches('/')))
}

/// The client's own token, signed with the key of its certificate.
pub(crate) async fn assertion(
    sources: &Sources,
    client: &Client,
    file: &Path,
) -> Result<Proof, CredentialsError> {
    let pem = sources.file(file).await?;
    let what = format!("file \"{}\"", file.display());
    let key = SigningKey::from_pem(&pem, &what)?;
    let none =
        |_| CredentialsError::unfit(format!("{what} has no certificate; put it beside its key, as PEM"));
    let certificate = CertificateDer::from_pem_slice(pem.expose_secret().as_bytes()).map_err(none)?;
    let thumbprint = base64url(digest(&SHA256, &certificate).as_ref());
    let now = sources.clock.now();
    let claims = json!({
        "aud": endpoint(sources, client)?,
        "iss": client.id,
        "sub": client.id,
        "jti": unique()?,
        "nbf": seconds(now),
        "iat": seconds(now),
        "exp": seconds(now + LIFE),
    });
    let header = json!({"alg": "RS256", "typ": "JWT", "x5t#S256": thumbprint});
    Ok(Proof::Assertion(key.sign(&header, &claims)?))
}

/// Names a token, so that it can be taken once only.
fn unique() -> Result<String, CredentialsError> {
    let mut bytes = [0; 16];
    let failed = |_| CredentialsError::unreachable("the system gives no random bytes; try again");
    aws_lc_rs::rand::fill(&mut bytes).map_err(failed)?;
    Ok(base64url(&bytes))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
