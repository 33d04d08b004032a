//! A profile of the shared files: keys, or a role and the profile or place whose keys assume it.

use std::path::Path;

use futures_util::future::BoxFuture;

use super::files::{Profile, Profiles};
use super::{Keys, Region, Role, chain, container, imds, sts};
use crate::{CredentialsError, Lease, Sources};

/// The keys of the profile that `AWS_PROFILE` names, or of `default`.
pub(crate) async fn keys(sources: &Sources, region: Region<'_>) -> Result<Lease<Keys>, CredentialsError> {
    let named = sources.var("AWS_PROFILE").or_else(|| sources.var("AWS_DEFAULT_PROFILE"));
    let profiles = Profiles::read(sources).await?;
    let name = named.as_deref().unwrap_or("default");
    let search = Search { sources, region, profiles: &profiles };
    let found = search.keys(name, &[]).await;
    if named.is_some() { found.map_err(CredentialsError::demanded) } else { found }
}

/// What a search through profiles goes by.
#[derive(Clone, Copy)]
struct Search<'a> {
    sources: &'a Sources,
    region: Region<'a>,
    profiles: &'a Profiles,
}

impl<'a> Search<'a> {
    /// The keys of a profile that `seen` led to, one by one.
    fn keys(
        self,
        name: &'a str,
        seen: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Lease<Keys>, CredentialsError>> {
        Box::pin(async move {
            let profile = self.profiles.get(name).ok_or_else(|| no_profile(name, seen))?;
            // A profile that others lean on is meant for its keys, one that is named for its role.
            let own = fixed(profile, name);
            let itself = seen.last() == Some(&name);
            if itself || !seen.is_empty() && matches!(own, Ok(Some(_))) {
                return own?.ok_or_else(|| {
                    unfit(name, "leans on itself and has no keys; add \"aws_access_key_id\"")
                });
            }
            if seen.contains(&name) {
                let path = [seen, &[name]].concat().join("\" -> \"");
                return Err(CredentialsError::unfit(format!(
                    "profiles lean on each other in a circle: \"{path}\""
                )));
            }
            match role(profile, name)? {
                Some(role) => self.assumed(name, profile, &role, seen).await,
                None => own?.ok_or_else(|| other(profile, name)),
            }
        })
    }

    async fn assumed(
        self,
        name: &str,
        profile: &Profile,
        role: &Role,
        seen: &[&str],
    ) -> Result<Lease<Keys>, CredentialsError> {
        let web = profile.get("web_identity_token_file");
        let keys = match (web, profile.get("source_profile"), profile.get("credential_source")) {
            (Some(file), None, None) => {
                return sts::assume_with_token(self.sources, self.region, Path::new(file), role).await;
            }
            (None, Some(other), None) => {
                let seen = [seen, &[name]].concat();
                let found = Search::keys(self, other, &seen).await;
                found.map_err(CredentialsError::demanded)?
            }
            (None, None, Some(place)) => {
                self.placed(name, place).await.map_err(CredentialsError::demanded)?
            }
            _ => return Err(unfit(name, ONE_OF)),
        };
        sts::assume(self.sources, self.region, &keys.value, role).await
    }

    async fn placed(self, name: &str, place: &str) -> Result<Lease<Keys>, CredentialsError> {
        match place {
            "Environment" => chain::environment(self.sources),
            "EcsContainer" => container::keys(self.sources).await,
            "Ec2InstanceMetadata" => imds::keys(self.sources).await,
            _ => Err(unfit(name, PLACES)),
        }
    }
}

const ONE_OF: &str = "has \"role_arn\" and must have one of \"source_profile\", \"credential_source\" and \
                      \"web_identity_token_file\" besides";

const PLACES: &str = "has a \"credential_source\" that is none of \"Environment\", \"EcsContainer\" and \
                      \"Ec2InstanceMetadata\"";

/// Keys that stand in the profile.
fn fixed(profile: &Profile, name: &str) -> Result<Option<Lease<Keys>>, CredentialsError> {
    let (id, secret) = (profile.get("aws_access_key_id"), profile.get("aws_secret_access_key"));
    let (access_key_id, secret) = match (id, secret) {
        (Some(id), Some(secret)) => (id.to_owned(), secret),
        (None, None) => return Ok(None),
        _ => {
            return Err(unfit(
                name,
                "has one of \"aws_access_key_id\" and \"aws_secret_access_key\"; add the other",
            ));
        }
    };
    let session_token = profile.get("aws_session_token").map(Into::into);
    Ok(Some(Lease {
        value: Keys { access_key_id, secret_access_key: secret.into(), session_token },
        life: None,
    }))
}

fn role(profile: &Profile, name: &str) -> Result<Option<Role>, CredentialsError> {
    let Some(arn) = profile.get("role_arn") else { return Ok(None) };
    if profile.has("mfa_serial") {
        return Err(unfit(
            name,
            "has \"mfa_serial\", and nobody is here to type a code; use a role without it",
        ));
    }
    let seconds = profile.get("duration_seconds").map(str::parse).transpose();
    let seconds = seconds.map_err(|_| unfit(name, "has a \"duration_seconds\" that is no number"))?;
    Ok(Some(Role {
        arn: arn.to_owned(),
        external_id: profile.get("external_id").map(Into::into),
        session_name: profile.get("role_session_name").map(str::to_owned),
        seconds,
    }))
}

/// A profile without keys and role: what it has instead, or that it has nothing.
fn other(profile: &Profile, name: &str) -> CredentialsError {
    let instead = "use keys, \"role_arn\" with \"source_profile\", or a role of the machine";
    if profile.has("sso_") {
        let text = format!("signs in by \"sso\", which needs a person at a browser; {instead}");
        return unfit(name, &text);
    }
    if profile.has("credential_process") {
        return unfit(
            name,
            &format!("has \"credential_process\", and no other program is started here; {instead}"),
        );
    }
    CredentialsError::absent(format!("profile \"{}\" has no keys", name.escape_debug()))
}

fn no_profile(name: &str, seen: &[&str]) -> CredentialsError {
    let by = seen
        .last()
        .map(|by| format!(", which profile \"{}\" leans on", by.escape_debug()))
        .unwrap_or_default();
    CredentialsError::absent(format!("no profile \"{}\"{by}", name.escape_debug()))
}

fn unfit(name: &str, what: &str) -> CredentialsError {
    CredentialsError::unfit(format!("profile \"{}\" {what}", name.escape_debug()))
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
