//! The service that gives keys of a role: for other keys, or for the token of another issuer.

use std::path::Path;

use http::{Method, Uri};
use secrecy::{ExposeSecret, SecretString};

use super::{Keys, Region, Role, Scope, sign};
use crate::call::{Answer, Call};
use crate::{CredentialsError, Lease, Signable, Sources, token, url};

const SERVER: &str = "AWS STS";

const VERSION: (&str, &str) = ("Version", "2011-06-15");

/// How a session is called where nobody named it.
const SESSION: &str = "tidegate";

/// Keys of a role, for other keys.
pub(crate) async fn assume(
    sources: &Sources,
    region: Region<'_>,
    keys: &Keys,
    role: &Role,
) -> Result<Lease<Keys>, CredentialsError> {
    let seconds = role.seconds.map(|seconds| seconds.to_string());
    let mut pairs = common("AssumeRole", role);
    pairs.extend(role.external_id.as_ref().map(|id| ("ExternalId", id.expose_secret())));
    pairs.extend(seconds.as_deref().map(|seconds| ("DurationSeconds", seconds)));
    let call = Call::form(SERVER, endpoint(sources, region)?, &pairs).hiding(&keys.secret_access_key);
    let call = role.external_id.iter().chain(&keys.session_token).fold(call, Call::hiding);
    let call = signed(call, sources, region, keys)?;
    given(&call.ask(sources).await.map_err(|error| error.at(&place(role)))?, sources)
}

/// Keys of a role, for the token in a file, which is read anew each time since its issuer replaces it.
pub(crate) async fn assume_with_token(
    sources: &Sources,
    region: Region<'_>,
    file: &Path,
    role: &Role,
) -> Result<Lease<Keys>, CredentialsError> {
    let token = sources.file(file).await?;
    let seconds = role.seconds.map(|seconds| seconds.to_string());
    let mut pairs = common("AssumeRoleWithWebIdentity", role);
    pairs.push(("WebIdentityToken", token.expose_secret().trim()));
    pairs.extend(seconds.as_deref().map(|seconds| ("DurationSeconds", seconds)));
    let call = Call::form(SERVER, endpoint(sources, region)?, &pairs).hiding(&token);
    given(&call.ask(sources).await.map_err(|error| error.at(&place(role)))?, sources)
}

fn common<'a>(action: &'a str, role: &'a Role) -> Vec<(&'a str, &'a str)> {
    let session = role.session_name.as_deref().unwrap_or(SESSION);
    vec![("Action", action), VERSION, ("RoleArn", &role.arn), ("RoleSessionName", session)]
}

fn place(role: &Role) -> String {
    format!("role \"{}\"", role.arn.escape_debug())
}

/// That of the region, since the global one is in one region only.
fn endpoint(sources: &Sources, region: Region<'_>) -> Result<String, CredentialsError> {
    const OTHER: &str = "AWS_ENDPOINT_URL_STS";
    if let Some(other) = sources.var(OTHER) {
        let url = url::safe(&format!("\"{OTHER}\""), &other)?;
        return Ok(format!("{}/", url.trim_end_matches('/')));
    }
    let Region(region) = region;
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    Ok(format!("https://sts.{region}.{domain}/"))
}

fn signed(
    mut call: Call,
    sources: &Sources,
    Region(region): Region<'_>,
    keys: &Keys,
) -> Result<Call, CredentialsError> {
    let url: Uri = call.request().url.parse().map_err(|_| {
        CredentialsError::unfit(
            "\"AWS_ENDPOINT_URL_STS\" is no URL that can be read; write it like \"https://host\"",
        )
    })?;
    let headers = call.headers();
    let scope = Scope { region, service: "sts", time: sources.clock.now() };
    let body = &call.request().body;
    let fields = sign(&Signable { method: &Method::POST, url: &url, headers: &headers, body }, keys, &scope)?;
    for (name, value) in fields {
        call = call.field(name.as_str(), value);
    }
    Ok(call)
}

/// The four elements that matter of an answer.
fn given(answer: &Answer, sources: &Sources) -> Result<Lease<Keys>, CredentialsError> {
    let document = roxmltree::Document::parse(answer.text()?);
    let document = document.map_err(|_| answer.unread("is no XML that can be read"))?;
    let element = |name| {
        let mut inside = document.descendants().skip_while(|node| node.tag_name().name() != "Credentials");
        let found = inside.find(|node| node.tag_name().name() == name).and_then(|node| node.text());
        found.map(str::trim).filter(|text| !text.is_empty()).ok_or_else(|| answer.lacks(name))
    };
    let keys = Keys {
        access_key_id: element("AccessKeyId")?.to_owned(),
        secret_access_key: element("SecretAccessKey")?.into(),
        session_token: Some(SecretString::from(element("SessionToken")?)),
    };
    Ok(Lease { value: keys, life: Some(token::left(element("Expiration")?, answer, sources)?) })
}

#[cfg(test)]
#[path = "sts_tests.rs"]
pub(crate) mod tests;
