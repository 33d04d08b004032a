//! Credentials: which kind goes with which provider, and what belongs together.

use secrecy::SecretString;

use crate::check::headers;
use crate::checked::{AwsKeys, AwsRole, Azure, Credentials, Gcp, PerRequest, Provider};
use crate::provider::Cloud;
use crate::raw::cluster as raw;
use crate::raw::scalar::Secret;
use crate::scope::At;

/// What a cluster says of its credentials; a provider of a cloud has those of its machine where nothing is said.
pub(crate) fn credentials(
    raw: Option<raw::Credentials>,
    provider: &Provider,
    at: At<'_>,
) -> (Credentials, Option<PerRequest>) {
    let keys = match raw {
        None => return (of_machine(provider), None),
        Some(raw::Credentials::Word(raw::Word::Default)) => {
            if provider.cloud().is_none() {
                let name = provider.name();
                at.report(format!(
                    "provider {name:?} is of no cloud that the machine could know; give an \"api_key\""
                ));
            }
            return (of_machine(provider), None);
        }
        Some(raw::Credentials::Keys(keys)) => *keys,
    };
    let per_request = keys
        .per_request
        .as_ref()
        .map(|raw| PerRequest { prefix: raw.headers.clone(), required: raw.required });
    (own(keys, provider, at), per_request)
}

fn of_machine(provider: &Provider) -> Credentials {
    match provider.cloud() {
        None => Credentials::None,
        Some(Cloud::Aws) => Credentials::Aws { keys: None, role: None },
        Some(Cloud::Gcp) => Credentials::Gcp(Gcp::Machine),
        Some(Cloud::Azure) => Credentials::Azure(Azure::Machine { client_id: None }),
    }
}

fn own(keys: raw::Keys, provider: &Provider, at: At<'_>) -> Credentials {
    let given = [
        ("api_key", keys.api_key.is_some()),
        ("aws", keys.aws.is_some()),
        ("gcp", keys.gcp.is_some()),
        ("azure", keys.azure.is_some()),
    ];
    let given: Vec<&str> = given.into_iter().filter(|(_, is_given)| *is_given).map(|(key, _)| key).collect();
    for key in given.iter().filter(|key| !provider.credentials().contains(key)) {
        let known = crate::words::list(provider.credentials(), "or");
        let name = provider.name();
        at.key(key).report_key(format!("{key:?} is no credential of provider {name:?}; it takes {known}"));
    }
    if let [_, second, ..] = given.as_slice() {
        at.key(second).report_key("only one kind of credential can be used; remove the others");
    }
    match (keys.api_key, keys.aws, keys.gcp, keys.azure) {
        (Some(key), ..) => api_key(key, at).map_or(Credentials::None, Credentials::ApiKey),
        (_, Some(raw), ..) => aws(raw, at.key("aws")),
        (_, _, Some(raw), _) => Credentials::Gcp(gcp(raw, at.key("gcp"))),
        (_, _, _, Some(raw)) => Credentials::Azure(azure(raw, at.key("azure"))),
        (None, None, None, None) if keys.per_request.is_some_and(|raw| raw.required) => Credentials::None,
        (None, None, None, None) => {
            if !at.key("per_request").is_set() && at.is_whole() {
                let known = crate::words::list(provider.credentials(), "or");
                at.report(format!("{known} is required in credentials"));
            }
            of_machine(provider)
        }
    }
}

/// A key that no header can carry would fail every request.
fn api_key(key: Secret, at: At<'_>) -> Option<SecretString> {
    if !headers::is_value(&key.0) {
        at.key("api_key")
            .report("\"api_key\" holds a character that no header can carry, such as a line break");
        return None;
    }
    Some(key.0)
}

fn aws(raw: raw::Aws, at: At<'_>) -> Credentials {
    let raw::Aws { access_key_id, secret_access_key, session_token, role_arn, external_id } = raw;
    if external_id.is_some() && role_arn.is_none() && at.is_whole() {
        at.report("\"external_id\" goes with \"role_arn\"; set both or none");
    }
    let keys = match (access_key_id, secret_access_key) {
        (Some(access_key_id), Some(secret)) => Some(AwsKeys {
            access_key_id,
            secret_access_key: secret.0,
            session_token: session_token.map(|token| token.0),
        }),
        (None, None) if session_token.is_none() => None,
        _ => {
            if at.is_whole() {
                at.report("\"access_key_id\" and \"secret_access_key\" go together; set both or none");
            }
            None
        }
    };
    Credentials::Aws { keys, role: role_arn.map(|arn| AwsRole { arn, external_id }) }
}

fn gcp(raw: raw::Gcp, at: At<'_>) -> Gcp {
    match (raw.access_token, raw.service_account) {
        (Some(token), None) => Gcp::Token(token.0),
        (None, Some(path)) => Gcp::File(at.key("service_account").file(&path)),
        (None, None) => Gcp::Machine,
        (Some(_), Some(_)) => {
            at.key("service_account").report_key(
                "\"access_token\" and \"service_account\" exclude each other; remove one of them",
            );
            Gcp::Machine
        }
    }
}

fn azure(raw: raw::Azure, at: At<'_>) -> Azure {
    let raw::Azure { access_token, tenant_id, client_id, client_secret, certificate } = raw;
    let file = certificate.map(|path| at.key("certificate").file(&path));
    match (access_token, tenant_id, client_id, client_secret, file) {
        (Some(token), None, None, None, None) => Azure::Token(token.0),
        (None, None, client_id, None, None) => Azure::Machine { client_id },
        (None, Some(tenant_id), Some(client_id), Some(secret), None) => {
            Azure::Secret { tenant_id, client_id, secret: secret.0 }
        }
        (None, Some(tenant_id), Some(client_id), None, Some(file)) => {
            Azure::Certificate { tenant_id, client_id, file }
        }
        _ => {
            if at.is_whole() {
                at.report(
                    "must be an \"access_token\" alone, or \"tenant_id\" and \"client_id\" with \"client_secret\" or \
                     \"certificate\"",
                );
            }
            Azure::Machine { client_id: None }
        }
    }
}
